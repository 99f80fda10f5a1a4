//! A training run in a folder, on a device.

use core::ops::ControlFlow;
use std::path::PathBuf;

use super::training_run::TrainingRun;
use crate::Error;
use crate::run::Model;
use crate::train::{RunDirectory, StepReport};

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
    pub(super) run: TrainingRun,
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
    /// Those of [`Trainer::step`](crate::train::Trainer::step).
    pub fn step(&mut self) -> Result<StepReport, Error> {
        self.run.step()
    }

    /// Saves where the run stands, whole or not at all, and returns the folder of the state. Where that is saved
    /// already, nothing is written.
    ///
    /// # Errors
    /// Those of [`RunDirectory::save`]; what was saved before is still there.
    pub fn save(&mut self) -> Result<PathBuf, Error> {
        Ok(self.folder.save(self.run.trainer(), self.keep)?)
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
            self.run.trainer().config().check_not_annealed(last)?;
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
        self.run.position()
    }

    /// Returns the network as it is: its first average, or where there is none its weights.
    ///
    /// # Errors
    /// Those of [`TrainingRun::model`].
    pub fn model(&self) -> Result<Model, Error> {
        self.run.model()
    }

    /// The run: its device, what it costs, where it came from.
    pub const fn run(&self) -> &TrainingRun {
        &self.run
    }

    /// The folder of the run.
    pub const fn folder(&self) -> &RunDirectory {
        &self.folder
    }

    /// Gives the parts back: the folder, which is held on, and the run.
    pub fn into_parts(self) -> (RunDirectory, TrainingRun) {
        (self.folder, self.run)
    }
}
