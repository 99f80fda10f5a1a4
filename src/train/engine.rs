//! The engine of a training run, which runs its graph and keeps its weights: the one thing that a processor
//! and a GPU do differently.

use std::boxed::Box;

use super::error::TrainError;
use super::optimizer::{OptimizerStep, Report};
use crate::optimizer::Slot;

/// The inputs of one microbatch; images are [N, C, H, W].
pub type Batch<'a> = crate::cpu::TrainingInputs<'a>;

/// The engine of a training run: runs a training graph, keeps weights, moments and averages.
pub trait Engine {
    /// Runs forward and backward of one microbatch, whose gradients are added to those since the last
    /// update. `loss` becomes [N, 3]: total, squared error, bound's term.
    ///
    /// # Errors
    /// What is wrong with the batch or the device.
    fn accumulate(&mut self, batch: &Batch<'_>, loss: &mut [f32]) -> Result<(), TrainError>;

    /// Takes one step of the optimiser and of the averages by the gradients since the last update, unless
    /// they are not finite: then nothing changes. The sum begins anew either way.
    ///
    /// # Errors
    /// What is wrong with the device.
    fn update(&mut self, update: &OptimizerStep) -> Result<Report, TrainError>;

    /// Copies the numbers of a slot to `into`.
    ///
    /// # Errors
    /// [`TrainError::Length`]; what is wrong with the device.
    fn read(&self, slot: Slot, into: &mut [f32]) -> Result<(), TrainError>;

    /// Replaces the numbers of a slot.
    ///
    /// # Errors
    /// [`TrainError::Length`]; what is wrong with the device.
    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError>;
}

impl<E: Engine + ?Sized> Engine for Box<E> {
    fn accumulate(&mut self, batch: &Batch<'_>, loss: &mut [f32]) -> Result<(), TrainError> {
        (**self).accumulate(batch, loss)
    }

    fn update(&mut self, update: &OptimizerStep) -> Result<Report, TrainError> {
        (**self).update(update)
    }

    fn read(&self, slot: Slot, into: &mut [f32]) -> Result<(), TrainError> {
        (**self).read(slot, into)
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        (**self).write(slot, numbers)
    }
}
