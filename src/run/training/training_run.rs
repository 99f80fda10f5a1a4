//! A training run on a device.

use std::boxed::Box;

use super::cost::Cost;
use super::origin::Origin;
use crate::Error;
use crate::checkpoint::{Checkpoint, WeightBuffer};
use crate::diffusion::WeightSet;
use crate::run::{Chosen, Model};
use crate::train::{Engine, Slot, StepReport, Trainer};
use crate::waiting::block_on;

/// A training run on a device, which is kept nowhere: with a folder it is a [`Training`](crate::Training).
///
/// ```
/// use iddpm::run::TrainingRun;
/// use iddpm::{Device, Recipe};
/// # use iddpm::data::Images;
/// # use iddpm::unet::Extents;
/// # let extents = Extents { channels: 1, height: 8, width: 8 };
/// # let data = Images::new(extents, vec![128; 4 * 64], None, None)?;
/// let mut recipe = Recipe::default();
/// recipe.config.batch = 2;
/// # recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
/// let mut run = TrainingRun::begin(&recipe, data, Device::cpu())?;
/// while run.position() < 2 {
///     let report = run.step()?;
///     assert!(report.loss.is_finite());
/// }
/// let model = run.model()?; // ready to draw
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// In a page, where nothing may wait, each of these calls has a twin by the same name and `_async`.
pub struct TrainingRun {
    pub(super) trainer: Trainer<Box<dyn Engine>>,
    pub(super) chosen: Chosen,
    pub(super) precision: &'static str,
    pub(super) bytes: u64,
    pub(super) origin: Origin,
    pub(super) cost: Cost,
}

impl core::fmt::Debug for TrainingRun {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TrainingRun")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl TrainingRun {
    /// Takes one step over one batch. The first error ends the run.
    ///
    /// # Errors
    /// Those of [`Trainer::step`].
    pub fn step(&mut self) -> Result<StepReport, Error> {
        block_on(self.step_async())
    }

    /// Takes one step as [`step`](Self::step), as a future; one that is dropped before it is done ends the run.
    ///
    /// # Errors
    /// Those of [`Trainer::step`].
    pub async fn step_async(&mut self) -> Result<StepReport, Error> {
        Ok(self.trainer.step_async().await?)
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

    /// The trainer: the floor below.
    pub const fn trainer(&self) -> &Trainer<Box<dyn Engine>> {
        &self.trainer
    }

    /// Gives the trainer.
    pub fn into_trainer(self) -> Trainer<Box<dyn Engine>> {
        self.trainer
    }

    /// Returns the network as it is: its first average, or where there is none its weights.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError), [`Ended`](crate::train::TrainError::Ended) after a step that failed;
    /// [`CheckpointError`](crate::checkpoint::CheckpointError).
    pub fn model(&self) -> Result<Model, Error> {
        block_on(self.model_async())
    }

    /// Returns the network as [`model`](Self::model), as a future: in a page nothing may wait.
    ///
    /// # Errors
    /// Those of [`model`](Self::model).
    pub async fn model_async(&self) -> Result<Model, Error> {
        self.trainer.check_not_ended()?;
        let (slot, weights) = match self.trainer.config().ema_rates.first() {
            Some(&rate) => (Slot::Ema(0), WeightSet::Ema { rate }),
            None => (Slot::Weights, WeightSet::Raw),
        };
        let mut description = self.trainer.description().clone();
        description.card.weights = weights;
        description.card.step = self.position();
        let weights = WeightBuffer::F32(self.trainer.read_async(slot).await?);
        Ok(Model::from(Checkpoint::new(description, weights)?))
    }
}
