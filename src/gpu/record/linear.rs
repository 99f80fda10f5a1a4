//! The linear layers of one vector: all of them at the first one's place.

use std::vec::Vec;

use super::tables::{bound, name_of};
use super::{Recorder, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::linear::{self, Row};
use crate::gpu::layers::Layer;

impl Recorder<'_> {
    /// Records the layers of a vector, where the operation that is recorded is the first of them.
    pub(super) fn linear(&mut self, input: Tensor, silu: bool) -> Result<(), GpuError> {
        let is_first = |together: &&Vec<Layer>| {
            let first = together.first();
            first.is_some_and(|layer| layer.node == self.current)
        };
        let Some(together) = self.layout.layers.iter().find(is_first) else {
            return Ok(());
        };
        let mut placed = Vec::new();
        for layer in together {
            let output = self.tensor(layer.output)?;
            let weight = self.param(layer.weight)?.binding;
            let bias = self.param(layer.bias)?.binding;
            placed.push((
                (*layer, output.shape.channels),
                [weight, bias, output.binding],
            ));
        }
        for group in bound(placed) {
            let [weight, bias, output] = group.spans;
            let mut name = "";
            let (mut before, mut flops) = (0, 0);
            let mut rows = Vec::new();
            for &((layer, channels), [weight, bias, output]) in &group.rows {
                if rows.is_empty() {
                    name = self.graph.name(layer.output);
                }
                let row = Row {
                    first: before,
                    rows: word(channels),
                    weight,
                    bias,
                    output,
                };
                before += row.rows;
                rows.push(row.words());
                let node = self.graph.nodes().get(layer.node);
                flops += node.map_or(0, |node| self.graph.node_flops(node));
            }
            let params = linear::Params {
                batch: word(input.shape.batch),
                inputs: word(input.shape.channels),
                rows: before,
                layers: word(rows.len()),
                silu: flag(silu),
                images: word(input.shape.batch),
                apart: 0,
            };
            let name = name_of(name, rows.len());
            let bindings = linear::Bindings {
                input: input.binding,
                weight,
                bias,
                layers: self.table("layers", Row::FIELDS, &rows),
                output,
            };
            self.push_with(linear::dispatch(&name, &params, bindings), flops);
        }
        Ok(())
    }
}
