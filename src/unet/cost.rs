//! The cost of each operation, in multiplications and additions.

use super::op::{Conv, Op};
use super::tensor::{ParamId, Shape, TensorId};

impl Op {
    /// Multiplications and additions for a result of shape `out`, two for each pair: those of convolutions,
    /// linear layers, attention and their gradients. `param_columns` says how many numbers a row of a
    /// parameter has.
    pub(super) fn flops(
        &self,
        tensor: impl Fn(TensorId) -> Shape,
        param_columns: impl Fn(ParamId) -> usize,
        out: Shape,
    ) -> u64 {
        let product = |shape: Shape, depth: usize| shape.flops(2, depth);
        let taps =
            |channels: usize, kernel: usize| channels.saturating_mul(kernel).saturating_mul(kernel);
        match *self {
            Self::Conv(Conv { weight, .. }) | Self::Linear { weight, .. } => {
                product(out, param_columns(weight))
            }
            Self::Attention { .. } => out.flops(4, out.positions()),
            Self::ConvGradInput { grad, kernel, .. } => {
                product(tensor(grad), taps(out.channels, kernel))
            }
            Self::ConvGradWeight {
                input,
                grad,
                kernel,
                ..
            } => product(tensor(grad), taps(tensor(input).channels, kernel)),
            Self::LinearGradInput { grad, .. } => product(tensor(grad), out.channels),
            Self::LinearGradWeight { grad, .. } => product(out, tensor(grad).batch),
            // Four products of the size of the two of the attention itself.
            Self::AttentionGrad { output, .. } => {
                let made = tensor(output);
                made.flops(8, made.positions())
            }
            Self::TimestepEmbedding { .. }
            | Self::LabelEmbedding { .. }
            | Self::GroupNorm { .. }
            | Self::Concat { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. }
            | Self::Bilinear { .. }
            | Self::Diffuse { .. }
            | Self::Dropout { .. }
            | Self::Loss(_)
            | Self::LossGrad(_)
            | Self::Add { .. }
            | Self::Slice { .. }
            | Self::ChannelSum { .. }
            | Self::PositionSum { .. }
            | Self::LabelGrad { .. }
            | Self::NormSums(_)
            | Self::NormGradInput { .. }
            | Self::NormGradScaleShift { .. }
            | Self::NormGradParam { .. }
            | Self::AveragePoolGrad { .. }
            | Self::UpsampleGrad { .. } => 0,
        }
    }
}

impl Shape {
    /// `each` for every element and every one of `depth`: what a product takes; [`u64::MAX`] where that is
    /// more.
    const fn flops(self, each: u64, depth: usize) -> u64 {
        let elements = each.saturating_mul(self.elements() as u64);
        elements.saturating_mul(depth as u64)
    }
}
