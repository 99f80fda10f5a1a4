//! The memory plan of a graph: lifetimes of tensors become offsets in a workspace.

use alloc::vec;
use alloc::vec::Vec;

use super::alignment::aligned;
use super::graph::Graph;
use super::tensor::{Role, TensorId};
use crate::part::put;

pub use super::alignment::ALIGNMENT;

/// The place of a tensor in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The arena of the workspace that the tensor lies in.
    pub arena: usize,
    /// The first element of the tensor in its arena.
    pub offset: usize,
}

/// The lifetime of a tensor: from the operation that makes it to the last that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The operation that makes the tensor, by its place in [`Graph::nodes`].
    pub first: usize,
    /// The last operation that reads the tensor; one past the end for the network's result.
    pub last: usize,
}

impl Lifetime {
    const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A memory plan: a place for each tensor of a graph but those that the caller gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    places: Vec<Option<Place>>,
    lifetimes: Vec<Lifetime>,
    arenas: Vec<usize>,
    /// What each tensor of the graph is, by which the plan knows its graph again.
    planned: Vec<Planned>,
}

/// What a plan knows of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Planned {
    /// Whether it has a place: an operation makes it, and it is no gradient.
    inner: bool,
    elements: usize,
    /// The room it was given, in the unit of the plan.
    room: usize,
}

impl Plan {
    /// Plans one arena for everything: what an executor over one slice needs.
    pub fn single(graph: &Graph) -> Self {
        let elements = |id| graph.shape(id).elements();
        let colours = vec![Some(0); graph.tensors().len()];
        Self::coloured(graph, &inputs(graph), colours, elements)
    }

    /// Plans several arenas, such that no operation reads and writes the same one.
    ///
    /// An operation reads at most five tensors, with those that run as one with it at most nine, so ten arenas always do; a
    /// network takes three.
    pub fn separated(graph: &Graph) -> Self {
        Self::separated_by(graph, |id| graph.shape(id).elements())
    }

    /// Plans several arenas as [`separated`](Self::separated), where a tensor takes as much room as `len`
    /// says: that of elements of another width. The lengths of the plan are in the same unit.
    pub fn separated_by(graph: &Graph, len: impl Fn(TensorId) -> usize) -> Self {
        Self::separated_as(graph, &inputs(graph), len)
    }

    /// Plans several arenas as [`separated_by`](Self::separated_by), where each operation reads what `reads` says of it:
    /// its own inputs, and those of others that are run as one with it.
    pub(crate) fn separated_as(
        graph: &Graph,
        reads: &[Vec<TensorId>],
        len: impl Fn(TensorId) -> usize,
    ) -> Self {
        let mut colours: Vec<Option<usize>> = vec![None; graph.tensors().len()];
        let mut used = [0_usize; 10];
        for (node, reads) in graph.nodes().iter().zip(reads) {
            let forbidden = |arena: usize| {
                let mut reads = reads.iter();
                reads.any(|input| colours.get(input.index()) == Some(&Some(arena)))
            };
            let arenas = used.iter_mut().enumerate();
            let candidates = arenas.filter(|(arena, _)| !forbidden(*arena));
            let elements = len(node.output);
            // The arena that has held the largest tensor already costs the least to use again.
            let chosen = candidates.max_by_key(|(arena, largest)| {
                ((**largest).min(elements), core::cmp::Reverse(*arena))
            });
            debug_assert!(chosen.is_some(), "an operation reads at most nine tensors");
            if let Some((arena, largest)) = chosen {
                *largest = elements.max(*largest);
                put(&mut colours, node.output.index(), Some(arena));
            }
        }
        Self::coloured(graph, reads, colours, len)
    }

    fn coloured(
        graph: &Graph,
        reads: &[Vec<TensorId>],
        colours: Vec<Option<usize>>,
        len: impl Fn(TensorId) -> usize,
    ) -> Self {
        let lifetimes = lifetimes(graph, reads);
        let tensors = graph.tensors().iter().zip(0..);
        let planned: Vec<Planned> = tensors
            .map(|(tensor, at)| Planned {
                inner: tensor.role == Role::Inner,
                elements: tensor.shape.elements(),
                room: len(TensorId(at)),
            })
            .collect();
        let each = planned.iter().zip(&lifetimes).zip(colours);
        let mut order: Vec<Coloured> = (0..)
            .zip(each)
            .filter(|(_, ((tensor, _), _))| tensor.inner)
            .filter_map(|(at, ((tensor, &lifetime), arena))| {
                Some(Coloured {
                    at,
                    arena: arena?,
                    size: aligned(tensor.room),
                    lifetime,
                })
            })
            .collect();
        // Large tensors first: small ones fit into what they leave.
        order.sort_by_key(|tensor| (core::cmp::Reverse(tensor.size), tensor.at));

        let last = order.iter().map(|tensor| tensor.arena).max();
        let mut places = vec![None; lifetimes.len()];
        let arenas = (0..last.map_or(0, |last| last + 1)).map(|arena| {
            let (mut taken, mut len) = (Vec::new(), 0);
            for tensor in order.iter().filter(|tensor| tensor.arena == arena) {
                let (offset, end) = place(&mut taken, tensor);
                len = end.max(len);
                put(&mut places, tensor.at, Some(Place { arena, offset }));
            }
            len
        });
        Self {
            arenas: arenas.collect(),
            places,
            lifetimes,
            planned,
        }
    }

