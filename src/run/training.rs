//! A training run in a folder: begun, or gone on with.

use core::ops::ControlFlow;
use std::boxed::Box;
use std::path::Path;
use std::sync::Arc;

use super::device::{Chosen, Device};
use super::engine::engine;
use super::model::Model;
use crate::Error;
use crate::checkpoint::{Checkpoint, Description, ImageSize, WeightBuffer};
use crate::data::Dataset;
use crate::diffusion::{Diffusion, ModelCard, Schedule, Variance, WeightSet};
use crate::train::{
    Broken, Engine, Progress, RunDirectory, SavedRun, Slot, StepReport, TrainConfig, Trainer,
    TrainingData, check_data, graph_of, initial_weights,
};
use crate::unet::{Extents, Graph, UnetConfig};

/// What is trained, and how. Size, channels and classes are the data's. A network that enlarges images is trained by
/// the floor below, [`Trainer`].
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The network; its channels and classes are replaced by the data's.
    pub unet: UnetConfig,
    /// The diffusion.
    pub diffusion: Diffusion<'static>,
    /// The options of the run.
    pub config: TrainConfig,
    /// What is done with examples that cannot be read.
    pub broken: Broken,
    /// The steps between two saved states.
    pub save_every: u64,
    /// The number of states that are kept.
    pub keep: usize,
}

impl Default for Recipe {
    /// A small network for small pictures, as the program `train` trains it: 32 channels at three levels, attention
    /// at a quarter of the side, cosine schedule, T = 1000, learned variance.
    fn default() -> Self {
        let unet = UnetConfig {
            num_res_blocks: 1,
            num_heads: 4,
            num_heads_upsample: 4,
            ..UnetConfig::new(3, 32)
                .with_multipliers(&[1, 2, 2])
                .with_attention(&[4])
                .with_learned_variance()
        };
        Self {
            unet,
            diffusion: Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::LearnedRange),
            config: TrainConfig::default(),
            broken: Broken::Fatal,
            save_every: 1000,
            keep: 2,
        }
    }
}

impl Recipe {
    /// The network that is trained on a data set.
    fn description(&self, data: &dyn Dataset) -> Description {
        let Extents {
            channels,
            height,
            width,
        } = data.extents();
        // One number a channel, or a variance beside it.
        let each = self.unet.out_channels / self.unet.in_channels.max(1);
        let unet = UnetConfig {
            in_channels: channels,
            out_channels: channels.saturating_mul(each),
            num_classes: data.classes(),
            ..self.unet.clone()
        };
        let size = ImageSize {
            height,
            width,
            low_res: None,
        };
        let card = ModelCard {
            diffusion: self.diffusion,
            weights: WeightSet::Raw,
            step: 0,
        };
        let names = data.class_names().map(<[_]>::to_vec);
        Description {
            class_names: names.filter(|_| data.classes().is_some()),
            ..Description::new(unet, size, card)
        }
    }
}

/// A training run in a folder, which nobody else writes to meanwhile. It resumes bit for bit.
///
/// ```
/// use core::ops::ControlFlow;
/// use iddpm::Device;
/// use iddpm::run::{Recipe, Training};
/// # use std::sync::Arc;
/// # use iddpm::data::{Dataset, Images};
/// # use iddpm::unet::Extents;
/// # let extents = Extents { channels: 1, height: 8, width: 8 };
/// # let data: Arc<dyn Dataset> = Arc::new(Images::new(extents, vec![128; 4 * 64], None, None)?);
/// # let folder = std::env::temp_dir().join(format!("iddpm-training-{}", std::process::id()));
/// let mut recipe = Recipe::default();
/// recipe.config.batch = 2;
/// recipe.config.microbatch = 2;
/// # recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
/// let mut training = Training::begin_or_resume(&folder, &recipe, data, &Device::cpu())?;
/// training.until(2, |report| {
///     println!("step {}: loss {:.4}", report.step, report.loss);
///     ControlFlow::Continue(())
/// })?;
/// let model = training.model()?; // ready to draw
/// # drop(training);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training {
    folder: RunDirectory,
    trainer: Trainer<Box<dyn Engine>>,
    chosen: Chosen,
    precision: &'static str,
    save_every: u64,
    keep: usize,
}

