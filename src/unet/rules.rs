//! The shape of what each operation makes.

use super::op::{Conv, LossOp, NormOp, Op};
use super::tensor::Shape;

impl<T: Copy, P: Copy> Op<T, P> {
    /// Returns the shape of the operation's result, from those of what it reads and the rows of its
    /// parameters.
    pub fn shape(&self, tensor: impl Fn(T) -> Shape, param_rows: impl Fn(P) -> usize) -> Shape {
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
            Self::Diffuse { x_start: like, .. }
            | Self::Dropout { input: like, .. }
            | Self::LossGrad(LossOp { output: like, .. })
            | Self::Add { first: like, .. }
            | Self::LinearGradInput { input: like, .. }
            | Self::NormGradInput {
                norm: NormOp { input: like, .. },
                ..
            }
            | Self::AttentionGrad { qkv: like, .. } => tensor(like),
            Self::Loss(loss) => Shape::vector(tensor(loss.output).batch, 3),
            Self::Slice {
                input, channels, ..
            } => Shape {
                channels,
                ..tensor(input)
            },
            Self::ConvGradInput {
                grad,
                channels,
                height,
                width,
                ..
            } => Shape {
                channels,
                height,
                width,
                ..tensor(grad)
            },
            Self::ConvGradWeight {
                input,
                grad,
                kernel,
                ..
            } => Shape {
                batch: tensor(grad).channels,
                channels: tensor(input).channels,
                height: kernel,
                width: kernel,
            },
            Self::ChannelSum { grad } => Shape::vector(1, tensor(grad).channels),
            Self::PositionSum { grad } => Shape::vector(tensor(grad).batch, tensor(grad).channels),
            Self::LinearGradWeight { input, grad, .. } => {
                Shape::vector(tensor(grad).channels, tensor(input).channels)
            }
            Self::LabelGrad { grad, classes, .. } => Shape::vector(classes, tensor(grad).channels),
            Self::NormSums(norm) => {
                let input = tensor(norm.input);
                let channels = input.channels.saturating_add(norm.groups);
                Shape::vector(input.batch, channels.saturating_mul(2))
            }
            Self::NormGradScaleShift { sums, channels, .. } => {
                Shape::vector(tensor(sums).batch, channels.saturating_mul(2))
            }
            Self::NormGradParam { channels, .. } => Shape::vector(1, channels),
            Self::AveragePoolGrad {
                grad,
                height,
                width,
            } => Shape {
                height,
                width,
                ..tensor(grad)
            },
            Self::UpsampleGrad { grad } => Shape {
                height: tensor(grad).height / 2,
                width: tensor(grad).width / 2,
                ..tensor(grad)
            },
        }
    }
}

impl<T, P> Conv<T, P> {
    /// Returns the shape at which the kernel sees the input: doubled where it is upsampled first.
    pub const fn resized(&self, input: Shape) -> Shape {
        seen(self.upsample, input)
    }
}

/// The size at which a kernel sees its input, which may be upsampled first.
pub(super) const fn seen(upsample: bool, input: Shape) -> Shape {
    if upsample { doubled(input) } else { input }
}

/// Twice as many rows and columns.
const fn doubled(shape: Shape) -> Shape {
    Shape {
        height: shape.height.saturating_mul(2),
        width: shape.width.saturating_mul(2),
        ..shape
    }
}
