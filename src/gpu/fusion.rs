//! Which operations run as one with the one behind them. A graph alone says so, so that a plan knows it too.

use std::vec;
use std::vec::Vec;

use super::kernels::declare::word;
use super::kernels::group_norm_whole;
use crate::part::put;
use crate::unet::plan::inputs;
use crate::unet::{Conv, Graph, Node, Op, ParamId, Role, TensorId};

/// Whether each operation ends in the one behind it: a convolution through a kernel of one whose result is another one's
/// residual. Where groups are small, a concatenation is made by the normalisation that reads it first, and a convolution that
/// was cut along its input channels is added up by a normalisation behind it, or behind the concatenation that it is for. Of
/// gradients, those of small groups are made with their sums, and one is written only once what is added to it behind it is.
pub(crate) fn ends_in_next(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let readers = readers(graph);
    let mut ends = vec![false; nodes.len()];
    for at in (0..nodes.len().saturating_sub(1)).rev() {
        if let (Some(one), Some(next)) = (nodes.get(at), nodes.get(at + 1)) {
            let next_ends = ends.get(at + 1) == Some(&true);
            let is_once = readers.get(one.output.index()) == Some(&1);
            // The network's result is there where forward ends.
            let is_inner = graph.output() != Some(one.output);
            let meet = is_inner && meet(graph, one, (next, next_ends), is_once);
            put(&mut ends, at, meet);
        }
    }
    ends
}

/// Whether an operation, whose result is read once or more often, ends in the next one, which may itself end in the next.
fn meet(graph: &Graph, one: &Node, (next, next_ends): (&Node, bool), is_once: bool) -> bool {
    match (&one.op, &next.op) {
        (Op::Conv(conv), Op::Concat { first, second }) => {
            // The result itself is not written then.
            next_ends && is_once && *first == one.output && first != second && conv.shift.is_none()
        }
        (Op::Conv(skip), Op::Conv(_)) => is_once && skips(one.output, skip, &next.op),
        (Op::NormSums(norm), Op::NormGradInput { norm: same, sums }) => {
            *sums == one.output && norm == same && has_small_groups(graph, norm.input, norm.groups)
        }
        (Op::NormGradInput { .. } | Op::ConvGradInput { .. }, Op::Add { first, second }) => {
            // The result itself is not written then; what a parameter learns from may lie transposed.
            let is_image = graph.tensor(next.output).map(|sum| sum.role) == Some(Role::Inner);
            is_once && *second == one.output && first != second && is_image
        }
        (Op::Conv(conv), norm) => {
            // What would be bound in one place are both.
            let has_two = conv.shift.is_some() && is_modulated(norm);
            normalises(graph, norm, one.output) && !has_two
        }
        (Op::Concat { .. }, norm) => normalises(graph, norm, one.output) && !is_modulated(norm),
        _ => false,
    }
}

/// Whether a convolution through a kernel of one makes another's residual, and nothing else that it reads.
fn skips(made: TensorId, skip: &Conv, next: &Op) -> bool {
    let is_point = skip.kernel == 1 && skip.stride == 1 && !skip.upsample;
    let is_bare = skip.shift.is_none() && skip.residual.is_none();
    is_point && is_bare && matches!(next, Op::Conv(next) if next.residual == Some(made))
}

/// A convolution that ends in the one behind it, and that one by its place among the operations.
struct Skipped {
    skip: Conv,
    conv: Conv,
    at: usize,
}

fn skipped(graph: &Graph, ends: &[bool]) -> Vec<Skipped> {
    let nodes = graph.nodes();
    let pairs = nodes.iter().zip(nodes.iter().skip(1)).zip(1..).zip(ends);
    let skipped =
        |(((one, next), at), &ends): (((&Node, &Node), usize), &bool)| match (one.op, next.op) {
            (Op::Conv(skip), Op::Conv(conv)) if ends => Some(Skipped { skip, conv, at }),
            _ => None,
        };
    pairs.filter_map(skipped).collect()
}

/// The parameters that are bound together: of a convolution, and of the one that ends in it.
pub(crate) fn bound_together(graph: &Graph) -> Vec<[ParamId; 2]> {
    let skipped = skipped(graph, &ends_in_next(graph)).into_iter();
    skipped
        .flat_map(|Skipped { skip, conv, .. }| [[conv.weight, skip.weight], [conv.bias, skip.bias]])
        .collect()
}

const fn is_modulated(op: &Op) -> bool {
    matches!(
        op,
        Op::GroupNorm {
            scale_shift: Some(_),
            ..
        }
    )
}

/// Whether an operation normalises a tensor in small groups.
fn normalises(graph: &Graph, op: &Op, id: TensorId) -> bool {
    match *op {
        Op::GroupNorm { input, groups, .. } => input == id && has_small_groups(graph, id, groups),
        _ => false,
    }
}

/// Whether so many groups of a tensor are small ones.
fn has_small_groups(graph: &Graph, id: TensorId, groups: usize) -> bool {
    let shape = graph.shape(id);
    let per_group = word(shape.channels / groups.max(1));
    group_norm_whole::suits(per_group, word(shape.positions()))
}

/// How often operations read each tensor.
fn readers(graph: &Graph) -> Vec<usize> {
    let mut readers = vec![0; graph.tensors().len()];
    for id in graph.nodes().iter().flat_map(|node| node.op.inputs()) {
        // What is not of this graph, `record` refuses.
        if let Some(count) = readers.get_mut(id.index()) {
            *count += 1;
        }
    }
    readers
}

/// What the dispatches of each operation read, or may: its own inputs, and what those that run as one with it leave to the
/// last of them. They are four at most of a convolution with a residual and two parts of a concatenation, and five of a
/// normalisation's gradient, its sums among them, that is added to another: for so many a plan has arenas.
pub(crate) fn reads(graph: &Graph) -> Vec<Vec<TensorId>> {
    let nodes = graph.nodes();
    let ends = ends_in_next(graph);
    let mut reads = inputs(graph);
    for Skipped { skip, at, .. } in skipped(graph, &ends) {
        if let Some(reads) = reads.get_mut(at) {
            reads.push(skip.input);
        }
    }
    // What is not written nobody reads.
    let mut unwritten = vec![false; graph.tensors().len()];
    for (node, _) in nodes.iter().zip(&ends).filter(|(_, ends)| **ends) {
        if let Op::NormGradInput { .. } | Op::ConvGradInput { .. } = node.op {
            put(&mut unwritten, node.output.index(), true);
        }
    }
    let mut from = 0;
    for (at, ends) in ends.into_iter().enumerate() {
        if ends {
            continue;
        }
        let run = from..at + 1;
        from = at + 1;
        let left: Vec<TensorId> = nodes
            .get(run.clone())
            .unwrap_or_default()
            .iter()
            .flat_map(left)
            .collect();
        for one in run.clone() {
            let made = nodes.get(one..run.end).unwrap_or_default();
            let is_made = |id: &TensorId| made.iter().any(|node| node.output == *id);
            if let Some(reads) = reads.get_mut(one) {
                reads.extend(left.iter().filter(|id| !is_made(id)));
            }
        }
    }
    for reads in &mut reads {
        reads.retain(|id| unwritten.get(id.index()) != Some(&true));
    }
    reads
}

/// What an operation reads but for the factor of a convolution's products.
fn left(node: &Node) -> Vec<TensorId> {
    match node.op {
        Op::Conv(conv) => conv.shift.into_iter().chain(conv.residual).collect(),
        op => op.inputs().collect(),
    }
}
