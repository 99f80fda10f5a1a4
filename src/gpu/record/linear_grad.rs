//! The gradients of linear layers as dispatches: those together that are neighbours.

use std::vec::Vec;

use super::tables::{bound, name_of};
use super::{Made, Recorder};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{linear_grad_input, linear_grad_weight};
use crate::unet::Op;

impl Recorder<'_> {
    /// The gradients of weights and biases of the layers of a vector.
    pub(super) fn linear_grad_params(&mut self, name: &str) -> Result<(), GpuError> {
        let run = self.run()?;
        let Some((input, silu)) = run.iter().find_map(|made| match made.op {
            Op::LinearGradWeight { input, silu, .. } => Some((input, silu)),
            _ => None,
        }) else {
            return Ok(());
        };
        let inputs = word(input.shape.channels);
        let row = |&Made { op, output, flops }: &Made| {
            let (grad, is_bias) = match op {
                Op::LinearGradWeight { grad, .. } => (grad, false),
                Op::ChannelSum { grad } => (grad, true),
                _ => return None,
            };
            let row = linear_grad_weight::Row {
                first: 0,
                outputs: word(grad.shape.channels),
                is_bias: flag(is_bias),
                grad: 0,
                output: 0,
            };
            Some(((row, flops), [grad.binding, output.binding]))
        };
        for group in bound(run.iter().filter_map(row)) {
            let [grad, output] = group.spans;
            let (mut workgroups, mut flops) = (0, 0);
            let mut rows = Vec::new();
            for &((row, own), [grad, output]) in &group.rows {
                let row = linear_grad_weight::Row {
                    first: workgroups,
                    grad,
                    output,
                    ..row
                };
                let columns = if row.is_bias == 1 { 1 } else { inputs };
                workgroups += linear_grad_weight::workgroups(row.outputs.saturating_mul(columns));
                flops += own;
                rows.push(row.words());
            }
            let params = linear_grad_weight::Params {
                batch: word(input.shape.batch),
                inputs,
                silu: flag(silu),
                parameters: word(rows.len()),
            };
            let name = name_of(name, rows.len());
            let bindings = linear_grad_weight::Bindings {
                input: input.binding,
                grad,
                parameters: self.table(
                    "parameters of layers",
                    linear_grad_weight::Row::FIELDS,
                    &rows,
                ),
                output,
            };
            let dispatch = linear_grad_weight::dispatch(&name, &params, bindings, workgroups);
            self.push_with(dispatch, flops);
        }
        Ok(())
    }

    /// The gradient with respect to the vector that layers read: the sum over them.
    pub(super) fn linear_grad_input(&mut self, name: &str) -> Result<(), GpuError> {
        let run = self.run()?;
        let Some(made) = run.last().map(|last| last.output) else {
            return Ok(());
        };
        let layer = |&Made { op, flops, .. }: &Made| match op {
            Op::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => {
                let row = linear_grad_input::Row {
                    outputs: word(grad.shape.channels),
                    grad: 0,
                    weight: 0,
                };
                let read = [input.binding, grad.binding, weight.binding];
                Some(((row, silu, flops), read))
            }
            _ => None,
        };
        // Where several dispatches add up, each goes on from the one before.
        for (at, group) in bound(run.iter().filter_map(layer)).into_iter().enumerate() {
            let [input, grad, weight] = group.spans;
            let (mut outputs, mut flops, mut behind_silu) = (0, 0, false);
            let mut rows = Vec::new();
            for &((row, silu, own), [_, grad, weight]) in &group.rows {
                rows.push(
                    linear_grad_input::Row {
                        grad,
                        weight,
                        ..row
                    }
                    .words(),
                );
                outputs += row.outputs;
                flops += own;
                behind_silu = silu;
            }
            let params = linear_grad_input::Params {
                batch: word(made.shape.batch),
                inputs: word(made.shape.channels),
                silu: flag(behind_silu),
                layers: word(rows.len()),
                continues: flag(at > 0),
            };
            let name = name_of(name, rows.len());
            let bindings = linear_grad_input::Bindings {
                grad,
                weight,
                input,
                layers: self.table("layers", linear_grad_input::Row::FIELDS, &rows),
                output: made.binding,
            };
            let dispatch = linear_grad_input::dispatch(&name, &params, bindings, outputs);
            self.push_with(dispatch, flops);
        }
        Ok(())
    }
}
