//! Which operations end in the dispatch of the one behind them. A graph alone says so, so that a plan knows it too.

use std::vec::Vec;

use super::kernels::declare::word;
use super::kernels::group_norm_whole;
use crate::unet::plan::inputs;
use crate::unet::{Graph, Op, TensorId};

/// Whether each operation may end in the one behind it: a convolution that was cut along its input channels is added up by
/// the normalisation that reads it, where groups are small.
pub(crate) fn ends_in_next(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let behind = nodes.iter().skip(1).map(|node| &node.op);
    let mut ends: Vec<bool> = nodes
        .iter()
        .zip(behind)
        .map(|(made, op)| match (&made.op, op) {
            (
                Op::Conv(conv),
                &Op::GroupNorm {
                    input,
                    scale_shift,
                    groups,
                    ..
                },
            ) => {
                let shape = graph.shape(made.output);
                input == made.output
                    && group_norm_whole::suits(
                        word(shape.channels / groups.max(1)),
                        word(shape.positions()),
                    )
                    // Both would be bound in one place.
                    && !(conv.shift.is_some() && scale_shift.is_some())
            }
            _ => false,
        })
        .collect();
    // There is none behind the last.
    ends.resize(nodes.len(), false);
    ends
}

/// What the dispatches of an operation read, or may: what those read that run as one with it counts for both.
pub(crate) fn reads(graph: &Graph) -> Vec<Vec<TensorId>> {
    let nodes = graph.nodes();
    let mut reads = inputs(graph);
    for (at, _) in ends_in_next(graph)
        .iter()
        .enumerate()
        .filter(|(_, ends)| **ends)
    {
        let [one, next] = [at, at + 1].map(|at| reads.get(at).cloned().unwrap_or_default());
        let made = nodes.get(at).map(|node| node.output);
        if let Some(first) = reads.get_mut(at) {
            first.extend(next.iter().filter(|id| Some(**id) != made));
        }
        if let Some(second) = reads.get_mut(at + 1) {
            second.extend(one);
        }
    }
    reads
}
