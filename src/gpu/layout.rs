//! Where everything of a network lies: tensors in the arenas of a plan, parameters in the weights' buffers.

use std::string::String;
use std::vec::Vec;

use super::recording::{Binding, Contents, Recording, Width};
use super::weights::{Precision, WeightPlan};
use crate::unet::config::GROUPS;
use crate::unet::{Graph, ParamId, Plan, Role, TensorId};

/// How wide a tensor's numbers are.
fn width(graph: &Graph, precision: Precision, id: TensorId) -> Width {
    let is_inner = graph.tensor(id).is_some_and(|t| t.role == Role::Inner);
    if is_inner && graph.output() != Some(id) {
        precision.activations(graph.shape(id).positions())
    } else {
        Width::Full
    }
}

/// Where each tensor lies, in words: [`Plan::separated`] with the widths of a precision.
pub fn plan(graph: &Graph, precision: Precision) -> Plan {
    Plan::separated_by(graph, |id| {
        let bytes = width(graph, precision, id).bytes(graph.shape(id).elements());
        (bytes / 4) as usize
    })
}

/// The places of a network's tensors and parameters.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    tensors: Vec<Option<Binding>>,
    params: Vec<Option<Binding>>,
    /// Mean and deviation of each group of the normalisation that runs.
    pub(crate) statistics: Binding,
    /// Sums of the stretches of the convolution that runs.
    pub(crate) partial: Binding,
    /// What is bound where there is nothing.
    pub(crate) none: Binding,
}

impl Layout {
    /// The places, and a recording that has their buffers.
    pub(crate) fn new(graph: &Graph, plan: &Plan, weights: &WeightPlan) -> (Recording, Self) {
        let mut recording = Recording::default();
        let none = recording.add_buffer("nothing", 4, Contents::Constant([0; 4].into()));
        let words = 2 * GROUPS * graph.batch();
        let statistics = recording.add_buffer("statistics", words, Contents::Workspace);
        let partial = recording.add_buffer("stretches", 1, Contents::Workspace);
        let mut buffer = |name: String, bytes: u64, contents| {
            recording.add_buffer(&name, (bytes / 4) as usize, contents)
        };
        let arenas: Vec<Binding> = (0..)
            .zip(plan.arenas())
            .map(|(at, &words): (usize, _)| {
                buffer(
                    std::format!("arena {at}"),
                    4 * words as u64,
                    Contents::Workspace,
                )
            })
            .collect();
        let stored: Vec<Binding> = (0..)
            .zip(weights.buffers())
            .map(|(at, &bytes)| buffer(std::format!("weights {at}"), bytes, Contents::Weights(at)))
            .collect();

        let tensors = graph.tensors().iter().enumerate();
        let tensors = tensors
            .map(|(at, tensor)| match tensor.role {
                Role::Input(_) => {
                    let bytes = 4 * tensor.shape.elements() as u64;
                    Some(buffer(tensor.name.clone(), bytes, Contents::Workspace))
                }
                Role::Gradient(_) => None,
                Role::Inner => {
                    let place = plan.place(TensorId(at as u32))?;
                    let width = width(graph, weights.precision(), TensorId(at as u32));
                    Some(Binding {
                        offset: 4 * place.offset as u64,
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
        let layout = Self {
            tensors,
            params,
            statistics,
            partial,
            none,
        };
        (recording, layout)
    }

    pub(crate) fn tensor(&self, id: TensorId) -> Binding {
        self.tensors
            .get(id.index())
            .copied()
            .flatten()
            .unwrap_or(self.none)
    }

    pub(crate) fn param(&self, id: ParamId) -> Binding {
        self.params
            .get(id.index())
            .copied()
            .flatten()
            .unwrap_or(self.none)
    }
}
