//! The gradients of a group normalisation as dispatches.

use super::{Recorder, Stored, Tensor};
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{norm_grad_input, norm_sums};
use crate::gpu::recording::{Binding, Dispatch};
use crate::unet::NormOp;

impl Recorder<'_> {
    /// What the gradients share; the statistics are recorded first.
    pub(super) fn norm_sums(
        &mut self,
        name: &str,
        norm: &NormOp<Tensor, Stored>,
        output: Binding,
    ) -> Dispatch {
        let statistics = self.statistics(name, norm.input, norm.groups);
        norm_sums::dispatch(
            name,
            &self.norm_params(norm),
            norm_sums::Bindings {
                input: norm.input.binding,
                grad: norm.grad.binding,
                statistics,
                weight: norm.weight.binding,
                bias: norm.bias.binding,
                scale_shift: self.or_none(norm.scale_shift),
                output,
            },
        )
    }

    /// The gradient with respect to the input.
    pub(super) fn norm_grad_input(
        &self,
        name: &str,
        norm: &NormOp<Tensor, Stored>,
        sums: Tensor,
        output: Binding,
    ) -> Dispatch {
        let norm_sums::Params {
            batch,
            channels,
            positions,
            groups,
            silu,
            modulated,
        } = self.norm_params(norm);
        norm_grad_input::dispatch(
            name,
            &norm_grad_input::Params {
                batch,
                channels,
                positions,
                groups,
                silu,
                modulated,
            },
            norm_grad_input::Bindings {
                input: norm.input.binding,
                grad: norm.grad.binding,
                sums: sums.binding,
                weight: norm.weight.binding,
                bias: norm.bias.binding,
                scale_shift: self.or_none(norm.scale_shift),
                output,
            },
        )
    }

    fn norm_params(&self, norm: &NormOp<Tensor, Stored>) -> norm_sums::Params {
        let input = norm.input.shape;
        norm_sums::Params {
            batch: word(input.batch),
            channels: word(input.channels),
            positions: word(input.positions()),
            groups: word(norm.groups),
            silu: flag(norm.silu),
            modulated: flag(norm.scale_shift.is_some()),
        }
    }
}
