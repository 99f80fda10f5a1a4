//! Linear layers that read the same vector, as those of a network's blocks all read its embedding: they run as one.

use std::vec::Vec;

use crate::unet::{Graph, Op, ParamId, TensorId};

/// A linear layer of a graph, by its operation's place in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) node: usize,
    pub(crate) output: TensorId,
    pub(crate) weight: ParamId,
    pub(crate) bias: ParamId,
}

/// The linear layers of a graph, those together that read the same vector in the same way; both in the graph's order.
pub(crate) fn layers(graph: &Graph) -> Vec<Vec<Layer>> {
    let mut all: Vec<((TensorId, bool), Vec<Layer>)> = Vec::new();
    for (node, made) in graph.nodes().iter().enumerate() {
        let Op::Linear {
            input,
            weight,
            bias,
            silu,
        } = made.op
        else {
            continue;
        };
        let layer = Layer {
            node,
            output: made.output,
            weight,
            bias,
        };
        match all.iter_mut().find(|(seen, _)| *seen == (input, silu)) {
            Some((_, together)) => together.push(layer),
            None => all.push(((input, silu), [layer].into())),
        }
    }
    all.into_iter().map(|(_, together)| together).collect()
}
