//! A training whose recipe and data were checked, before it has a device.

use std::borrow::Cow;
use std::boxed::Box;

use super::class_rows::ClassRows;
use super::cost::Cost;
use super::engine::on_gpu;
use super::made::Made;
use super::origin::{Origin, Start};
use super::training::Training;
use crate::Error;
use crate::checkpoint::{Description, f32_of};
use crate::run::{Device, OpenDevice};
use crate::train::{
    Broken, Engine, Progress, RunDirectory, Slot, TrainConfig, Trainer, TrainingData,
    initial_weights,
};
use crate::unet::{Graph, Weights};

/// A training that was checked, and is to be put on a device.
#[derive(Debug)]
pub struct Prepared {
    pub(super) folder: RunDirectory,
    pub(super) graph: Graph,
    pub(super) description: Description,
    pub(super) config: TrainConfig,
    pub(super) data: TrainingData,
    pub(super) origin: Origin,
    pub(super) start: Start,
    pub(super) rates_before: Option<TrainConfig>,
    pub(super) cost: Cost,
    pub(super) broken: Broken,
    pub(super) save_every: u64,
    pub(super) keep: usize,
}

impl Prepared {
    /// The description of the network that is trained.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The options of the run, with the microbatch that it has.
    pub const fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The options that the run had until here, where its learning rates are others from here on; `None` where they
    /// stay.
    pub const fn rates_before(&self) -> Option<&TrainConfig> {
        self.rates_before.as_ref()
    }

    /// Where the rows of the table of classes come from; `None` where its classes are those of the weights.
    pub const fn class_rows(&self) -> Option<&ClassRows> {
        match &self.start {
            Start::Model(_, rows) => rows.as_ref(),
            Start::Drawn | Start::Saved(_) => None,
        }
    }

    /// Where the weights come from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What a step costs.
    pub const fn cost(&self) -> &Cost {
        &self.cost
    }

    /// Puts the training on a device. Nothing is saved yet: [`Training::save`] does so.
    ///
    /// # Errors
    /// [`DrawError`](crate::run::DrawError) where the device cannot be had, [`TrainError`](crate::train::TrainError)
    /// where it is not enough.
    pub fn on(self, device: Device) -> Result<Training, Error> {
        let (opened, chosen) = device.open()?;
        let (graph, description, config) = (self.graph, self.description, self.config);
        let Made {
            mut engine,
            precision,
            bytes,
        } = match opened {
            OpenDevice::Processor(threads) => Made::on_processor(threads, &graph, &config)?,
            OpenDevice::Gpu(gpu) => on_gpu(&gpu, &graph, &config)?,
        };
        let progress = fill(&mut engine, self.start, &graph, &description, &config)?;
        let (data, broken) = (self.data, self.broken);
        Ok(Training {
            folder: self.folder,
            trainer: Trainer::new(engine, description, config, data, broken, progress)?,
            chosen,
            precision,
            bytes,
            origin: self.origin,
            cost: self.cost,
            save_every: self.save_every,
            keep: self.keep,
        })
    }
}

/// Fills an engine; where the run is then.
fn fill(
    engine: &mut Box<dyn Engine>,
    start: Start,
    graph: &Graph,
    description: &Description,
    config: &TrainConfig,
) -> Result<Progress, Error> {
    match start {
        Start::Saved(saved) => {
            saved.write_to(engine)?;
            return Ok(saved.progress);
        }
        Start::Model(model, rows) => {
            let weights = match model.checkpoint().weights() {
                Weights::F32(numbers) => Cow::Borrowed(numbers),
                Weights::F16(bits) => Cow::Owned(f32_of(bits)?),
            };
            let weights = match rows {
                Some(rows) => Cow::Owned(rows.weights(&model, &weights, graph)?),
                None => weights,
            };
            write(engine, &weights, config)?;
        }
        Start::Drawn => write(engine, &initial_weights(graph, config.seed)?, config)?,
    }
    Ok(Trainer::<Box<dyn Engine>>::beginning(description, config)?)
}

/// Weights, and averages that begin as they are.
fn write(engine: &mut Box<dyn Engine>, weights: &[f32], config: &TrainConfig) -> Result<(), Error> {
    engine.write(Slot::Weights, weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), weights)?;
    }
    Ok(())
}
