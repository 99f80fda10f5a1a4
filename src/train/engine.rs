//! The engine of a training run, which runs its graph and keeps its weights: the one thing that a processor
//! and a GPU do differently.

use core::pin::Pin;
use std::boxed::Box;

use super::error::TrainError;
use super::optimizer::{OptimizerStep, Report};
use crate::optimizer::Slot;
use crate::waiting::block_on;

/// The inputs of one microbatch; images are [N, C, H, W].
pub type Batch<'a> = crate::cpu::TrainingInputs<'a>;

/// What an engine does in its own time.
pub type Awaited<'a, T> = Pin<Box<dyn Future<Output = Result<T, TrainError>> + 'a>>;

/// The engine of a training run: runs a training graph, keeps weights, moments and averages.
///
/// What may take a device its time comes as a future, and is waited for by a twin of a shorter name. A page must not
/// wait. A future that is dropped leaves its microbatch or step undone or done, and it is not known which.
pub trait Engine {
    /// Runs forward and backward of one microbatch, whose gradients are added to those since the last
    /// update. `loss` becomes [N, 3]: total, squared error, bound's term.
    ///
    /// # Errors
    /// What is wrong with the batch or the device.
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()>;

    /// Takes one step of the optimiser and of the averages by the gradients since the last update, unless
    /// they are not finite: then nothing changes. The sum begins anew either way.
    ///
    /// # Errors
    /// What is wrong with the device.
    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report>;

    /// Measures the gradients since the last update: their norm times a factor, one over the loss scale. NaN or infinite
    /// where they are not finite. Nothing changes by it.
    ///
    /// # Errors
    /// What is wrong with the device.
    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64>;

    /// Copies the numbers of a slot to `into`.
    ///
    /// # Errors
    /// [`TrainError::Length`]; what is wrong with the device.
    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()>;

    /// Replaces the numbers of a slot.
    ///
    /// # Errors
    /// [`TrainError::Length`]; what is wrong with the device.
    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError>;

    /// Runs a microbatch as [`accumulate_async`](Self::accumulate_async), waiting for its losses.
    ///
    /// # Errors
    /// Those of [`accumulate_async`](Self::accumulate_async).
    fn accumulate(&mut self, batch: &Batch<'_>, loss: &mut [f32]) -> Result<(), TrainError> {
        block_on(self.accumulate_async(batch, loss))
    }

    /// Takes a step as [`update_async`](Self::update_async), waiting for its report.
    ///
    /// # Errors
    /// Those of [`update_async`](Self::update_async).
    fn update(&mut self, update: &OptimizerStep) -> Result<Report, TrainError> {
        block_on(self.update_async(update))
    }

    /// Measures gradients as [`gradient_norm_async`](Self::gradient_norm_async), waiting for their norm.
    ///
    /// # Errors
    /// Those of [`gradient_norm_async`](Self::gradient_norm_async).
    fn gradient_norm(&mut self, unscale: f64) -> Result<f64, TrainError> {
        block_on(self.gradient_norm_async(unscale))
    }

    /// Copies numbers as [`read_async`](Self::read_async), waiting for them.
    ///
    /// # Errors
    /// Those of [`read_async`](Self::read_async).
    fn read(&self, slot: Slot, into: &mut [f32]) -> Result<(), TrainError> {
        block_on(self.read_async(slot, into))
    }
}

impl<E: Engine + ?Sized> Engine for Box<E> {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        (**self).accumulate_async(batch, loss)
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        (**self).update_async(update)
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        (**self).gradient_norm_async(unscale)
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        (**self).read_async(slot, into)
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        (**self).write(slot, numbers)
    }
}
