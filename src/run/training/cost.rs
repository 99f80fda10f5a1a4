//! What a training costs, known before a device is asked for.

use crate::checkpoint::Description;
use crate::memory::bytes_of;
use crate::train::{Recompute, TrainConfig, TrainError, graph_of};
use crate::unet::{Graph, Plan};

/// The cost of a training, which follows from its network and options alone: of a student without that of its teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The number of the network's parameters.
    pub parameters: usize,
    /// The floating-point operations of one step; [`u64::MAX`] where they are more.
    pub flops: u64,
    /// The bytes of a microbatch's activations in f32.
    pub activations: u64,
    /// The least bytes that activations take in this order of operations, however they are placed.
    pub least: u64,
    /// What it would cost with nothing recomputed; `None` where nothing is.
    pub kept: Option<Kept>,
}

/// The cost of a training that keeps every result for its backward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The floating-point operations of one step; [`u64::MAX`] where they are more.
    pub flops: u64,
    /// The bytes of a microbatch's activations in f32.
    pub activations: u64,
}

impl Cost {
    /// Of a graph that was made of this description and these options.
    pub(super) fn of(
        graph: &Graph,
        description: &Description,
        config: &TrainConfig,
    ) -> Result<Self, TrainError> {
        let kept = match config.recompute {
            Recompute::Nothing => None,
            Recompute::Cheap | Recompute::Blocks => {
                let kept = TrainConfig {
                    recompute: Recompute::Nothing,
                    ..config.clone()
                };
                let kept = graph_of(description, &kept)?;
                Some(Kept {
                    flops: flops(&kept, config),
                    activations: bytes_of::<f32>(Plan::single(&kept).elements()),
                })
            }
        };
        let plan = Plan::single(graph);
        Ok(Self {
            parameters: graph.parameter_count(),
            flops: flops(graph, config),
            activations: bytes_of::<f32>(plan.elements()),
            least: bytes_of::<f32>(plan.lower_bound(graph)),
            kept,
        })
    }
}

/// Of a step, in which the graph runs once for each microbatch.
fn flops(graph: &Graph, config: &TrainConfig) -> u64 {
    let microbatches = config.batch.checked_div(config.microbatch).unwrap_or(1);
    graph.flops().saturating_mul(microbatches as u64)
}
