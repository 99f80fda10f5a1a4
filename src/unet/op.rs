//! The operations a network is made of: few and coarse, each with its shape rule.
//!
//! Shapes are [N, C, H, W]; a vector per image is [N, C, 1, 1]. What can be fused is an attribute of
//! the operation: the residual that a convolution adds, the SiLU behind a normalisation.

use super::tensor::{ParamId, Shape, TensorId};
use super::train_op::TrainOp;

/// One operation; its fields name what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `[N]` timesteps to [N, dim]: cos(t·f_i) for i < dim/2, then sin(t·f_i),
    /// f_i = exp(-ln(10000)·i/(dim/2)).
    TimestepEmbedding {
        /// Timesteps, possibly fractional.
        timesteps: TensorId,
        /// Width of the embedding.
        dim: usize,
    },
    /// out = base + table\[label\]: [N, C] and `[N]` labels to [N, C].
    LabelEmbedding {
        /// What is added to.
        base: TensorId,
        /// The classes, as whole numbers in f32.
        labels: TensorId,
        /// [classes, C].
        table: ParamId,
    },
    /// out = W·f(input) + b, f the SiLU where `silu`: [N, K] to [N, M].
    Linear {
        /// [N, K].
        input: TensorId,
        /// [M, K].
        weight: ParamId,
        /// `[M]`.
        bias: ParamId,
        /// Whether x/(1+e^{-x}) comes first.
        silu: bool,
    },
    /// A convolution, zero-padded so that stride 1 keeps the size; see [`Conv`].
    Conv(Conv),
    /// Group normalisation over 32 groups, ε = 1e-5, then weight and bias, then scale and shift by
    /// the embedding, then SiLU: SiLU(GN(x)·(1+scale) + shift).
    GroupNorm {
        /// [N, C, H, W].
        input: TensorId,
        /// `[C]`.
        weight: ParamId,
        /// `[C]`.
        bias: ParamId,
        /// [N, 2C]: scale, then shift.
        scale_shift: Option<TensorId>,
        /// Whether the SiLU follows.
        silu: bool,
    },
    /// Multi-head self-attention over the H·W positions. Head h owns rows h·3c..(h+1)·3c of `qkv`,
    /// its q, k and v of c = C/heads rows each: softmax(qᵀk/√c) applied to v.
    Attention {
        /// [N, 3C, H, W].
        qkv: TensorId,
        /// Heads.
        heads: usize,
    },
    /// Channels of `first`, then of `second`.
    Concat {
        /// [N, A, H, W].
        first: TensorId,
        /// [N, B, H, W].
        second: TensorId,
    },
    /// Means of 2×2: [N, C, H, W] to [N, C, H/2, W/2].
    AveragePool {
        /// The input.
        input: TensorId,
    },
    /// Each value four times: [N, C, H, W] to [N, C, 2H, 2W].
    Upsample {
        /// The input.
        input: TensorId,
    },
    /// Bilinear resizing, corners not aligned, no antialiasing.
    Bilinear {
        /// The input.
        input: TensorId,
        /// Rows of the output.
        height: usize,
        /// Columns of the output.
        width: usize,
    },
    /// What only training needs.
    Train(TrainOp),
}

/// out = conv(resized input) + bias + shift + residual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// [N, K, H, W].
    pub input: TensorId,
    /// [M, K, kernel, kernel].
    pub weight: ParamId,
    /// `[M]`.
    pub bias: ParamId,
    /// Side of the kernel: 1 or 3.
    pub kernel: usize,
    /// 1 or 2; at stride 2 odd sizes round up.
    pub stride: usize,
    /// Whether each input value is first repeated 2×2.
    pub upsample: bool,
    /// [N, M], added to every position.
    pub shift: Option<TensorId>,
    /// [N, M, H', W'], added.
    pub residual: Option<TensorId>,
}

impl Op {
    /// The tensors it reads, in the order of its fields.
    pub fn inputs(&self) -> impl Iterator<Item = TensorId> + use<> {
        let three = |inputs: [Option<TensorId>; 3]| {
            let [a, b, c] = inputs;
            [a, b, c, None, None]
        };
        let inputs = three(match *self {
            Self::TimestepEmbedding { timesteps, .. } => [Some(timesteps), None, None],
            Self::LabelEmbedding { base, labels, .. } => [Some(base), Some(labels), None],
            Self::Linear { input, .. }
            | Self::AveragePool { input }
            | Self::Upsample { input }
            | Self::Bilinear { input, .. } => [Some(input), None, None],
            Self::Conv(conv) => [Some(conv.input), conv.shift, conv.residual],
            Self::GroupNorm {
                input, scale_shift, ..
            } => [Some(input), scale_shift, None],
            Self::Attention { qkv, .. } => [Some(qkv), None, None],
            Self::Concat { first, second } => [Some(first), Some(second), None],
            Self::Train(op) => return op.inputs().into_iter().flatten(),
        });
        inputs.into_iter().flatten()
    }

    /// The parameters it reads, in the order of its fields.
    pub fn params(&self) -> impl Iterator<Item = ParamId> + use<> {
        let params = match *self {
            Self::LabelEmbedding { table, .. } => [Some(table), None],
            Self::Linear { weight, bias, .. } | Self::GroupNorm { weight, bias, .. } => {
                [Some(weight), Some(bias)]
            }
            Self::Conv(conv) => [Some(conv.weight), Some(conv.bias)],
            Self::TimestepEmbedding { .. }
            | Self::Attention { .. }
            | Self::Concat { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. }
            | Self::Bilinear { .. } => [None, None],
            Self::Train(op) => op.params(),
        };
        params.into_iter().flatten()
    }

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
