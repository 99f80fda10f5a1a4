//! A recipe and data that were checked with each other, and what is put on a device of them.

use std::borrow::Cow;
use std::boxed::Box;
use std::sync::Arc;

use super::class_rows::ClassRows;
use super::cost::Cost;
use super::engine::on_gpu;
use super::made::Made;
use super::origin::{Origin, Start, State, network_of};
use super::recipe::Recipe;
use super::student::{Student, student_weights};
use super::training_run::TrainingRun;
use crate::Error;
use crate::checkpoint::{Description, WeightBuffer, f32_of};
use crate::data::Dataset;
use crate::run::{Device, Model, OpenDevice};
use crate::train::{
    Broken, Engine, Progress, Slot, TrainConfig, Trainer, TrainingData, check_data, check_network,
    graph_of, initial_weights,
};
use crate::unet::Graph;

/// A recipe and data that go together, with each other and with the network that there is already.
#[derive(Debug)]
pub(super) struct Checked {
    graph: Graph,
    pub(super) description: Description,
    pub(super) config: TrainConfig,
    data: TrainingData,
    pub(super) origin: Origin,
    start: Start,
    /// Of what is distilled.
    student: Option<Student>,
    /// The options of the state that goes on, where its learning rates are others from here on.
    pub(super) rates_before: Option<TrainConfig>,
    pub(super) cost: Cost,
    broken: Broken,
    noise_scale: bool,
}

impl Checked {
    /// Checks them; all images are read once. A saved state goes on.
    pub(super) fn of(
        recipe: &Recipe,
        data: Arc<dyn Dataset>,
        saved: Option<State>,
    ) -> Result<Self, Error> {
        let student = Student::of(recipe)?;
        let config = TrainConfig {
            teacher: student.as_ref().map(|student| student.fingerprint),
            ..recipe.config(data.as_ref())
        };
        config.validate()?;
        if recipe.noise_scale {
            config.check_noise_scale()?;
        }
        let network = network_of(saved.as_ref(), recipe);
        let description = Description {
            grid: student.as_ref().map(|student| student.grid.clone()),
            ..recipe.description(data.as_ref(), network)
        };
        if let Some(student) = &student {
            student.check(&description)?;
        }
        check_data(&description, &config, data.as_ref())?;
        let data = TrainingData::new(data, recipe.broken)?;
        let origin = Origin::of(saved.as_ref(), recipe);
        let before = saved.as_ref().map(|(_, saved)| saved.config.clone());
        let start = match (saved, &recipe.init) {
            (None, Some(teacher)) if student.is_some() => Start::Teacher(teacher.clone()),
            (Some((_, saved)), _) => {
                saved.check_same(&description, &config, &data)?;
                Start::Saved(saved)
            }
            (None, Some(model)) => {
                check_network(
                    &with_classes_of(model.description(), &description),
                    &description,
                )?;
                let rows = ClassRows::of(model.description(), &description);
                Start::Model(model.clone(), rows)
            }
            (None, None) => Start::Drawn,
        };
        let graph = graph_of(&description, &config)?;
        Ok(Self {
            cost: Cost::of(&graph, &description, &config, student.as_ref())?,
            graph,
            description,
            rates_before: before.filter(|before| *before != config),
            config,
            data,
            origin,
            start,
            student,
            broken: recipe.broken,
            noise_scale: recipe.noise_scale,
        })
    }

    /// Where the rows of the table of classes come from; `None` where its classes are those of the weights.
    pub(super) const fn class_rows(&self) -> Option<&ClassRows> {
        match &self.start {
            Start::Model(_, rows) => rows.as_ref(),
            Start::Drawn | Start::Teacher(_) | Start::Saved(_) => None,
        }
    }

    /// Puts it on a device.
    pub(super) async fn on(self, device: Device) -> Result<TrainingRun, Error> {
        let (opened, chosen) = device.open_async().await?;
        let (graph, description, config) = (self.graph, self.description, self.config);
        let Made {
            mut engine,
            precision,
            bytes,
        } = match opened {
            OpenDevice::Processor(threads) => {
                Made::on_processor(threads, &graph, &config, self.student)?
            }
            OpenDevice::Gpu(gpu) => on_gpu(&gpu, &graph, &config, self.student).await?,
        };
        let progress = fill(&mut engine, self.start, &graph, &description, &config)?;
        let (data, broken) = (self.data, self.broken);
        let mut trainer = Trainer::new(engine, description, config, data, broken, progress)?;
        if self.noise_scale {
            trainer = trainer.with_noise_scale()?;
        }
        Ok(TrainingRun {
            trainer,
            chosen,
            precision,
            bytes,
            origin: self.origin,
            cost: self.cost,
        })
    }
}

/// A network as it is but for its classes, where another knows such: their table is made for it.
fn with_classes_of(network: &Description, trained: &Description) -> Description {
    let mut network = network.clone();
    if trained.unet.num_classes.is_some() {
        network.unet.num_classes = trained.unet.num_classes;
        network.unet.null_class = trained.unet.null_class;
    }
    network
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
            let weights = weights_of(&model)?;
            let weights = match rows {
                Some(rows) => Cow::Owned(rows.weights(&model, &weights, graph)?),
                None => weights,
            };
            write(engine, &weights, config)?;
        }
        Start::Teacher(teacher) => {
            let weights = student_weights(&teacher, &weights_of(&teacher)?, graph)?;
            write(engine, &weights, config)?;
        }
        Start::Drawn => write(engine, &initial_weights(graph, config.seed)?, config)?,
    }
    Ok(Trainer::<Box<dyn Engine>>::beginning(description, config)?)
}

fn weights_of(model: &Model) -> Result<Cow<'_, [f32]>, Error> {
    Ok(match model.checkpoint().buffer() {
        WeightBuffer::F32(numbers) => Cow::Borrowed(numbers),
        WeightBuffer::F16(bits) => Cow::Owned(f32_of(bits)?),
    })
}

/// Weights, and averages that begin as they are.
fn write(engine: &mut Box<dyn Engine>, weights: &[f32], config: &TrainConfig) -> Result<(), Error> {
    engine.write(Slot::Weights, weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), weights)?;
    }
    Ok(())
}
