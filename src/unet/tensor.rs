//! A tensor of a graph: its number, its shape, where it comes from; and a parameter's number.

use alloc::string::String;

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
    pub(super) const fn vector(batch: usize, channels: usize) -> Self {
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

    /// `each` for every element and every one of `depth`: what a product takes; [`u64::MAX`] where that is
    /// more.
    pub(super) const fn flops(self, each: u64, depth: usize) -> u64 {
        let elements = each.saturating_mul(self.elements() as u64);
        elements.saturating_mul(depth as u64)
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

/// A tensor: its name, its shape, where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Named by content, such as `input_blocks.1.0.in_layers.2`.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Where it comes from.
    pub role: Role,
}
