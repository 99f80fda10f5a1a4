//! The gradients of vectors and of their parameters that are made together, as neighbours in their graph. What they read
//! lies together for it, in buffers of its own.

use core::ops::Range;
use std::vec;
use std::vec::Vec;

use super::layers::layers;
use crate::part::put;
use crate::unet::{Graph, Node, Op, Role, TensorId};

/// Vectors that lie together.
pub(crate) struct Together {
    pub(crate) name: &'static str,
    pub(crate) tensors: Vec<TensorId>,
}

/// The vectors of a graph that lie together, each in a place of its own: what layers that run as one make, and its
/// gradients; the sums of all normalisations.
pub(crate) fn together(graph: &Graph) -> Vec<Together> {
    let of_layers = layers(graph).into_iter().map(|layers| Together {
        name: "vectors of the blocks",
        tensors: layers.iter().map(|layer| layer.output).collect(),
    });
    let of_gradients = chains(graph).into_iter().map(|chain| Together {
        name: "gradients of the blocks' vectors",
        tensors: gradients(graph, chain),
    });
    let several = of_layers.chain(of_gradients);
    let sums = graph.nodes().iter().filter_map(|node| match node.op {
        Op::NormSums(_) => Some(node.output),
        _ => None,
    });
    let sums = Together {
        name: "sums of the normalisations",
        tensors: sums.collect(),
    };
    let all = several.filter(|all| all.tensors.len() > 1).chain([sums]);
    all.filter(|all| !all.tensors.is_empty() && is_apart(graph, &all.tensors))
        .collect()
}

/// Which tensors of a graph lie together with others, in no arena of a plan.
pub(crate) fn lie_together(graph: &Graph) -> Vec<bool> {
    let mut found = vec![false; graph.tensors().len()];
    for id in together(graph).iter().flat_map(|all| &all.tensors) {
        put(&mut found, id.index(), true);
    }
    found
}

/// Whether some tensors are inner ones, and no operation reads one and makes another: it could not bind a buffer of both.
fn is_apart(graph: &Graph, tensors: &[TensorId]) -> bool {
    let role = |id: &TensorId| graph.tensor(*id).map(|tensor| tensor.role);
    if !tensors.iter().all(|id| role(id) == Some(Role::Inner)) {
        return false;
    }
    let mut among = vec![false; graph.tensors().len()];
    for id in tensors {
        put(&mut among, id.index(), true);
    }
    let is_one = |id: TensorId| among.get(id.index()) == Some(&true);
    let mut nodes = graph.nodes().iter();
    nodes.all(|node| !is_one(node.output) || !node.op.inputs().any(is_one))
}

/// The operations that one dispatch does, or a few, by their places in [`Graph::nodes`]: neighbours of one kind, none of
/// which needs what another makes.
pub(crate) fn runs(graph: &Graph) -> Vec<Range<usize>> {
    let lies_together = lie_together(graph);
    let is_together = |id: TensorId| lies_together.get(id.index()) == Some(&true);
    let mut runs: Vec<(Kind, Range<usize>)> = Vec::new();
    for at in 0..graph.nodes().len() {
        let Some(kind) = kind(graph, at, is_together) else {
            continue;
        };
        match runs.last_mut() {
            Some((last, run)) if *last == kind && run.end == at => run.end += 1,
            _ => runs.push((kind, at..at + 1)),
        }
    }
    let runs = runs.into_iter().map(|(_, run)| run);
    runs.chain(sums(graph)).collect()
}

/// Those of [`runs`] that are one sum: the gradients of several layers with respect to the vector that all of them read.
pub(crate) fn sums(graph: &Graph) -> impl Iterator<Item = Range<usize>> {
    let lies_together = lie_together(graph);
    let is_together = move |id: TensorId| lies_together.get(id.index()) == Some(&true);
    chains(graph).into_iter().filter(move |chain| {
        let mut gradients = gradients(graph, chain.clone()).into_iter();
        chain.len() > 1 && gradients.all(&is_together)
    })
}

/// What operations have in common that are done by one dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NormParams,
    ScaleShifts,
    /// Parameters of the layers of a vector, which go through the SiLU or not.
    LinearParams(TensorId, bool),
}

/// The kind of an operation, if what it makes has a place of its own from the first one's turn on.
fn kind(graph: &Graph, at: usize, is_together: impl Fn(TensorId) -> bool) -> Option<Kind> {
    let node = graph.nodes().get(at)?;
    let is_gradient = is_gradient(graph, node);
    match node.op {
        Op::NormGradParam { .. } if is_gradient => Some(Kind::NormParams),
        Op::NormGradScaleShift { .. } if is_together(node.output) => Some(Kind::ScaleShifts),
        Op::LinearGradWeight { input, silu, .. } if is_gradient => {
            Some(Kind::LinearParams(input, silu))
        }
        Op::ChannelSum { grad: of_bias } if is_gradient => {
            let before = graph.nodes().get(at.checked_sub(1)?)?;
            match before.op {
                Op::LinearGradWeight { input, grad, silu } if grad == of_bias => {
                    self::is_gradient(graph, before).then_some(Kind::LinearParams(input, silu))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an operation makes the gradient of a parameter.
fn is_gradient(graph: &Graph, node: &Node) -> bool {
    let made = graph.tensor(node.output);
    made.is_some_and(|made| matches!(made.role, Role::Gradient(_)))
}

/// Gradients of layers with respect to the vector that all of them read, each added to those before it: no one reads what
/// is added up so far.
fn chains(graph: &Graph) -> Vec<Range<usize>> {
    let mut chains = Vec::new();
    let mut at = 0;
    while let Some(node) = graph.nodes().get(at) {
        let first = at;
        at += 1;
        let Op::LinearGradInput { input, silu, .. } = node.op else {
            continue;
        };
        let mut sum = node.output;
        while let Some([of_layer, added]) = graph.nodes().get(at..at + 2) {
            let is_one_more = matches!(
                of_layer.op,
                Op::LinearGradInput { input: same, silu: alike, .. } if same == input && alike == silu
            );
            let second = of_layer.output;
            let is_sum = added.op == Op::Add { first: sum, second };
            let mut inner = [sum, second].into_iter();
            if !is_one_more || !is_sum || !inner.all(|id| is_passed_on(graph, id)) {
                break;
            }
            sum = added.output;
            at += 2;
        }
        chains.push(first..at);
    }
    chains
}

/// Whether an inner tensor is read once, and is not the graph's result.
fn is_passed_on(graph: &Graph, id: TensorId) -> bool {
    let is_inner = graph.tensor(id).map(|tensor| tensor.role) == Some(Role::Inner);
    let reads = graph.nodes().iter().flat_map(|node| node.op.inputs());
    is_inner && graph.output() != Some(id) && reads.filter(|read| *read == id).count() == 1
}

/// What the layers of a chain read the gradients of their results from.
fn gradients(graph: &Graph, chain: Range<usize>) -> Vec<TensorId> {
    let nodes = graph.nodes().get(chain).unwrap_or_default().iter();
    nodes
        .filter_map(|node| match node.op {
            Op::LinearGradInput { grad, .. } => Some(grad),
            _ => None,
        })
        .collect()
}