    /// Checks that the plan is of a graph whose operations read what `reads` says, and that each tensor has the room that `len` says it needs.
    ///
    /// # Errors
    /// [`GraphError::Plan`](crate::unet::GraphError::Plan) with the first tensor that is another.
    #[cfg(any(feature = "cpu", feature = "gpu"))]
    pub(crate) fn check(
        &self,
        graph: &Graph,
        reads: &[Vec<TensorId>],
        len: impl Fn(TensorId) -> usize,
    ) -> Result<(), crate::unet::GraphError> {
        use crate::unet::GraphError;
        let differ = |tensor, what, planned, found| {
            Err(GraphError::Plan {
                tensor,
                what,
                planned,
                found,
            })
        };
        let (planned, found) = (self.planned.len(), graph.tensors().len());
        if planned != found {
            return differ(planned.min(found), "tensors", planned, found);
        }
        let lifetimes = self.lifetimes.iter().zip(lifetimes(graph, reads));
        let each = graph.tensors().iter().zip(&self.planned).zip(lifetimes);
        for (at, ((tensor, planned), (due, lifetime))) in (0..).zip(each) {
            let elements = tensor.shape.elements();
            let inner = tensor.role == Role::Inner;
            let pairs = [
                ("elements", planned.elements, elements),
                ("places", planned.inner.into(), inner.into()),
                ("first operation", due.first, lifetime.first),
                ("last operation", due.last, lifetime.last),
            ];
            for (what, planned, found) in pairs {
                if planned != found {
                    return differ(at, what, planned, found);
                }
            }
            let needed = len(TensorId(at as u32));
            if inner && planned.room < needed {
                return differ(at, "room", planned.room, needed);
            }
        }
        Ok(())
    }

    /// Looks up the place of a tensor; `None` for what the caller gives.
    pub fn place(&self, id: TensorId) -> Option<Place> {
        self.places.get(id.index()).copied().flatten()
    }

    /// Looks up the lifetime of a tensor.
    pub fn lifetime(&self, id: TensorId) -> Option<Lifetime> {
        self.lifetimes.get(id.index()).copied()
    }

    /// The length of each arena, in elements; [`usize::MAX`], which nothing is as long as, where tensors
    /// of a graph that was built by hand take more.
    pub fn arenas(&self) -> &[usize] {
        &self.arenas
    }

    /// The number of elements of all arenas; [`usize::MAX`] where they are more.
    pub fn elements(&self) -> usize {
        self.arenas.iter().copied().fold(0, usize::saturating_add)
    }

    /// The least number of elements of any plan for this order of operations: the largest sum of tensors
    /// that are needed at once, each rounded up to [`ALIGNMENT`].
    pub fn lower_bound(&self, graph: &Graph) -> usize {
        let live = |at: usize| -> usize {
            let here = Lifetime {
                first: at,
                last: at,
            };
            let pairs = graph.tensors().iter().zip(&self.lifetimes);
            pairs
                .filter(|(tensor, lifetime)| tensor.role == Role::Inner && lifetime.overlaps(here))
                .map(|(tensor, _)| aligned(tensor.shape.elements()))
                .fold(0, usize::saturating_add)
        };
        // Without operations nothing is needed.
        (0..graph.nodes().len()).map(live).max().unwrap_or(0)
    }
}

/// A tensor whose arena is known.
struct Coloured {
    /// Its place in [`Graph::tensors`].
    at: usize,
    arena: usize,
    size: usize,
    lifetime: Lifetime,
}

/// A stretch of an arena, and when it is in use.
struct Taken {
    offset: usize,
    end: usize,
    lifetime: Lifetime,
}

/// Takes a stretch of an arena for a tensor; returns where it begins and ends.
fn place(taken: &mut Vec<Taken>, &Coloured { size, lifetime, .. }: &Coloured) -> (usize, usize) {
    let offset = lowest_gap(taken, lifetime, size);
    let end = offset.saturating_add(size);
    let behind = taken.partition_point(|other| other.offset <= offset);
    let one = Taken {
        offset,
        end,
        lifetime,
    };
    taken.insert(behind, one);
    (offset, end)
}

/// The smallest gap that so many elements fit in, among those of an arena, by their offsets, that live
/// beside a tensor.
fn lowest_gap(taken: &[Taken], lifetime: Lifetime, size: usize) -> usize {
    let (mut end, mut best) = (0, None);
    for other in taken
        .iter()
        .filter(|other| other.lifetime.overlaps(lifetime))
    {
        let gap = other.offset.saturating_sub(end);
        if gap >= size && best.is_none_or(|(smallest, _)| gap < smallest) {
            best = Some((gap, end));
        }
        end = end.max(other.end);
    }
    best.map_or(end, |(_, offset)| offset)
}

/// What each operation of a graph reads by itself.
pub(crate) fn inputs(graph: &Graph) -> Vec<Vec<TensorId>> {
    let nodes = graph.nodes().iter();
    nodes.map(|node| node.op.inputs().collect()).collect()
}

fn lifetimes(graph: &Graph, reads: &[Vec<TensorId>]) -> Vec<Lifetime> {
    let mut lifetimes = vec![Lifetime { first: 0, last: 0 }; graph.tensors().len()];
    for (at, (node, reads)) in graph.nodes().iter().zip(reads).enumerate() {
        let made = Lifetime {
            first: at,
            last: at,
        };
        put(&mut lifetimes, node.output.index(), made);
        for input in reads {
            // Another graph's tensor, which `check` refuses, has no lifetime.
            if let Some(read) = lifetimes.get_mut(input.index()) {
                read.last = at;
            }
        }
    }
    if let Some(result) = graph.output().and_then(|id| lifetimes.get_mut(id.index())) {
        result.last = graph.nodes().len();
    }
    lifetimes
}
