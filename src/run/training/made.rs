//! An engine that was made for a training, and what is to be said of it.

use std::boxed::Box;

use super::student::Student;
use crate::memory::{self, bytes_of};
use crate::run::Threads;
use crate::train::{CpuEngine, Distilling, Engine, Teacher, TrainConfig, TrainError};
use crate::unet::Graph;

/// An engine, and what is to be said of it.
pub(super) struct Made {
    pub(super) engine: Box<dyn Engine>,
    /// As in ", in f16"; nothing in f32.
    pub(super) precision: &'static str,
    /// Of memory: on the processor all of them, on a GPU those beside the weights.
    pub(super) bytes: u64,
}

impl Made {
    pub(super) fn on_processor(
        threads: Threads,
        graph: &Graph,
        config: &TrainConfig,
        student: Option<Student>,
    ) -> Result<Self, TrainError> {
        let rates = &config.ema_rates;
        let taught = match student {
            Some(student) => {
                let (program, bytes) = student.program(config.microbatch)?;
                Some((student, program, bytes))
            }
            None => None,
        };
        // Both at once: what the engine was promised is not yet taken when its teacher asks.
        let of_teacher = taught.as_ref().map_or(0, |(_, _, bytes)| *bytes);
        let needed = CpuEngine::needs(graph, rates.len(), config.half)?;
        memory::check(needed.saturating_add(of_teacher))?;
        let engine = CpuEngine::with_threads(graph, rates, config.half, threads.count())?;
        let (run, slots) = engine.elements();
        let made = Self {
            engine: Box::new(engine),
            // It computes in f32, whatever is asked for.
            precision: if config.half {
                ", f16 for weights alone"
            } else {
                ""
            },
            bytes: bytes_of::<f32>(run.saturating_add(slots)),
        };
        let Some((student, program, bytes)) = taught else {
            return Ok(made);
        };
        let teacher = student.on_processor(program, threads)?;
        Ok(made.taught(student, teacher, bytes))
    }

    /// The engine with a student's teacher, which takes so many bytes.
    pub(super) fn taught(self, student: Student, teacher: Box<dyn Teacher>, bytes: u64) -> Self {
        let variance = student.teacher.description().card.diffusion.variance;
        let lessons = student.lessons;
        let engine = Distilling::new(self.engine, teacher, lessons, variance.is_learned());
        Self {
            engine: Box::new(engine),
            bytes: self.bytes.saturating_add(bytes),
            ..self
        }
    }
}
