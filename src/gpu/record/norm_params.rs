//! The gradients of group normalisations with respect to all but their inputs, from sums: those together that are
//! neighbours.

use std::vec::Vec;

use super::tables::{bound, name_of};
use super::{Made, Recorder};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{norm_grad_param, norm_grad_scale_shift};
use crate::unet::Op;

impl Recorder<'_> {
    /// The gradients of weights and biases.
    pub(super) fn norm_grad_params(&mut self, name: &str) -> Result<(), GpuError> {
        let run = self.run()?;
        // Bound for those too that are not modulated, so that they can be among the others.
        let modulated = run.iter().find_map(|made| match made.op {
            Op::NormGradParam { scale_shift, .. } => scale_shift,
            _ => None,
        });
        let none = self.or_none(modulated);
        let row = |&Made { op, output, .. }: &Made| {
            let Op::NormGradParam {
                sums,
                scale_shift,
                of,
                channels,
                groups,
            } = op
            else {
                return None;
            };
            let row = norm_grad_param::Row {
                first: 0,
                channels: word(channels),
                stride: word(2 * (channels + groups)),
                modulated: flag(scale_shift.is_some()),
                sums: word(of.sums_start(channels)),
                scale_shift: 0,
                output: 0,
            };
            let scale_shift = scale_shift.map_or(none, |both| both.binding);
            Some((row, [sums.binding, scale_shift, output.binding]))
        };
        for group in bound(run.iter().filter_map(row)) {
            let [sums, scale_shift, output] = group.spans;
            let mut workgroups = 0;
            let mut rows = Vec::new();
            for &(row, [sums, scale_shift, output]) in &group.rows {
                let row = norm_grad_param::Row {
                    first: workgroups,
                    sums: row.sums + sums,
                    scale_shift,
                    output,
                    ..row
                };
                workgroups += norm_grad_param::workgroups(row.channels);
                rows.push(row.words());
            }
            let params = norm_grad_param::Params {
                batch: word(self.graph.batch()),
                norms: word(rows.len()),
            };
            let name = name_of(name, rows.len());
            let bindings = norm_grad_param::Bindings {
                sums,
                scale_shift,
                norms: self.table(
                    "parameters of normalisations",
                    norm_grad_param::Row::FIELDS,
                    &rows,
                ),
                output,
            };
            let dispatch = norm_grad_param::dispatch(&name, &params, bindings, workgroups);
            self.push_with(dispatch, 0);
        }
        Ok(())
    }

    /// The gradients of scale and shift.
    pub(super) fn norm_grad_scale_shifts(&mut self, name: &str) -> Result<(), GpuError> {
        let run = self.run()?;
        let batch = word(self.graph.batch());
        let row = |&Made { op, output, .. }: &Made| {
            let Op::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
                groups,
            } = op
            else {
                return None;
            };
            let row = norm_grad_scale_shift::Row {
                first: 0,
                channels: word(channels),
                groups: word(groups),
                sums: 0,
                weight: 0,
                bias: 0,
                output: 0,
            };
            let bindings = [sums.binding, weight.binding, bias.binding, output.binding];
            Some((row, bindings))
        };
        for group in bound(run.iter().filter_map(row)) {
            let [sums, weight, bias, output] = group.spans;
            let mut workgroups = 0;
            let mut rows = Vec::new();
            for &(row, [sums, weight, bias, output]) in &group.rows {
                let row = norm_grad_scale_shift::Row {
                    first: workgroups,
                    sums,
                    weight,
                    bias,
                    output,
                    ..row
                };
                workgroups += norm_grad_scale_shift::workgroups(batch, row.channels);
                rows.push(row.words());
            }
            let params = norm_grad_scale_shift::Params {
                batch,
                norms: word(rows.len()),
            };
            let name = name_of(name, rows.len());
            let bindings = norm_grad_scale_shift::Bindings {
                sums,
                weight,
                bias,
                norms: self.table("normalisations", norm_grad_scale_shift::Row::FIELDS, &rows),
                output,
            };
            let dispatch = norm_grad_scale_shift::dispatch(&name, &params, bindings, workgroups);
            self.push_with(dispatch, 0);
        }
        Ok(())
    }
}
