//! A training run in a folder, on a device.

use core::ops::ControlFlow;
use std::boxed::Box;
use std::path::PathBuf;

use super::cost::Cost;
use super::origin::Origin;
use crate::Error;
use crate::checkpoint::{Checkpoint, WeightBuffer};
use crate::diffusion::WeightSet;
use crate::run::{Chosen, Model};
use crate::train::{Engine, RunDirectory, Slot, StepReport, Trainer};

/// A training run in a folder, which nobody else writes to meanwhile. It resumes bit for bit.
///
/// ```no_run
/// use core::ops::ControlFlow;
/// use iddpm::data::{self, Options};
/// use iddpm::{Device, Recipe, Training};
///
/// let pets = data::open("pets/", &Options::default())?; // as large as most are, or Options::square(64)
/// println!("{pets}"); // classes, and what was passed over
/// let recipe = Recipe::of(&pets);
/// let mut training = Training::begin_or_resume("runs/pets", &recipe, pets, Device::best())?;
/// training.until(recipe.config.anneal, |report| {
///     println!("step {}: loss {:.4}", report.step, report.loss);
///     ControlFlow::Continue(())
/// })?;
/// let model = training.model()?; // ready to draw
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// A host that owns the loop takes the steps itself:
///
/// ```
/// use iddpm::{Device, Recipe, Training};
/// # use iddpm::data::Images;
/// # use iddpm::unet::Extents;
/// # let extents = Extents { channels: 1, height: 8, width: 8 };
/// # let data = Images::new(extents, vec![128; 4 * 64], None, None)?;
/// # let folder = std::env::temp_dir().join(format!("iddpm-training-{}", std::process::id()));
/// let mut recipe = Recipe::default();
/// recipe.config.batch = 2;
/// # recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
/// let mut training = Training::begin(&folder, &recipe, data, Device::cpu())?;
/// while training.position() < 2 {
///     let report = training.step()?;
///     assert!(report.loss.is_finite());
///     training.save_if_due()?;
/// }
/// let state = training.save()?;
/// # drop(training);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training {
    pub(super) folder: RunDirectory,
    pub(super) trainer: Trainer<Box<dyn Engine>>,
    pub(super) chosen: Chosen,
    pub(super) precision: &'static str,
    pub(super) bytes: u64,
    pub(super) origin: Origin,
    pub(super) cost: Cost,
    pub(super) save_every: u64,
    pub(super) keep: usize,
}

impl core::fmt::Debug for Training {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Training")
            .field("folder", &self.folder)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl Training {
    /// Takes one step over one batch. The first error ends the training: what was saved before goes on with another.
    ///
    /// # Errors
    /// Those of [`Trainer::step`].
    pub fn step(&mut self) -> Result<StepReport, Error> {
        Ok(self.trainer.step()?)
    }

    /// Saves where the run stands, whole or not at all, and returns the folder of the state. Where that is saved
    /// already, nothing is written.
    ///
    /// # Errors
    /// Those of [`RunDirectory::save`]; what was saved before is still there.
    pub fn save(&mut self) -> Result<PathBuf, Error> {
        Ok(self.folder.save(&self.trainer, self.keep)?)
    }

    /// Saves, where the recipe's `save_every` says so of this step; the folder of the state, if there is one.
    ///
    /// # Errors
    /// Those of [`save`](Self::save).
    pub fn save_if_due(&mut self) -> Result<Option<PathBuf>, Error> {
        let is_due = self.save_every > 0 && self.position().is_multiple_of(self.save_every);
        match is_due {
            true => self.save().map(Some),
            false => Ok(None),
        }
    }

    /// Trains until this step of the run, saving every so often, and saves; sooner where `report`, which is told of
    /// each step, breaks off. Returns the step that was reached.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError), before any step where the learning rate falls to 0 before the last;
    /// what was saved before is still there.
    pub fn until(
        &mut self,
        step: u64,
        mut report: impl FnMut(&StepReport) -> ControlFlow<()>,
    ) -> Result<u64, Error> {
        if let Some(last) = step.checked_sub(1).filter(|&last| last >= self.position()) {
            self.trainer.config().check_not_annealed(last)?;
        }
        while self.position() < step {
            if report(&self.step()?).is_break() {
                break;
            }
            self.save_if_due()?;
        }
        self.save()?;
        Ok(self.position())
    }

    /// The number of steps that were done.
    pub const fn position(&self) -> u64 {
        self.trainer.progress().step
    }

    /// The device, and why it was taken.
    pub const fn device(&self) -> &Chosen {
        &self.chosen
    }

    /// What is to be said of the precision behind the device's name, as in ", in f16"; nothing in f32.
    pub const fn precision(&self) -> &'static str {
        self.precision
    }

    /// The bytes of memory that it takes: on the processor all of them, on a GPU those beside the weights.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the weights came from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What a step costs.
    pub const fn cost(&self) -> &Cost {
        &self.cost
    }

    /// The folder of the run.
    pub const fn folder(&self) -> &RunDirectory {
        &self.folder
    }

    /// The trainer: the floor below.
    pub const fn trainer(&self) -> &Trainer<Box<dyn Engine>> {
        &self.trainer
    }

    /// Gives the parts back: the folder, which is held on, and the trainer.
    pub fn into_parts(self) -> (RunDirectory, Trainer<Box<dyn Engine>>) {
        (self.folder, self.trainer)
    }

    /// Returns the network as it is: its first average, or where there is none its weights.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError), [`Ended`](crate::train::TrainError::Ended) after a step that failed;
    /// [`CheckpointError`](crate::checkpoint::CheckpointError).
    pub fn model(&self) -> Result<Model, Error> {
        self.trainer.check_not_ended()?;
        let (slot, weights) = match self.trainer.config().ema_rates.first() {
            Some(&rate) => (Slot::Ema(0), WeightSet::Ema { rate }),
            None => (Slot::Weights, WeightSet::Raw),
        };
        let mut description = self.trainer.description().clone();
        description.card.weights = weights;
        description.card.step = self.position();
        let weights = WeightBuffer::F32(self.trainer.read(slot)?);
        Ok(Model::from(Checkpoint::new(description, weights)?))
    }
}
