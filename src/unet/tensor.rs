//! What names a tensor and a parameter; the shape of a tensor, and where it comes from.

use super::extents::Extents;

/// A tensor of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) u32);

/// A parameter of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) u32);

impl TensorId {
    /// Its place in [`Graph::tensors`](super::Graph::tensors).
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl ParamId {
    /// Its place in [`Graph::params`](super::Graph::params).
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// [N, C, H, W].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// N.
    pub batch: usize,
    /// C.
    pub channels: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
}

impl Shape {
    /// A vector for each image: [N, C, 1, 1].
    pub(crate) const fn vector(batch: usize, channels: usize) -> Self {
        Self {
            batch,
            channels,
            height: 1,
            width: 1,
        }
    }

    /// N·C·H·W; [`usize::MAX`], which no slice is as long as, where that is more.
    pub const fn elements(self) -> usize {
        self.batch.saturating_mul(self.image().elements())
    }

    /// H·W; [`usize::MAX`] where that is more.
    pub const fn positions(self) -> usize {
        self.image().positions()
    }

    /// One image of it.
    pub const fn image(self) -> Extents {
        Extents {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }
}

/// What a tensor is to a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Given by the caller.
    Input(Input),
    /// Made by an operation.
    Inner,
    /// The gradient of a parameter: made by an operation, and laid out as the parameter is.
    Gradient(ParamId),
}

/// What the caller gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// x_t, [N, C, H, W].
    X,
    /// What the network is told of t, `[N]`.
    Timesteps,
    /// The class of each image, `[N]`.
    Labels,
    /// The low-resolution image, [N, C, h, w].
    LowRes,
    /// In training, x_0, [N, C, H, W].
    XStart,
    /// In training, ε, [N, C, H, W].
    Noise,
    /// In training, what the loss of each image is made of, [N, 16]; see
    /// [`LossRow`](crate::diffusion::LossRow).
    Rows,
    /// In training, what dropout's masks follow from, [N, 4] words.
    Keys,
}

impl Input {
    /// All of them, in the order of their numbers in a program.
    pub const ALL: [Self; 8] = [
        Self::X,
        Self::Timesteps,
        Self::Labels,
        Self::LowRes,
        Self::XStart,
        Self::Noise,
        Self::Rows,
        Self::Keys,
    ];

    /// Its name, as errors have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Timesteps => "timesteps",
            Self::Labels => "labels",
            Self::LowRes => "low_res",
            Self::XStart => "x_start",
            Self::Noise => "noise",
            Self::Rows => "rows",
            Self::Keys => "keys",
        }
    }
}
