//! A convolution through a kernel of one whose result is the residual of the one behind it: it ends in that one, as more
//! of its products.

use super::tables::{both, numbers_into};
use super::{Recorder, Skip, Stored, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::conv::{Bindings, Params};
use crate::gpu::kernels::declare::word;
use crate::unet::{Conv, Op};

impl Recorder<'_> {
    /// What the convolution before the one at a place leaves to that, where it ends in it.
    pub(super) fn skipped(&self, at: usize) -> Result<Option<Skip>, GpuError> {
        let before = at.checked_sub(1);
        let node = before.and_then(|before| self.graph.nodes().get(before));
        let (Some(before), Some(node)) = (before, node) else {
            return Ok(None);
        };
        match self.made(node)?.op {
            Op::Conv(conv) => self.skip(before, &conv),
            _ => Ok(None),
        }
    }

    /// What a convolution, by its place, leaves to the one behind it, where it ends in that one; none where it has a
    /// dispatch of its own, for which it may, too, where no dispatch can bind the parameters of both.
    pub(super) fn skip(
        &self,
        at: usize,
        conv: &Conv<Tensor, Stored>,
    ) -> Result<Option<Skip>, GpuError> {
        let nodes = self.graph.nodes();
        let next = nodes.get(at + 1).map(|node| node.op);
        let (Some(Op::Conv(next)), true) = (next, self.ends_at(at)) else {
            return Ok(None);
        };
        let first = [
            self.param(next.weight)?.binding,
            self.param(next.bias)?.binding,
        ];
        let own = [conv.weight.binding, conv.bias.binding];
        let mut pairs = first.iter().zip(&own);
        let are_behind = pairs.all(|(first, own)| own.offset > first.offset);
        let spans = both(&first, &own).filter(|_| are_behind);
        Ok(spans.map(|[weight, bias]| Skip {
            input: conv.input,
            weight,
            bias,
            // Weights are read four at a time.
            first_weight: numbers_into(&weight, &conv.weight.binding) / 4,
            first_bias: numbers_into(&bias, &conv.bias.binding),
            flops: nodes.get(at).map_or(0, |node| self.graph.node_flops(node)),
        }))
    }
}

impl Skip {
    /// The convolution behind this one, whose residual is what this one reads.
    pub(super) fn with_skip(self, params: Params, bindings: Bindings) -> (Params, Bindings) {
        let params = Params {
            has_residual: 0,
            skip_inputs: word(self.input.shape.channels),
            skip_weight: self.first_weight,
            skip_bias: self.first_bias,
            ..params
        };
        let bindings = Bindings {
            weight: self.weight,
            bias: self.bias,
            residual: self.input.binding,
            ..bindings
        };
        (params, bindings)
    }
}
