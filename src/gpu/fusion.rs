//! Which operations run as one with the one behind them, and which a convolution does as it reads. A graph and the widths
//! of its tensors alone say so, so that a plan knows it too.

use std::vec;
use std::vec::Vec;

use super::kernels::declare::word;
use super::kernels::group_norm_whole;
use super::vectors;
use crate::part::put;
use crate::unet::plan::inputs;
use crate::unet::{Conv, Graph, Node, Op, ParamId, Role, TensorId};

/// Whether each operation ends in the one behind it: a convolution through a kernel of one whose result is another one's
/// residual. Where groups are small, a concatenation is made by the normalisation that reads it first, and a convolution that
/// was cut along its input channels is added up by a normalisation behind it, or behind the concatenation that it is for. Of
/// gradients, those of small groups are made with their sums, one is written only once what is added to it behind it is,
/// those of the layers of a vector are added up, and that of a concatenation is written as its parts.
pub(crate) fn ends_in_next(graph: &Graph) -> Vec<bool> {
    let nodes = graph.nodes();
    let readers = readers(graph);
    let mut ends = vec![false; nodes.len()];
    for at in (0..nodes.len().saturating_sub(1)).rev() {
        if let (Some(one), Some(next)) = (nodes.get(at), nodes.get(at + 1)) {
            let next_ends = ends.get(at + 1) == Some(&true);
            let is_once = readers.get(one.output.index()) == Some(&1);
            let is_inner = is_inner(graph, one.output);
            let meet = is_inner && meet(graph, one, (next, next_ends), is_once);
            put(&mut ends, at, meet);
        }
    }
    for sum in vectors::sums(graph) {
        for at in sum.start..sum.end.saturating_sub(1) {
            put(&mut ends, at, true);
        }
    }
    for at in 0..nodes.len() {
        let Some(Op::NormSums(norm)) = nodes.get(at).map(|node| node.op) else {
            continue;
        };
        let is_whole = ends.get(at) == Some(&true) && norm.scale_shift.is_none();
        let last = at + 1 + usize::from(ends.get(at + 1) == Some(&true));
        if is_whole && is_cut_in_two(graph, last, &readers) {
            put(&mut ends, last, true);
            put(&mut ends, last + 1, true);
        }
    }
    ends
}

/// Whether what an operation makes, by its place, is read by the two behind it alone, which are its slices.
fn is_cut_in_two(graph: &Graph, at: usize, readers: &[usize]) -> bool {
    let Some([whole, first, second]) = graph.nodes().get(at..at + 3) else {
        return false;
    };
    let channels = graph.shape(first.output).channels;
    let slice = |start, channels| Op::Slice {
        input: whole.output,
        start,
        channels,
    };
    let rest = graph.shape(whole.output).channels.saturating_sub(channels);
    let mut made = [whole, first, second].into_iter();
    made.all(|node| is_inner(graph, node.output))
        && readers.get(whole.output.index()) == Some(&2)
        && first.op == slice(0, channels)
        && second.op == slice(channels, rest)
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

/// What may read what a normalisation is of, in place of what it makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normalising {
    /// The convolution, by its place among the operations, that normalises as it reads.
    pub(crate) conv: usize,
    /// Of a concatenation that need not be made for it either.
    pub(crate) parts: Option<Parts>,
}

/// Both parts of a concatenation, and the convolution by its place, if there is one, that ends in the one behind it and reads
/// them, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    first: TensorId,
    second: TensorId,
    pub(crate) skip: Option<usize>,
}

/// For each normalisation in small groups of f16, by its place, the convolution that alone reads what it makes. All laws lie
/// in one buffer, so no other normalisation is between. Of a graph with gradients there are none: what is made is read again
/// there, or made again to take less memory, which what lives on would take.
pub(crate) fn normalising(
    graph: &Graph,
    is_half: impl Fn(TensorId) -> bool,
) -> Vec<Option<Normalising>> {
    let nodes = graph.nodes();
    let readers = readers(graph);
    let ends = ends_in_next(graph);
    let mut all = vec![None; nodes.len()];
    let mut tensors = graph.tensors().iter();
    if tensors.any(|tensor| matches!(tensor.role, Role::Gradient(_))) {
        return all;
    }
    let mut normalised = None;
    for (at, node) in nodes.iter().enumerate() {
        match node.op {
            Op::GroupNorm { input, groups, .. } => {
                let is_once = readers.get(node.output.index()) == Some(&1);
                let is_left = is_once
                    && is_inner(graph, node.output)
                    && has_small_groups(graph, input, groups)
                    && is_half(input);
                normalised = is_left.then_some((at, node.output));
            }
            Op::Conv(conv) => {
                let read = normalised.filter(|(_, made)| *made == conv.input);
                if let (Some((norm, _)), false) = (read, is_skip(graph, &ends, at)) {
                    let parts = parts(graph, &ends, norm);
                    put(&mut all, norm, Some(Normalising { conv: at, parts }));
                }
            }
            _ => {}
        }
    }
    all
}

