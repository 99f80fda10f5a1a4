//! The layout of a network on the device: tensors in the arenas of a plan, parameters in the weights'
//! buffers.

use std::string::String;
use std::vec::Vec;

use super::fusion;
use super::layers::{Layer, layers};
use super::recording::{ALIGNMENT, Binding, Contents, Recording, Width};
use super::vectors;
use super::weights::{Order, Precision, WeightPlan};
use crate::part::put;
use crate::unet::{Graph, Op, ParamId, Plan, Role, TensorId};

/// How wide each tensor's numbers are. Those stay f32 that the loss goes by and begins with, and gradients of
/// parameters.
fn widths(graph: &Graph, precision: Precision) -> Vec<Width> {
    let tensors = graph.tensors().iter().zip(0..);
    let mut widths: Vec<Width> = tensors
        .map(|(tensor, at)| match tensor.role {
            Role::Inner if graph.output() != Some(TensorId(at)) => {
                precision.activations(tensor.shape.positions())
            }
            Role::Inner | Role::Input(_) | Role::Gradient(_) => Width::Full,
        })
        .collect();
    for node in graph.nodes() {
        let exact = match node.op {
            Op::Loss(loss) | Op::LossGrad(loss) => [loss.output, loss.x, node.output],
            Op::Diffuse { .. } | Op::ConvGradWeight { .. } => [node.output; 3],
            // What rounds its result once: the cases in f16 fail for another that is not named here.
            _ => continue,
        };
        for id in exact {
            // What is not of this graph, `record` refuses.
            if let Some(width) = widths.get_mut(id.index()) {
                *width = Width::Full;
            }
        }
    }
    widths
}

/// Plans where each tensor of a graph lies, in words: [`Plan::separated`] with the widths of a precision, for operations of
/// which some are run as one.
pub fn plan(graph: &Graph, precision: Precision) -> Plan {
    Plan::separated_as(
        graph,
        &fusion::reads(graph, halves(graph, precision)),
        words(graph, precision),
    )
}

/// Whether a tensor of a graph is f16 at a precision.
pub(crate) fn halves(graph: &Graph, precision: Precision) -> impl Fn(TensorId) -> bool {
    let widths = widths(graph, precision);
    move |id| widths.get(id.index()) == Some(&Width::Half)
}

/// How many words a tensor of a graph takes at a precision.
pub(crate) fn words(graph: &Graph, precision: Precision) -> impl Fn(TensorId) -> usize {
    let widths = widths(graph, precision);
    move |id| {
        // What is not of this graph, `record` refuses; it has no elements either.
        let width = widths.get(id.index()).copied().unwrap_or(Width::Full);
        (width.bytes(graph.shape(id).elements()) / 4) as usize
    }
}

/// Gives vectors that lie together a buffer of their own: the plan has places for each in its turn, among images, which stay
/// unused.
fn place_together(graph: &Graph, recording: &mut Recording, tensors: &mut [Option<Binding>]) {
    for together in vectors::together(graph) {
        let mut bytes = 0_u64;
        let places: Vec<(TensorId, u64)> = together
            .tensors
            .into_iter()
            .map(|id| {
                let offset = bytes.next_multiple_of(ALIGNMENT);
                bytes = offset.saturating_add(Width::Full.bytes(graph.shape(id).elements()));
                (id, offset)
            })
            .collect();
        // What does not fit is beyond every limit, and `check` says so.
        let words = usize::try_from(bytes / 4).unwrap_or(usize::MAX);
        let buffer = recording.add_buffer(together.name, words, Contents::Workspace);
        for (id, offset) in places {
            let bytes = Width::Full.bytes(graph.shape(id).elements());
            put(
                tensors,
                id.index(),
                Some(Binding {
                    offset,
                    bytes,
                    ..buffer
                }),
            );
        }
    }
}

/// The places of a network's tensors and parameters.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    tensors: Vec<Option<Binding>>,
    params: Vec<Option<Binding>>,
    /// In which order the numbers of each parameter, and of its gradient, lie.
    orders: Vec<Option<Order>>,
    /// The buffers of the weights as words, and those of the gradients: as many, f32.
    pub(crate) weights: Vec<Binding>,
    pub(crate) gradients: Vec<Binding>,
    /// Mean and deviation of each group of the normalisation that runs.
    pub(crate) statistics: Binding,
    /// The laws that a convolution normalises by as it reads, until it has.
    pub(crate) laws: Binding,
    /// What the operation that runs hands from one of its dispatches to the next.
    pub(crate) partial: Binding,
    /// What is bound where there is nothing.
    pub(crate) none: Binding,
    /// The linear layers, those together that run as one.
    pub(crate) layers: Vec<Vec<Layer>>,
}

