//! The gradients of a group normalisation as dispatches.

use super::{Recorder, Stored, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{norm_grad_concat, norm_grad_input, norm_grad_whole, norm_sums};
use crate::gpu::recording::{Binding, Dispatch};
use crate::unet::NormOp;

impl Recorder<'_> {
    /// What the gradients share, with the gradient with respect to the input where that is made as one with it; else the
    /// statistics are recorded first.
    pub(super) fn norm_sums(
        &mut self,
        name: &str,
        norm: &NormOp<Tensor, Stored>,
        output: Binding,
    ) -> Result<Dispatch, GpuError> {
        let params = norm_params(norm);
        let (weight, bias) = (norm.weight.binding, norm.bias.binding);
        let scale_shift = self.or_none(norm.scale_shift);
        if let Some(of_input) = self.next_made()? {
            let at = self.current + 1;
            let (addend, made) = self.summed(at, of_input)?;
            let lanes = norm_grad_whole::lanes(params.channels / params.groups.max(1));
            if let Some([first, second]) = self.parts(at + usize::from(addend.is_some()))? {
                let params = norm_grad_concat::Params {
                    batch: params.batch,
                    channels: params.channels,
                    positions: params.positions,
                    groups: params.groups,
                    silu: params.silu,
                    has_addend: flag(addend.is_some()),
                    lanes,
                    first_channels: word(first.shape.channels),
                };
                let bindings = norm_grad_concat::Bindings {
                    input: norm.input.binding,
                    grad: norm.grad.binding,
                    weight,
                    bias,
                    addend: self.or_none_as(addend, first.binding),
                    sums: output,
                    first: first.binding,
                    second: second.binding,
                };
                return Ok(norm_grad_concat::dispatch(name, &params, bindings));
            }
            let params = norm_grad_whole::Params {
                batch: params.batch,
                channels: params.channels,
                positions: params.positions,
                groups: params.groups,
                silu: params.silu,
                modulated: params.modulated,
                has_addend: flag(addend.is_some()),
                lanes,
            };
            let bindings = norm_grad_whole::Bindings {
                input: norm.input.binding,
                grad: norm.grad.binding,
                weight,
                bias,
                scale_shift,
                addend: self.or_none_as(addend, made.binding),
                sums: output,
                output: made.binding,
            };
            return Ok(norm_grad_whole::dispatch(name, &params, bindings));
        }
        let bindings = norm_sums::Bindings {
            input: norm.input.binding,
            grad: norm.grad.binding,
            statistics: self.statistics(name, norm.input, norm.groups),
            weight,
            bias,
            scale_shift,
            output,
        };
        Ok(norm_sums::dispatch(name, &params, bindings))
    }

    /// The gradient with respect to the input, and what is added to it.
    pub(super) fn norm_grad_input(
        &self,
        name: &str,
        norm: &NormOp<Tensor, Stored>,
        sums: Tensor,
        made: Tensor,
    ) -> Result<Dispatch, GpuError> {
        let (addend, made) = self.summed(self.current, made)?;
        let params = norm_params(norm);
        let params = norm_grad_input::Params {
            batch: params.batch,
            channels: params.channels,
            positions: params.positions,
            groups: params.groups,
            silu: params.silu,
            modulated: params.modulated,
            has_addend: flag(addend.is_some()),
        };
        let bindings = norm_grad_input::Bindings {
            input: norm.input.binding,
            grad: norm.grad.binding,
            sums: sums.binding,
            weight: norm.weight.binding,
            bias: norm.bias.binding,
            scale_shift: self.or_none(norm.scale_shift),
            addend: self.or_none_as(addend, made.binding),
            output: made.binding,
        };
        Ok(norm_grad_input::dispatch(name, &params, bindings))
    }
}

fn norm_params(norm: &NormOp<Tensor, Stored>) -> norm_sums::Params {
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