impl core::fmt::Debug for Training {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Training")
            .field("folder", &self.folder)
            .field("step", &self.step())
            .finish_non_exhaustive()
    }
}

impl Training {
    /// Begins a run in a folder, or goes on with the one that is there.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError): a folder that another holds, a run of other options, on other data, or
    /// of which a file is damaged; [`DrawError`](super::DrawError) where the device cannot be had.
    pub fn begin_or_resume(
        folder: impl AsRef<Path>,
        recipe: &Recipe,
        data: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self, Error> {
        let mut folder = RunDirectory::open(folder.as_ref())?;
        let saved = folder.latest()?.map(SavedRun::load).transpose()?;
        let (config, broken) = (&recipe.config, recipe.broken);
        config.validate()?;
        let description = recipe.description(data.as_ref());
        check_data(&description, config, data.as_ref())?;
        let data = TrainingData::new(data, broken)?;
        if let Some(saved) = &saved {
            saved.check_same(&description, config, &data)?;
        }
        let graph = graph_of(&description, config)?;
        let (opened, chosen) = device.open()?;
        let (mut engine, precision) = engine(&opened, &graph, config)?;
        let progress = fill(&mut engine, saved, &graph, &description, config)?;
        let is_new = progress.step == 0;
        let trainer = Trainer::new(engine, description, config.clone(), data, broken, progress)?;
        if is_new {
            folder.save(&trainer, recipe.keep)?;
        }
        Ok(Self {
            folder,
            trainer,
            chosen,
            precision,
            save_every: recipe.save_every,
            keep: recipe.keep,
        })
    }

    /// Trains until this step of the run, and saves; sooner where `report`, which is told of each step, breaks off.
    /// Returns the step that was reached.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError); what was saved before is still there.
    pub fn until(
        &mut self,
        step: u64,
        mut report: impl FnMut(&StepReport) -> ControlFlow<()>,
    ) -> Result<u64, Error> {
        while self.step() < step {
            let done = self.trainer.step()?;
            if report(&done).is_break() {
                break;
            }
            if self.save_every > 0 && done.step.is_multiple_of(self.save_every) {
                self.folder.save(&self.trainer, self.keep)?;
            }
        }
        self.folder.save(&self.trainer, self.keep)?;
        Ok(self.step())
    }

    /// The number of steps that were done.
    pub const fn step(&self) -> u64 {
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

    /// The trainer: the floor below.
    pub const fn trainer(&self) -> &Trainer<Box<dyn Engine>> {
        &self.trainer
    }

    /// Returns the network as it is: its first average, or where there is none its weights.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError), [`CheckpointError`](crate::checkpoint::CheckpointError).
    pub fn model(&self) -> Result<Model, Error> {
        let (slot, weights) = match self.trainer.config().ema_rates.first() {
            Some(&rate) => (Slot::Ema(0), WeightSet::Ema { rate }),
            None => (Slot::Weights, WeightSet::Raw),
        };
        let mut description = self.trainer.description().clone();
        description.card.weights = weights;
        description.card.step = self.step();
        let weights = WeightBuffer::F32(self.trainer.read(slot)?);
        Ok(Model::from(Checkpoint::new(description, weights)?))
    }
}

/// Fills an engine with what was saved, or with weights that are drawn; where the run is then.
fn fill(
    engine: &mut Box<dyn Engine>,
    saved: Option<SavedRun>,
    graph: &Graph,
    description: &Description,
    config: &TrainConfig,
) -> Result<Progress, Error> {
    if let Some(saved) = saved {
        saved.write_to(engine)?;
        return Ok(saved.progress);
    }
    let weights = initial_weights(graph, config.seed)?;
    engine.write(Slot::Weights, &weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), &weights)?;
    }
    Ok(Trainer::<Box<dyn Engine>>::beginning(description, config)?)
}
