//! The operations a network is made of: few and coarse, each with its shape rule.
//!
//! Shapes are [N, C, H, W]; a vector per image is [N, C, 1, 1]. What can be fused is an attribute of
//! the operation: the residual that a convolution adds, the SiLU behind a normalisation.

use super::operation::{operands, operations};
use super::tensor::{ParamId, Shape, TensorId};
use super::train_op::TrainOp;

operations! {
    /// One operation; its fields name what it reads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Op<T = TensorId, P = ParamId> {
        /// `[N]` timesteps to [N, dim]: cos(t·f_i) for i < dim/2, then sin(t·f_i),
        /// f_i = exp(-ln(10000)·i/(dim/2)).
        "timestep_embedding": TimestepEmbedding {
            /// Timesteps, possibly fractional.
            timesteps: T,
            /// Width of the embedding.
            dim: usize,
        },
        /// out = base + table\[label\]: [N, C] and `[N]` labels to [N, C].
        "label_embedding": LabelEmbedding {
            /// What is added to.
            base: T,
            /// The classes, as whole numbers in f32.
            labels: T,
            /// [classes, C].
            table: P,
        },
        /// out = W·f(input) + b, f the SiLU where `silu`: [N, K] to [N, M].
        "linear": Linear {
            /// [N, K].
            input: T,
            /// [M, K].
            weight: P,
            /// `[M]`.
            bias: P,
            /// Whether x/(1+e^{-x}) comes first.
            silu: bool,
        },
        /// A convolution, zero-padded so that stride 1 keeps the size; see [`Conv`].
        "conv": Conv(Conv<T, P>),
        /// Group normalisation over 32 groups, ε = 1e-5, then weight and bias, then scale and shift by
        /// the embedding, then SiLU: SiLU(GN(x)·(1+scale) + shift).
        "group_norm": GroupNorm {
            /// [N, C, H, W].
            input: T,
            /// `[C]`.
            weight: P,
            /// `[C]`.
            bias: P,
            /// [N, 2C]: scale, then shift.
            scale_shift: Option<T>,
            /// Whether the SiLU follows.
            silu: bool,
        },
        /// Multi-head self-attention over the H·W positions. Head h owns rows h·3c..(h+1)·3c of `qkv`,
        /// its q, k and v of c = C/heads rows each: softmax(qᵀk/√c) applied to v.
        "attention": Attention {
            /// [N, 3C, H, W].
            qkv: T,
            /// Heads.
            heads: usize,
        },
        /// Channels of `first`, then of `second`.
        "concat": Concat {
            /// [N, A, H, W].
            first: T,
            /// [N, B, H, W].
            second: T,
        },
        /// Means of 2×2: [N, C, H, W] to [N, C, H/2, W/2].
        "average_pool": AveragePool {
            /// The input.
            input: T,
        },
        /// Each value four times: [N, C, H, W] to [N, C, 2H, 2W].
        "upsample": Upsample {
            /// The input.
            input: T,
        },
        /// Bilinear resizing, corners not aligned, no antialiasing.
        "bilinear": Bilinear {
            /// The input.
            input: T,
            /// Rows of the output.
            height: usize,
            /// Columns of the output.
            width: usize,
        },
        /// What only training needs.
        Train(TrainOp<T, P>),
    }
}

operands! {
    /// out = conv(resized input) + bias + shift + residual.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Conv<T = TensorId, P = ParamId> {
        /// [N, K, H, W].
        pub input: T,
        /// [M, K, kernel, kernel].
        pub weight: P,
        /// `[M]`.
        pub bias: P,
        /// Side of the kernel: 1 or 3.
        pub kernel: usize,
        /// 1 or 2; at stride 2 odd sizes round up.
        pub stride: usize,
        /// Whether each input value is first repeated 2×2.
        pub upsample: bool,
        /// [N, M], added to every position.
        pub shift: Option<T>,
        /// [N, M, H', W'], added.
        pub residual: Option<T>,
    }
}

impl Op {
    /// The shape of its result, from those of what it reads.
    pub fn shape(
        &self,
        tensor: impl Fn(TensorId) -> Shape,
        param_rows: impl Fn(ParamId) -> usize,
    ) -> Shape {
        match *self {
            Self::TimestepEmbedding { timesteps, dim } => Shape {
                channels: dim,
                ..tensor(timesteps)
            },
            Self::LabelEmbedding { base, .. } => tensor(base),
            Self::Linear { input, weight, .. } => Shape {
                channels: param_rows(weight),
                ..tensor(input)
            },
            Self::Conv(conv) => {
                let input = conv.resized(tensor(conv.input));
                Shape {
                    channels: param_rows(conv.weight),
                    // A stride of 0 is refused by what runs the graph.
                    height: input.height.div_ceil(conv.stride.max(1)),
                    width: input.width.div_ceil(conv.stride.max(1)),
                    ..input
                }
            }
            Self::GroupNorm { input, .. } => tensor(input),
            Self::Attention { qkv, .. } => Shape {
                channels: tensor(qkv).channels / 3,
                ..tensor(qkv)
            },
            Self::Concat { first, second } => Shape {
                channels: tensor(first)
                    .channels
                    .saturating_add(tensor(second).channels),
                ..tensor(first)
            },
            Self::AveragePool { input } => Shape {
                height: tensor(input).height / 2,
                width: tensor(input).width / 2,
                ..tensor(input)
            },
            Self::Upsample { input } => doubled(tensor(input)),
            Self::Bilinear {
                input,
                height,
                width,
            } => Shape {
                height,
                width,
                ..tensor(input)
            },
            Self::Train(op) => op.shape(tensor),
        }
    }
}

impl Conv {
    /// The size at which the kernel sees the input: doubled where it is upsampled first.
    pub const fn resized(&self, input: Shape) -> Shape {
        Self::seen(self.upsample, input)
    }

    pub(super) const fn seen(upsample: bool, input: Shape) -> Shape {
        if upsample { doubled(input) } else { input }
    }
}

/// Twice as many rows and columns.
const fn doubled(shape: Shape) -> Shape {
    Shape {
        height: shape.height.saturating_mul(2),
        width: shape.width.saturating_mul(2),
        ..shape
    }
}
