//! Group normalisation, with what was left to it by the operations before: a convolution's stretches, a concatenation.

use super::{Recorder, Tensor};
use crate::gpu::convolution::Ended;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{group_norm, group_norm_concat, group_norm_sums, group_norm_whole};
use crate::gpu::recording::{Binding, Dispatch};

/// A normalisation.
pub(super) struct Norm {
    pub(super) input: Tensor,
    pub(super) weight: Binding,
    pub(super) bias: Binding,
    pub(super) scale_shift: Option<Tensor>,
    pub(super) groups: usize,
    pub(super) silu: bool,
}

impl Recorder<'_> {
    pub(super) fn group_norm(&mut self, name: &str, norm: &Norm, made: Tensor) -> Dispatch {
        let Tensor {
            binding: output,
            shape,
        } = made;
        let params = group_norm::Params {
            batch: word(shape.batch),
            channels: word(shape.channels),
            positions: word(shape.positions()),
            per_group: word(shape.channels / norm.groups.max(1)),
            silu: flag(norm.silu),
            modulated: flag(norm.scale_shift.is_some()),
        };
        let held = core::mem::take(&mut self.held);
        if let Some(parts) = held.parts {
            return self.of_parts(name, norm, &params, parts, held.ended, output);
        }
        let scale_shift = self.or_none(norm.scale_shift);
        let Norm {
            input,
            weight,
            bias,
            groups,
            ..
        } = *norm;
        if let Some(ended) = held.ended {
            let bindings = group_norm_sums::Bindings {
                sums: ended.sums,
                conv_bias: ended.bindings.bias,
                residual: ended.bindings.residual,
                weight,
                bias,
                scale_shift: match ended.params.has_shift {
                    0 => scale_shift,
                    _ => ended.bindings.shift,
                },
                made: input.binding,
                output,
            };
            let params = group_norm_sums::Params {
                batch: params.batch,
                channels: params.channels,
                positions: params.positions,
                per_group: params.per_group,
                silu: params.silu,
                modulated: params.modulated,
                splits: ended.params.splits,
                has_shift: ended.params.has_shift,
                has_residual: ended.params.has_residual,
                skip_bias: ended.params.skip_bias,
            };
            return group_norm_sums::dispatch(name, &params, bindings);
        }
        if group_norm_whole::suits(params.per_group, params.positions) {
            let bindings = group_norm_whole::Bindings {
                input: input.binding,
                weight,
                bias,
                scale_shift,
                output,
            };
            return group_norm_whole::dispatch(name, &params, bindings);
        }
        let bindings = group_norm::Bindings {
            input: input.binding,
            statistics: self.statistics(name, input, groups),
            weight,
            bias,
            scale_shift,
            output,
        };
        group_norm::dispatch(name, &params, bindings)
    }

    /// The normalisation that makes the concatenation too, of which the first part may be a convolution's stretches.
    fn of_parts(
        &self,
        name: &str,
        norm: &Norm,
        params: &group_norm::Params,
        (first, second): (Tensor, Tensor),
        ended: Option<Ended>,
        output: Binding,
    ) -> Dispatch {
        let none = self.layout.none;
        let (sums, conv_bias, skip_bias, splits, given, has_given) = match ended {
            Some(ended) => (
                ended.sums,
                ended.bindings.bias,
                ended.params.skip_bias,
                ended.params.splits,
                ended.bindings.residual,
                ended.params.has_residual,
            ),
            // Of the width that the weights have: there is no other form.
            None => (none, norm.bias, 0, 0, first.binding, 1),
        };
        group_norm_concat::dispatch(
            name,
            &group_norm_concat::Params {
                batch: params.batch,
                channels: params.channels,
                positions: params.positions,
                per_group: params.per_group,
                silu: params.silu,
                first_channels: word(first.shape.channels),
                splits,
                has_given,
                skip_bias,
            },
            group_norm_concat::Bindings {
                sums,
                conv_bias,
                given,
                second: second.binding,
                weight: norm.weight,
                bias: norm.bias,
                made: norm.input.binding,
                output,
            },
        )
    }
}
