//! The names of tensors and parameters, the shape of a tensor, and where it comes from.

use core::fmt;

use super::extents::Extents;

/// The identity of a tensor in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) u32);

/// The identity of a parameter in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) u32);

impl TensorId {
    /// The place of the tensor in `Graph::tensors`.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl ParamId {
    /// The place of the parameter in `Graph::params`.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The shape of a tensor, [N, C, H, W].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shape {
    /// The number of images N.
    pub batch: usize,
    /// The number of channels C.
    pub channels: usize,
    /// The height H.
    pub height: usize,
    /// The width W.
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

    /// The number of elements N·C·H·W; [`usize::MAX`], which no slice is as long as, where that is more.
    pub const fn elements(self) -> usize {
        self.batch.saturating_mul(self.image().elements())
    }

    /// The number of positions H·W; [`usize::MAX`] where that is more.
    pub const fn positions(self) -> usize {
        self.image().positions()
    }

    /// The extents of one image of the tensor.
    pub const fn image(self) -> Extents {
        Extents {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }
}

impl fmt::Display for Shape {
    /// `[N, C, H, W]`, or `[N, C]` of a vector per image.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batch,
            channels,
            height,
            width,
        } = self;
        match (height, width) {
            (1, 1) => write!(f, "[{batch}, {channels}]"),
            _ => write!(f, "[{batch}, {channels}, {height}, {width}]"),
        }
    }
}

/// The role of a tensor in its graph: where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A tensor that the caller gives.
    Input(Input),
    /// A tensor that an operation makes.
    Inner,
    /// The gradient of a parameter: made by an operation, and laid out as the parameter is.
    Gradient(ParamId),
}

/// An input of a graph: a tensor that the caller gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// The noisy images x_t, [N, C, H, W].
    X,
    /// The timestep of each image, as the network is told of it, `[N]`.
    Timesteps,
    /// The class of each image, `[N]`.
    Labels,
    /// The low-resolution images, [N, C, h, w].
    LowRes,
    /// The images x_0, in training, [N, C, H, W].
    XStart,
    /// The noise ε, in training, [N, C, H, W].
    Noise,
    /// The row of each image's loss, in training, [N, 16]; see [`LossRow`](crate::diffusion::LossRow).
    Rows,
    /// The keys that dropout's masks follow from, in training, [N, 4] words.
    Keys,
    /// The gradient of a loss with respect to the network's result, where the caller has the loss, in training.
    OutputGrad,
}

impl Input {
    /// All inputs, in the order of their numbers in a program.
    pub const ALL: [Self; 9] = [
        Self::X,
        Self::Timesteps,
        Self::Labels,
        Self::LowRes,
        Self::XStart,
        Self::Noise,
        Self::Rows,
        Self::Keys,
        Self::OutputGrad,
    ];

    /// Whether it is of words, not of numbers.
    #[cfg(feature = "cpu")]
    pub(crate) const fn is_words(self) -> bool {
        match self {
            Self::Labels | Self::Keys => true,
            Self::X
            | Self::Timesteps
            | Self::LowRes
            | Self::XStart
            | Self::Noise
            | Self::Rows
            | Self::OutputGrad => false,
        }
    }

    /// The name of the input, as errors have it.
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
            Self::OutputGrad => "output_grad",
        }
    }
}
