//! A convolution through a kernel of one whose result is the residual of the one behind it: it ends in that one, as more
//! of its products.

use super::linear::{numbers_into, span};
use super::{Recorder, Skip, Stored, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::conv::{Bindings, Params};
use crate::gpu::kernels::declare::word;
use crate::gpu::recording::Binding;
use crate::unet::{Conv, Op};

impl Recorder<'_> {
    /// The convolution that is recorded, where it ends in the one behind it: one dispatch can bind the parameters of both
    /// then.
    pub(super) fn skip(&self, conv: &Conv<Tensor, Stored>) -> Result<Option<Skip>, GpuError> {
        let next = self.graph.nodes().get(self.current + 1);
        let Some(Op::Conv(next)) = next.map(|node| node.op).filter(|_| self.ends_in_next()) else {
            return Ok(None);
        };
        let (weight, bias) = (self.param(next.weight)?, self.param(next.bias)?);
        let are_behind = is_behind(weight.binding, conv.weight.binding)
            && is_behind(bias.binding, conv.bias.binding);
        Ok(are_behind.then_some(Skip {
            input: conv.input,
            weight: conv.weight.binding,
            bias: conv.bias.binding,
            flops: self.flops,
        }))
    }
}

/// Whether a stretch lies in the buffer of another one, behind where it begins.
fn is_behind(first: Binding, second: Binding) -> bool {
    second.buffer == first.buffer && second.offset > first.offset
}

impl Skip {
    /// The convolution behind this one, whose residual is what this one reads.
    pub(super) fn seen(self, params: Params, bindings: Bindings) -> (Params, Bindings) {
        let weight = span([self.weight].into_iter(), bindings.weight);
        let bias = span([self.bias].into_iter(), bindings.bias);
        let params = Params {
            has_residual: 0,
            skip_inputs: word(self.input.shape.channels),
            // Weights are read four at a time.
            skip_weight: numbers_into(weight, self.weight) / 4,
            skip_bias: numbers_into(bias, self.bias),
            ..params
        };
        let bindings = Bindings {
            weight,
            bias,
            residual: self.input.binding,
            ..bindings
        };
        (params, bindings)
    }
}
