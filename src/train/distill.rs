//! Progressive distillation as an engine: before a microbatch is trained on, a teacher says what it is to teach.

use std::boxed::Box;
use std::vec::Vec;

use super::engine::{Awaited, Batch, Engine};
use super::error::TrainError;
use super::optimizer::{OptimizerStep, Report};
use crate::cpu::{Inputs, Network};
use crate::diffusion::Lesson;
use crate::memory::{collected, copied, zeros};
use crate::optimizer::Slot;

/// A network that is learnt from: what evaluates it for a microbatch.
pub trait Teacher {
    /// Evaluates the network: fills `output` with what it returns for each image, variance channels among it.
    ///
    /// # Errors
    /// What is wrong with the inputs or the device.
    fn predict_async<'a>(
        &'a mut self,
        inputs: &'a Inputs<'a>,
        output: &'a mut [f32],
    ) -> Awaited<'a, ()>;
}

impl<T: Teacher + ?Sized> Teacher for Box<T> {
    fn predict_async<'a>(
        &'a mut self,
        inputs: &'a Inputs<'a>,
        output: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        (**self).predict_async(inputs, output)
    }
}

impl Teacher for Network {
    fn predict_async<'a>(
        &'a mut self,
        inputs: &'a Inputs<'a>,
        output: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        Box::pin(async move { Ok(self.forward(inputs, output)?) })
    }
}

/// An engine that trains a student: in place of each image and its noise it trains on those that the student must predict
/// to land where its teacher does ([`Lesson`]).
///
/// The mathematics is in f64 on the processor, wherever the networks run.
#[derive(Debug)]
pub struct Distilling<E, T> {
    engine: E,
    teacher: T,
    lessons: Vec<Lesson>,
    /// Numbers of the teacher's output for an image of one number: 2 where its variance is learned.
    outputs: usize,
}

impl<E: Engine, T: Teacher> Distilling<E, T> {
    /// Makes an engine of one for the student and of its teacher, which returns a variance as well where that `is_learned`.
    pub const fn new(engine: E, teacher: T, lessons: Vec<Lesson>, is_learned: bool) -> Self {
        let outputs = if is_learned { 2 } else { 1 };
        Self {
            engine,
            teacher,
            lessons,
            outputs,
        }
    }

    /// What the student is to predict of a microbatch, in place of its images and their noise.
    async fn targets(&mut self, batch: &Batch<'_>) -> Result<Targets, TrainError> {
        let elements = batch.x_start.len() / batch.timesteps.len().max(1);
        let elements = elements.max(1);
        let pairs = batch.x_start.chunks_exact(elements);
        let pairs = pairs.zip(batch.noise.chunks_exact(elements));
        let mut images = Vec::new();
        for (&timestep, (x_start, noise)) in batch.timesteps.iter().zip(pairs) {
            let mut lessons = self.lessons.iter();
            let lesson = lessons.find(|lesson| lesson.timestep == timestep);
            let lesson = lesson.ok_or(TrainError::NoLesson { timestep })?;
            images.push(OnTheWay::begin(lesson, x_start, noise)?);
        }
        let most = images.iter().map(|image| image.lesson.steps.len()).max();
        let mut output = zeros(batch.x_start.len().saturating_mul(self.outputs))?;
        for turn in 0..most.unwrap_or(0) {
            take_steps(&mut self.teacher, turn, batch, &mut images, &mut output).await?;
        }
        let mut targets = Targets {
            x_start: collected(batch.x_start.len(), [])?,
            noise: collected(batch.x_start.len(), [])?,
        };
        for [x_start, noise] in images.iter().flat_map(OnTheWay::targets) {
            targets.x_start.push(x_start as f32);
            targets.noise.push(noise as f32);
        }
        Ok(targets)
    }
}

/// One step of a teacher with each image that has not landed; `output` is room for what it returns.
async fn take_steps(
    teacher: &mut impl Teacher,
    turn: usize,
    batch: &Batch<'_>,
    images: &mut [OnTheWay<'_>],
    output: &mut [f32],
) -> Result<(), TrainError> {
    let x = images.iter().flat_map(|image| &image.x);
    let x: Vec<f32> = collected(batch.x_start.len(), x.map(|&x| x as f32))?;
    let timesteps: Vec<f32> = images.iter().map(|image| image.timestep(turn)).collect();
    let inputs = Inputs {
        x: &x,
        timesteps: &timesteps,
        labels: batch.labels,
        low_res: batch.low_res,
    };
    teacher.predict_async(&inputs, output).await?;
    let each = output.len() / images.len().max(1);
    for (image, output) in images.iter_mut().zip(output.chunks_exact(each.max(1))) {
        image.take_step(turn, output);
    }
    Ok(())
}

/// What a student is to predict of a microbatch.
struct Targets {
    x_start: Vec<f32>,
    noise: Vec<f32>,
}

/// An image that a teacher takes steps with.
struct OnTheWay<'l> {
    lesson: &'l Lesson,
    /// x_t.
    begun: Vec<f64>,
    /// How far it is.
    x: Vec<f64>,
}

impl<'l> OnTheWay<'l> {
    fn begin(lesson: &'l Lesson, x_start: &[f32], noise: &[f32]) -> Result<Self, TrainError> {
        let pairs = x_start.iter().zip(noise);
        let x = pairs.map(|(&x_start, &noise)| lesson.x(x_start.into(), noise.into()));
        let begun: Vec<f64> = collected(x_start.len(), x)?;
        Ok(Self {
            lesson,
            x: copied(&begun)?,
            begun,
        })
    }

    /// The timestep that the teacher is told of in a turn; of an image that has landed before others, any.
    fn timestep(&self, turn: usize) -> f32 {
        let step = self.lesson.steps.get(turn);
        step.map_or(self.lesson.timestep, |step| step.timestep)
    }

    /// Goes on by an output of the teacher, unless it has landed.
    fn take_step(&mut self, turn: usize, output: &[f32]) {
        if let Some(step) = self.lesson.steps.get(turn) {
            for (x, &output) in self.x.iter_mut().zip(output) {
                *x = step.take(*x, output.into());
            }
        }
    }

    fn targets(&self) -> impl Iterator<Item = [f64; 2]> {
        let pairs = self.begun.iter().zip(&self.x);
        pairs.map(|(&x, &landed)| self.lesson.target(x, landed))
    }
}

impl<E: Engine, T: Teacher> Engine for Distilling<E, T> {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        Box::pin(async move {
            let Targets { x_start, noise } = self.targets(batch).await?;
            let batch = Batch {
                x_start: &x_start,
                noise: &noise,
                ..*batch
            };
            self.engine.accumulate_async(&batch, loss).await
        })
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        self.engine.gradient_norm_async(unscale)
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        self.engine.update_async(update)
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        self.engine.read_async(slot, into)
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        self.engine.write(slot, numbers)
    }
}
