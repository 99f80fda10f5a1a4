//! Group normalisation, with what was left to it by the operations before: a convolution's stretches, a concatenation; or as
//! laws alone, left to the convolution behind it.

use super::{Both, Recorder, Tensor};
use crate::gpu::convolution::Ended;
use crate::gpu::error::GpuError;
use crate::gpu::fusion::{Normalising, Parts};
use crate::gpu::kernels::conv_matrix::Laws;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    conv, group_norm, group_norm_concat, group_norm_laws, group_norm_sums, group_norm_whole,
};
use crate::gpu::recording::{Binding, Dispatch, Width};

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
        if held.ended.is_none()
            && let Some(normalising) = self.normalising(held.parts)?
        {
            return Ok(self.leave_laws(name, norm, &params, (normalising, held.parts)));
        }
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
            return Ok(self.of_sums(name, norm, &params, ended, output));
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

    /// What normalises in place of the operation that is recorded, as it reads: in parts, where what is normalised is not made
    /// yet.
    fn normalising(&self, parts: Option<Both>) -> Result<Option<Normalising>, GpuError> {
        let found = self.normalising.get(self.current).copied().flatten();
        let Some(found) = found else {
            return Ok(None);
        };
        let convolution = self.convolution_at(found.conv)?;
        let suits = convolution.is_some_and(|convolution| convolution.suits_laws());
        let stays = match (parts, found.parts) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(both), Some(parts)) => self.parts_stay(parts, both)?,
        };
        Ok((suits && stays).then_some(found))
    }

    /// Whether both parts of a concatenation may stay where they are, for all that read them.
    fn parts_stay(&self, parts: Parts, (first, second): Both) -> Result<bool, GpuError> {
        let are_factors = [first, second].map(|part| part.binding.width) == [Width::Half; 2];
        // A convolution binds one concatenation.
        let may_stay = are_factors && self.left.parts.is_none();
        let Some(skip) = parts.skip.filter(|_| may_stay) else {
            return Ok(may_stay);
        };
        // It ends in the one behind it, and if it has a dispatch of its own after all, there is nothing to be seen there.
        let reader = self.convolution_at(skip + 1)?;
        Ok(reader.is_some_and(|reader| reader.suits_parts()))
    }

    /// Leaves a normalisation to a convolution: all that is done for it now are the laws that it goes by.
    fn leave_laws(
        &mut self,
        name: &str,
        norm: &Norm,
        params: &group_norm::Params,
        (normalising, parts): (Normalising, Option<Both>),
    ) -> Dispatch {
        let skip = normalising.parts.and_then(|parts| parts.skip);
        if let (Some(skip), Some(both)) = (skip, parts) {
            self.left.parts = Some((skip + 1, both));
        }
        let rows = u64::from(params.batch) * u64::from(params.channels);
        let words = group_norm_laws::WORDS.saturating_mul(rows);
        let laws = self.recording.grown(self.layout.laws, words);
        let first = parts.map_or(norm.input, |(first, _)| first);
        let second = self.or_none_as(parts.map(|(_, second)| second), first.binding);
        let first_channels = word(first.shape.channels);
        let left = Laws {
            second,
            laws,
            first_inputs: first_channels,
            is_active: norm.silu,
            first_skip: 0,
        };
        self.left.laws = Some((normalising.conv, first.binding, left));
        group_norm_laws::dispatch(
            &std::format!("{name}.laws"),
            &group_norm_laws::Params {
                batch: params.batch,
                channels: params.channels,
                positions: params.positions,
                per_group: params.per_group,
                modulated: params.modulated,
                first_channels,
            },
            group_norm_laws::Bindings {
                first: first.binding,
                second,
                weight: norm.weight,
                bias: norm.bias,
                scale_shift: self.or_none(norm.scale_shift),
                laws,
            },
        )
    }

    /// What the convolution that is recorded binds, with what was left to it.
    pub(super) fn take_left(
        &mut self,
        bindings: conv::Bindings,
        none: Laws,
    ) -> (conv::Bindings, Laws) {
        let current = self.current;
        let (mut bindings, mut laws) = (bindings, none);
        if let Some((_, input, left)) = self.left.laws.take_if(|(conv, ..)| *conv == current) {
            let first_skip = none.first_skip;
            (bindings.input, laws) = (input, Laws { first_skip, ..left });
        }
        if let Some((_, (first, second))) = self.left.parts.take_if(|(conv, _)| *conv == current) {
            bindings.residual = first.binding;
            laws.second = second.binding;
            laws.first_skip = word(first.shape.channels);
        }
        (bindings, laws)
    }

    /// The normalisation that adds up a convolution's stretches, too.
    fn of_sums(
        &self,
        name: &str,
        norm: &Norm,
        params: &group_norm::Params,
        ended: Ended,
        output: Binding,
    ) -> Dispatch {
        let bindings = group_norm_sums::Bindings {
            sums: ended.sums,
            conv_bias: ended.bindings.bias,
            residual: ended.bindings.residual,
            weight: norm.weight,
            bias: norm.bias,
            scale_shift: match ended.params.has_shift {
                0 => self.or_none(norm.scale_shift),
                _ => ended.bindings.shift,
            },
            made: norm.input.binding,
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
        group_norm_sums::dispatch(name, &params, bindings)
    }

    /// The normalisation that makes the concatenation too, of which the first part may be a convolution's stretches.
    fn of_parts(
        &self,
        name: &str,
        norm: &Norm,
        params: &group_norm::Params,
        (first, second): Both,
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
