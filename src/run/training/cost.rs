//! What a training costs, known before a device is asked for.

use super::student::Student;
use crate::checkpoint::Description;
use crate::memory::bytes_of;
use crate::train::{Recompute, TrainConfig, TrainError, graph_of};
use crate::unet::{Graph, Plan};

/// The cost of a training, which follows from its network and options alone, and of a student from its teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The number of the network's parameters.
    pub parameters: usize,
    /// The floating-point operations of one step, those of a teacher among them; [`u64::MAX`] where they are more.
    pub flops: u64,
    /// The bytes of a microbatch's activations in f32, without those of a teacher.
    pub activations: u64,
    /// The least bytes that activations take in this order of operations, however they are placed.
    pub least: u64,
    /// What it would cost with nothing recomputed; `None` where nothing is.
    pub kept: Option<Kept>,
    /// The teacher's part; `None` where nothing is distilled.
    pub teacher: Option<TeacherCost>,
}

/// The cost of a teacher in the training of its student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TeacherCost {
    /// The floating-point operations of one step, at most: some of a student's steps may be fewer of the teacher's than
    /// others. [`u64::MAX`] where they are more.
    pub flops: u64,
    /// The bytes of its weights and of a microbatch's activations, in f32.
    pub bytes: u64,
}

/// The cost of a training that keeps every result for its backward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The floating-point operations of one step, those of a teacher among them; [`u64::MAX`] where they are more.
    pub flops: u64,
    /// The bytes of a microbatch's activations in f32, without those of a teacher.
    pub activations: u64,
}

impl Cost {
    /// Of a graph that was made of this description and these options.
    pub(super) fn of(
        graph: &Graph,
        description: &Description,
        config: &TrainConfig,
        student: Option<&Student>,
    ) -> Result<Self, TrainError> {
        let teacher = student.map(|student| TeacherCost::of(student, config));
        let teacher = teacher.transpose()?;
        let taught = teacher.map_or(0, |teacher| teacher.flops);
        let kept = match config.recompute {
            Recompute::Nothing => None,
            Recompute::Cheap | Recompute::Blocks => {
                let kept = TrainConfig {
                    recompute: Recompute::Nothing,
                    ..config.clone()
                };
                let kept = graph_of(description, &kept)?;
                Some(Kept {
                    flops: flops(&kept, config).saturating_add(taught),
                    activations: bytes_of::<f32>(Plan::single(&kept).elements()),
                })
            }
        };
        let plan = Plan::single(graph);
        Ok(Self {
            parameters: graph.parameter_count(),
            flops: flops(graph, config).saturating_add(taught),
            activations: bytes_of::<f32>(plan.elements()),
            least: bytes_of::<f32>(plan.lower_bound(graph)),
            kept,
            teacher,
        })
    }
}

impl TeacherCost {
    fn of(student: &Student, config: &TrainConfig) -> Result<Self, TrainError> {
        let graph = student.teacher_graph(config.microbatch)?;
        let activations = Plan::single(&graph).elements();
        Ok(Self {
            flops: flops(&graph, config).saturating_mul(student.most_steps() as u64),
            bytes: bytes_of::<f32>(graph.weights_len().saturating_add(activations)),
        })
    }
}

/// Of a step, in which the graph runs once for each microbatch.
fn flops(graph: &Graph, config: &TrainConfig) -> u64 {
    let microbatches = config.batch.checked_div(config.microbatch).unwrap_or(1);
    graph.flops().saturating_mul(microbatches as u64)
}
