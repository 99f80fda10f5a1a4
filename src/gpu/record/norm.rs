//! Group normalisation, with what was left to it by the operations before: a convolution's stretches, a concatenation.

use super::{Recorder, Tensor};
use crate::gpu::convolution::Ended;
use crate::gpu::error::GpuError;
use crate::gpu::kernels::conv_matrix::Laws;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    group_norm, group_norm_concat, group_norm_laws, group_norm_sums, group_norm_whole,
};
use crate::gpu::recording::{Binding, Dispatch};
use crate::unet::Op;

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
    pub(super) fn group_norm(
        &mut self,
        name: &str,
        norm: &Norm,
        made: Tensor,
    ) -> Result<Dispatch, GpuError> {
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
            return Ok(self.of_parts(name, norm, &params, parts, held.ended, output));
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
            return Ok(group_norm_sums::dispatch(name, &params, bindings));
        }
        if let Some(conv) = self.normalising()? {
            return Ok(self.leave_laws(name, norm, &params, conv));
        }
        if group_norm_whole::suits(params.per_group, params.positions) {
            let bindings = group_norm_whole::Bindings {
                input: input.binding,
                weight,
                bias,
                scale_shift,
                output,
            };
            return Ok(group_norm_whole::dispatch(name, &params, bindings));
        }
        let bindings = group_norm::Bindings {
            input: input.binding,
            statistics: self.statistics(name, input, groups),
            weight,
            bias,
            scale_shift,
            output,
        };
        Ok(group_norm::dispatch(name, &params, bindings))
    }

    /// The convolution, by its place, that normalises as it reads, in place of the operation that is recorded.
    fn normalising(&self) -> Result<Option<usize>, GpuError> {
        let Some(at) = self.reads_normalised.get(self.current).copied().flatten() else {
            return Ok(None);
        };
        let node = self.graph.nodes().get(at);
        let made = node.map(|node| self.made(node)).transpose()?;
        let Some((Op::Conv(conv), output)) = made.map(|made| (made.op, made.output)) else {
            return Ok(None);
        };
        let (convolution, ..) = self.convolution(at, &conv, output)?;
        Ok(convolution.suits_laws().then_some(at))
    }

    /// Leaves a normalisation to the convolution at a place: all that is done for it now are the laws that it goes by.
    fn leave_laws(
        &mut self,
        name: &str,
        norm: &Norm,
        params: &group_norm::Params,
        conv: usize,
    ) -> Dispatch {
        let rows = u64::from(params.batch) * u64::from(params.channels);
        let words = group_norm_laws::WORDS.saturating_mul(rows);
        let laws = self.recording.grown(self.layout.statistics, words);
        let second = self.or_none_as(None, norm.input.binding);
        let left = Laws {
            second,
            laws,
            first_inputs: params.channels,
            is_active: norm.silu,
        };
        self.laws = Some((conv, norm.input.binding, left));
        group_norm_laws::dispatch(
            &std::format!("{name}.laws"),
            &group_norm_laws::Params {
                batch: params.batch,
                channels: params.channels,
                positions: params.positions,
                per_group: params.per_group,
                modulated: params.modulated,
                first_channels: params.channels,
            },
            group_norm_laws::Bindings {
                first: norm.input.binding,
                second,
                weight: norm.weight,
                bias: norm.bias,
                scale_shift: self.or_none(norm.scale_shift),
                laws,
            },
        )
    }

    /// What was left to the convolution that is recorded: what it reads, and by which laws it normalises that.
    pub(super) fn take_laws(&mut self) -> Option<(Binding, Laws)> {
        let current = self.current;
        let left = self.laws.take_if(|(conv, ..)| *conv == current);
        left.map(|(_, input, laws)| (input, laws))
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