impl Layout {
    /// The places, and a recording that has their buffers.
    pub(crate) fn new(graph: &Graph, plan: &Plan, weights: &WeightPlan) -> (Recording, Self) {
        let mut recording = Recording::default();
        let none = recording.add_buffer("nothing", 4, Contents::Constant([0; 4].into()));
        let statistics = recording.add_buffer("statistics", 1, Contents::Workspace);
        let laws = recording.add_buffer("laws", 1, Contents::Workspace);
        let partial = recording.add_buffer("partial results", 1, Contents::Workspace);
        let mut buffer = |name: String, bytes: u64, contents| {
            // What does not fit is beyond every limit, and `check` says so.
            let words = usize::try_from(bytes / 4).unwrap_or(usize::MAX);
            recording.add_buffer(&name, words, contents)
        };
        let arenas: Vec<Binding> = (0..)
            .zip(plan.arenas())
            .map(|(at, &words): (usize, _)| {
                buffer(
                    std::format!("arena {at}"),
                    Width::Full.bytes(words),
                    Contents::Workspace,
                )
            })
            .collect();
        let stored: Vec<Binding> = (0..)
            .zip(weights.buffers())
            .map(|(at, &bytes)| buffer(std::format!("weights {at}"), bytes, Contents::Weights(at)))
            .collect();

        let is_gradient = |role: Role| matches!(role, Role::Gradient(_));
        let wide = weights.widened();
        let gradients: Vec<Binding> = if graph.tensors().iter().any(|t| is_gradient(t.role)) {
            let each = wide.buffers().iter().zip(0..);
            each.map(|(&bytes, at): (_, usize)| {
                buffer(std::format!("gradients {at}"), bytes, Contents::Workspace)
            })
            .collect()
        } else {
            Vec::new()
        };

        let tensors = graph
            .tensors()
            .iter()
            .zip(widths(graph, weights.precision()));
        let mut tensors: Vec<Option<Binding>> = (0..)
            .zip(tensors)
            .map(|(at, (tensor, width))| match tensor.role {
                Role::Input(_) => {
                    let bytes = Width::Full.bytes(tensor.shape.elements());
                    Some(buffer(tensor.name.clone(), bytes, Contents::Workspace))
                }
                Role::Gradient(param) => {
                    let place = wide.place(param)?;
                    Some(Binding {
                        offset: place.offset,
                        bytes: place.bytes,
                        ..*gradients.get(place.buffer)?
                    })
                }
                Role::Inner => {
                    let place = plan.place(TensorId(at))?;
                    Some(Binding {
                        offset: Width::Full.bytes(place.offset),
                        bytes: width.bytes(tensor.shape.elements()),
                        width,
                        ..*arenas.get(place.arena)?
                    })
                }
            })
            .collect();
        let params = (0..graph.params().len())
            .map(|at| {
                let place = weights.place(ParamId(at as u32))?;
                Some(Binding {
                    offset: place.offset,
                    bytes: place.bytes,
                    width: weights.precision().weights(),
                    ..*stored.get(place.buffer)?
                })
            })
            .collect();
        let layers = layers(graph);
        place_together(graph, &mut recording, &mut tensors);
        let orders = (0..graph.params().len())
            .map(|at| Some(weights.place(ParamId(at as u32))?.order))
            .collect();
        let layout = Self {
            tensors,
            params,
            orders,
            weights: stored,
            gradients,
            statistics,
            laws,
            partial,
            none,
            layers,
        };
        (recording, layout)
    }

    /// Where a tensor lies, if the plan has a place for it.
    pub(crate) fn tensor(&self, id: TensorId) -> Option<Binding> {
        self.tensors.get(id.index()).copied().flatten()
    }

    /// In which order the numbers of a parameter, and of its gradient, lie, if the weights have a place for it.
    pub(crate) fn order(&self, param: ParamId) -> Option<Order> {
        self.orders.get(param.index()).copied().flatten()
    }

    /// Where a parameter lies, if the weights have a place for it.
    pub(crate) fn param(&self, id: ParamId) -> Option<Binding> {
        self.params.get(id.index()).copied().flatten()
    }
}
