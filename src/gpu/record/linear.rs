//! The linear layers of one vector: all of them at the first one's place.

use std::vec::Vec;

use super::{Recorder, Stored, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::linear::{self, Row};
use crate::gpu::layers::Layer;
use crate::gpu::recording::{Binding, Contents, Width};

/// A layer's places.
struct Placed {
    layer: Layer,
    weight: Binding,
    bias: Binding,
    output: Tensor,
}

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
        let placed = |&layer: &Layer| -> Result<Placed, GpuError> {
            let Stored {
                binding: weight, ..
            } = self.param(layer.weight)?;
            let Stored { binding: bias, .. } = self.param(layer.bias)?;
            let output = self.tensor(layer.output)?;
            Ok(Placed {
                layer,
                weight,
                bias,
                output,
            })
        };
        let placed: Vec<Placed> = together.iter().map(placed).collect::<Result<_, _>>()?;
        for alike in placed.chunk_by(are_neighbours) {
            self.linear_layers(input, silu, alike);
        }
        Ok(())
    }

    /// One dispatch for layers whose weights lie in one buffer, and their biases and results.
    fn linear_layers(&mut self, input: Tensor, silu: bool, layers: &[Placed]) {
        let Some(first) = layers.first() else {
            return;
        };
        let weight = span(layers.iter().map(|placed| placed.weight), first.weight);
        let bias = span(layers.iter().map(|placed| placed.bias), first.bias);
        let output = span(
            layers.iter().map(|placed| placed.output.binding),
            first.output.binding,
        );
        let (mut rows, mut flops) = (Vec::new(), 0);
        let mut before = 0;
        for placed in layers {
            let own = word(placed.output.shape.channels);
            rows.push(Row {
                first: before,
                rows: own,
                weight: numbers_into(weight, placed.weight),
                bias: numbers_into(bias, placed.bias),
                output: numbers_into(output, placed.output.binding),
            });
            before += own;
            let node = self.graph.nodes().get(placed.layer.node);
            flops += node.map_or(0, |node| self.graph.node_flops(node));
        }
        let name = match layers {
            [alone] => self.graph.name(alone.layer.output).into(),
            _ => std::format!("{} and others", self.graph.name(first.layer.output)),
        };
        let len = rows.len() * Row::FIELDS.len();
        let words = rows.iter().flat_map(Row::words).collect();
        let table = self
            .recording
            .add_buffer("layers", len, Contents::Constant(words));
        let params = linear::Params {
            batch: word(input.shape.batch),
            inputs: word(input.shape.channels),
            rows: before,
            layers: word(rows.len()),
            silu: flag(silu),
        };
        let bindings = linear::Bindings {
            input: input.binding,
            weight,
            bias,
            layers: table,
            output,
        };
        self.push_with(linear::dispatch(&name, &params, bindings), flops);
    }
}

/// Whether one dispatch can bind what two layers read, and what they make.
fn are_neighbours(one: &Placed, other: &Placed) -> bool {
    let buffers = |placed: &Placed| {
        let output = placed.output.binding;
        [placed.weight, placed.bias, output].map(|binding| binding.buffer)
    };
    buffers(one) == buffers(other)
}

/// The shortest stretch of a buffer that has several of its stretches, the first among them.
pub(super) fn span(stretches: impl Iterator<Item = Binding>, first: Binding) -> Binding {
    let end = |binding: Binding| binding.offset.saturating_add(binding.bytes);
    stretches.fold(first, |all, one| {
        let offset = all.offset.min(one.offset);
        Binding {
            offset,
            bytes: end(all).max(end(one)) - offset,
            ..all
        }
    })
}

/// How many numbers of a stretch lie before one that is within it.
pub(super) fn numbers_into(span: Binding, within: Binding) -> u32 {
    let each = match span.width {
        Width::Full => 4,
        Width::Half => 2,
    };
    ((within.offset - span.offset) / each) as u32
}