/// Whether a convolution, by its place, ends in another one.
fn is_skip(graph: &Graph, ends: &[bool], at: usize) -> bool {
    let next = graph.nodes().get(at + 1).map(|next| next.op);
    ends.get(at) == Some(&true) && matches!(next, Some(Op::Conv(_)))
}

/// Whether operations alone read a tensor: the network's result is there where forward ends, and a parameter's gradient at the
/// end.
fn is_inner(graph: &Graph, id: TensorId) -> bool {
    let role = graph.tensor(id).map(|tensor| tensor.role);
    role == Some(Role::Inner) && graph.output() != Some(id)
}

/// The parts of what a normalisation is of, by its place, where it makes that: a concatenation which but for it at most a
/// convolution reads that ends in the one behind it. Channels of the first part are seen by fours.
fn parts(graph: &Graph, ends: &[bool], norm: usize) -> Option<Parts> {
    let before = norm.checked_sub(1)?;
    let Node {
        op: Op::Concat { first, second },
        output,
    } = *graph.nodes().get(before)?
    else {
        return None;
    };
    let is_left = ends.get(before) == Some(&true) && is_inner(graph, output);
    let is_by_fours = graph.shape(first).channels.is_multiple_of(4);
    let nodes = graph.nodes().iter().enumerate();
    let mut others =
        nodes.filter(|(at, node)| *at != norm && node.op.inputs().any(|id| id == output));
    let skip = others.next().map(|(at, _)| at);
    let is_read_so = others.next().is_none() && skip.is_none_or(|at| is_skip(graph, ends, at));
    (is_left && is_by_fours && is_read_so).then_some(Parts {
        first,
        second,
        skip,
    })
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

/// What the dispatches of each operation read of the arenas of a plan, or may: its own inputs, and what those that run as one
/// with it read or write before it, or that it does as it reads. They are five at most of a normalisation's gradient, its sums
/// among them, that is added to another, and nine of a convolution: what was normalised before it and after, the parts of
/// that, a residual, what makes it and its parts, and a shift. For so many a plan has arenas.
pub(crate) fn reads(graph: &Graph, is_half: impl Fn(TensorId) -> bool) -> Vec<Vec<TensorId>> {
    let nodes = graph.nodes();
    let ends = ends_in_next(graph);
    let mut reads = inputs(graph);
    for Skipped { skip, at, .. } in skipped(graph, &ends) {
        if let Some(reads) = reads.get_mut(at) {
            reads.push(skip.input);
        }
    }
    for (normalising, norm) in normalising(graph, is_half).into_iter().zip(nodes) {
        let (Some(Normalising { conv, parts }), Op::GroupNorm { input, .. }) =
            (normalising, norm.op)
        else {
            continue;
        };
        let skip = parts.and_then(|parts| parts.skip);
        let parts = parts.map(|parts| [parts.first, parts.second]);
        let parts = parts.into_iter().flatten();
        if let Some(reads) = reads.get_mut(conv) {
            reads.extend(parts.clone().chain([input]));
        }
        // The one that it ends in reads them then.
        if let Some(reads) = skip.and_then(|skip| reads.get_mut(skip + 1)) {
            reads.extend(parts);
        }
    }
    // Neither what is not written, nor what lies in no arena.
    let mut elsewhere = vectors::lie_together(graph);
    for (node, _) in nodes.iter().zip(&ends).filter(|(_, ends)| **ends) {
        if is_unwritten(&node.op) {
            put(&mut elsewhere, node.output.index(), true);
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
        reads.retain(|id| elsewhere.get(id.index()) != Some(&true));
    }
    reads
}

/// Whether an operation that ends in the next one writes nothing itself.
const fn is_unwritten(op: &Op) -> bool {
    matches!(
        op,
        Op::NormGradInput { .. }
            | Op::ConvGradInput { .. }
            | Op::LinearGradInput { .. }
            | Op::Add { .. }
    )
}

/// What an operation reads but for the factor of a convolution's products, and what it makes.
fn left(node: &Node) -> Vec<TensorId> {
    let made = [node.output];
    match node.op {
        Op::Conv(conv) => made
            .into_iter()
            .chain(conv.shift)
            .chain(conv.residual)
            .collect(),
        op => made.into_iter().chain(op.inputs()).collect(),
    }
}
