//! A training run, step by step.

use std::sync::Arc;
use std::vec::Vec;

use super::check::{check_data, check_progress};
use super::config::{MicrobatchRule, TimestepLaw, TrainConfig};
use super::data::TrainingData;
use super::engine::{Batch, Engine};
use super::error::TrainError;
use super::loader::{Examples, Loader};
use super::loss_scale::LossScale;
use super::noise_scale::GradientNoise;
use super::optimizer::{OptimizerStep, Report};
use super::order::Draws;
use super::progress::Progress;
use super::report::{StepReport, Sums};
use crate::checkpoint::Description;
use crate::cpu::resize;
use crate::data::Broken;
use crate::diffusion::resample::{Drawn, LossSecondMoment, Resampler, Uniform};
use crate::diffusion::{Error, Grid, LossRow, Timesteps};
use crate::memory::{collected, zeros};
use crate::optimizer::Slot;
use crate::part::{item, part};
use crate::unet::Extents;
use crate::waiting::block_on;

/// Losses of each t that importance sampling goes by, and how much of the uniform law is mixed in: the
/// public implementation's numbers.
const HISTORY: u32 = 10;
const UNIFORM: f64 = 0.001;

/// A training run in progress: an engine, the data, and where it is. A network with a grid is trained at those timesteps
/// alone.
///
/// ```
/// use std::sync::Arc;
/// use iddpm::checkpoint::{Description, ImageSize};
/// use iddpm::data::Images;
/// use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
/// use iddpm::train::{
///     Broken, CpuEngine, Engine, Slot, TrainConfig, Trainer, TrainingData, graph_of, initial_weights,
/// };
/// use iddpm::unet::UnetConfig;
///
/// let unet = UnetConfig::new(1, 32).with_learned_variance();
/// let diffusion = Diffusion::new(Schedule::Cosine, 100);
/// let card = ModelCard { diffusion, weights: WeightSet::Raw, step: 0 };
/// let description = Description::new(unet, ImageSize::square(8), card);
/// let config = TrainConfig { batch: 2, microbatch: 2, ..TrainConfig::default() };
///
/// let images = Images::new(description.image(), vec![128; 4 * 64], None, None)?;
/// let data = TrainingData::new(Arc::new(images), Broken::Fatal)?;
///
/// let graph = graph_of(&description, &config)?;
/// let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half)?;
/// let weights = initial_weights(&graph, config.seed)?;
/// engine.write(Slot::Weights, &weights)?;
/// engine.write(Slot::Ema(0), &weights)?;
///
/// let progress = Trainer::<CpuEngine>::beginning(&description, &config)?;
/// let mut trainer = Trainer::new(engine, description, config, data, Broken::Fatal, progress)?;
/// let report = trainer.step()?;
/// assert!(report.taken && report.loss.is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer<E> {
    engine: E,
    description: Description,
    config: TrainConfig,
    progress: Progress,
    loader: Loader,
    draws: Draws,
    /// The loss at each t, and what the network is told of it.
    table: Vec<(LossRow, f32)>,
    /// The timesteps that are trained: all, or those of the network's grid.
    trained: Vec<u32>,
    image: Extents,
    parameters: usize,
    /// In the data.
    examples: usize,
    /// Of the data.
    fingerprint: u64,
    scratch: Scratch,
    noise_scale: bool,
    /// Whether a step has failed, and left behind what belongs to no step.
    ended: bool,
}

/// What a microbatch is put together in.
#[derive(Debug)]
struct Scratch {
    noise: Vec<f32>,
    rows: Vec<f32>,
    timesteps: Vec<f32>,
    keys: Vec<u32>,
    low_res: Vec<f32>,
    loss: Vec<f32>,
}

impl Scratch {
    /// Room for a microbatch.
    fn new(
        config: &TrainConfig,
        description: &Description,
        image: Extents,
    ) -> Result<Self, TrainError> {
        let of = |numbers: usize| config.microbatch.saturating_mul(numbers);
        let low_res = description.size.low_res.map_or(0, |(height, width)| {
            let small = Extents {
                height,
                width,
                ..image
            };
            small.elements()
        });
        Ok(Self {
            noise: zeros(of(image.elements()))?,
            rows: zeros(of(LossRow::LEN))?,
            timesteps: zeros(config.microbatch)?,
            keys: zeros(of(4))?,
            low_res: zeros(of(low_res))?,
            loss: zeros(of(3))?,
        })
    }
}

impl<E: Engine> Trainer<E> {
    /// Begins or continues a run on an engine that was made for [`graph_of`](super::graph_of), whose
    /// weights and averages are set, and which goes on where `progress` is.
    ///
    /// # Errors
    /// [`TrainError::Extents`], [`TrainError::Classes`], [`TrainError::BatchTooLarge`] where data and
    /// network do not fit; [`TrainError::Progress`]; [`TrainError::Thread`]; those of
    /// [`graph_of`](super::graph_of).
    pub fn new(
        engine: E,
        description: Description,
        config: TrainConfig,
        data: TrainingData,
        broken: Broken,
        progress: Progress,
    ) -> Result<Self, TrainError> {
        config.validate()?;
        let graph = description.graph(1)?;
        check_data(&description, &config, data.set().as_ref())?;
        check_progress(&description, &config, &progress)?;
        let draws = Draws::new(config.seed);
        let image = description.image();
        let scratch = Scratch::new(&config, &description, image)?;
        let loader = Loader::new(
            Arc::clone(data.set()),
            &config,
            description.unet.null_label(),
            broken,
            progress.step,
        )?;
        Ok(Self {
            engine,
            table: table(&description, &config)?,
            trained: trained(&description)?,
            description,
            config,
            progress,
            loader,
            draws,
            image,
            parameters: graph.weights_len(),
            examples: data.len(),
            fingerprint: data.fingerprint(),
            scratch,
            noise_scale: false,
            ended: false,
        })
    }

    /// The same run, of each step of which it is measured how much of its gradient is noise
    /// ([`StepReport::noise`]), by its first microbatch beside the whole batch. The run stays as it is, bit for bit, and
    /// its saved states say nothing of it.
    ///
    /// # Errors
    /// [`TrainError::Option`] where the batch is one microbatch.
    pub fn with_noise_scale(self) -> Result<Self, TrainError> {
        self.config.check_noise_scale()?;
        Ok(Self {
            noise_scale: true,
            ..self
        })
    }

    /// Returns the progress that a new run begins with.
    ///
    /// # Errors
    /// [`TrainError::Diffusion`] for a T of 0; [`TrainError::Memory`].
    pub fn beginning(
        description: &Description,
        config: &TrainConfig,
    ) -> Result<Progress, TrainError> {
        let steps = description.card.diffusion.num_timesteps;
        let history = match config.timesteps {
            TimestepLaw::Uniform => None,
            TimestepLaw::LossSecondMoment => {
                let storage = zeros(LossSecondMoment::storage_len(steps, HISTORY))?;
                Some(LossSecondMoment::new(storage, steps, HISTORY, UNIFORM)?)
            }
        };
        Ok(Progress {
            step: 0,
            taken: 0,
            loss_scale: config.half.then_some(LossScale::INITIAL),
            skipped: 0,
            history,
        })
    }

    /// The description of the network that is trained.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The options of the run.
    pub const fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The number of examples the data has.
    pub const fn examples(&self) -> usize {
        self.examples
    }

    /// The fingerprint of the data.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The progress that the run has made.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The engine that the run is on.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// Copies a slot of the engine.
    ///
    /// # Errors
    /// The engine's; [`TrainError::Memory`].
    pub async fn read_async(&self, slot: Slot) -> Result<Vec<f32>, TrainError> {
        let mut numbers = zeros(self.parameters)?;
        self.engine.read_async(slot, &mut numbers).await?;
        Ok(numbers)
    }

    /// Copies a slot as [`read_async`](Self::read_async), waiting for it.
    ///
    /// # Errors
    /// Those of [`read_async`](Self::read_async).
    pub fn read(&self, slot: Slot) -> Result<Vec<f32>, TrainError> {
        block_on(self.read_async(slot))
    }

    /// Takes one step over one batch. The first error ends the run: what was saved before goes on with
    /// another trainer.
    ///
    /// # Errors
    /// [`TrainError::Annealed`] where the learning rate has fallen to 0, which ends nothing.
    /// [`TrainError::NotFinite`], after which the weights are those before the step; with a loss scale, once
    /// that has fallen below [`LossScale::LEAST`];
    /// [`TrainError::Data`] where an example cannot be read and that is fatal; the engine's;
    /// [`TrainError::Ended`] after any of them.
    pub fn step(&mut self) -> Result<StepReport, TrainError> {
        block_on(self.step_async())
    }

    /// Takes one step as [`step`](Self::step), as a future: in a page nothing may wait. One that is dropped before it is
    /// done ends the run as an error does.
    ///
    /// # Errors
    /// Those of [`step`](Self::step).
    pub async fn step_async(&mut self) -> Result<StepReport, TrainError> {
        self.check_not_ended()?;
        self.config.check_not_annealed(self.progress.step)?;
        // It is not known what a step has done that nobody waited for.
        self.ended = true;
        let report = self.try_step().await;
        self.ended = report.is_err();
        report
    }

    /// Refuses to go on with what a step that failed has left, to save it, or to make a model of it.
    pub(crate) const fn check_not_ended(&self) -> Result<(), TrainError> {
        match self.ended {
            true => Err(TrainError::Ended {
                step: self.progress.step,
            }),
            false => Ok(()),
        }
    }

    async fn try_step(&mut self) -> Result<StepReport, TrainError> {
        let examples = self.loader.next()?;
        let scale = self.progress.loss_scale.map_or(1.0, LossScale::scale);
        let (mut sums, mut norm_of_first) = (Sums::default(), None);
        for first in (0..self.config.batch).step_by(self.config.microbatch) {
            self.microbatch(&examples, first, scale, &mut sums).await?;
            if self.noise_scale && first == 0 {
                norm_of_first = Some(self.engine.gradient_norm_async(1.0 / scale).await?);
            }
        }
        let lr = self.config.lr_at(self.progress.step);
        let step = self.progress.step + 1;
        let loss_scale = self.progress.loss_scale.map(|scale| scale.log2);
        if loss_scale.is_none() && !sums.loss.is_finite() {
            return Err(TrainError::NotFinite { step });
        }
        let update = OptimizerStep {
            adamw: self.config.adamw,
            lr,
            step: self.progress.taken + 1,
            unscale: 1.0 / scale,
            clip: (self.config.clip > 0.0).then_some(self.config.clip),
            ema_warm_up: self.config.ema_warm_up,
        };
        let Report { grad_norm, taken } = self.engine.update_async(&update).await?;
        match &mut self.progress.loss_scale {
            Some(scale) => {
                scale.update(taken);
                if scale.log2 < LossScale::LEAST.log2 {
                    return Err(TrainError::NotFinite { step });
                }
            }
            None if !taken => return Err(TrainError::NotFinite { step }),
            None => {}
        }
        self.progress.step = step;
        self.progress.taken += u64::from(taken);
        self.progress.skipped += examples.skipped.len() as u64;
        let count = self.config.batch as f64;
        Ok(StepReport {
            step,
            loss: sums.loss / count,
            mse: sums.mse / count,
            bound: sums.bound / count,
            quartiles: sums
                .quartiles
                .map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))),
            grad_norm,
            noise: norm_of_first
                .filter(|_| taken)
                .map(|norm| self.noise(norm, grad_norm)),
            lr,
            loss_scale,
            taken,
            skipped: examples.skipped,
        })
    }

    /// Forward and backward of the examples of the batch from `first` on.
    async fn microbatch(
        &mut self,
        examples: &Examples,
        first: usize,
        scale: f64,
        sums: &mut Sums,
    ) -> Result<(), TrainError> {
        let (count, elements) = (self.config.microbatch, self.image.elements());
        let x_start = part(&examples.x_start, first * elements, count * elements);
        let labels = examples.labels.get(first..first + count);
        let drawn = self.draw(first, scale)?;
        let scratch = &mut self.scratch;
        low_res(&self.description, self.image, x_start, &mut scratch.low_res)?;
        let batch = Batch {
            x_start,
            noise: &scratch.noise,
            rows: &scratch.rows,
            timesteps: &scratch.timesteps,
            labels: self.description.unet.num_classes.and(labels),
            low_res: self
                .description
                .unet
                .super_resolution
                .then_some(&scratch.low_res),
            keys: (self.config.dropout > 0.0).then_some(&scratch.keys),
        };
        let running = self.engine.accumulate_async(&batch, &mut scratch.loss);
        running.await?;
        self.note_losses(&drawn, sums)
    }

    /// The examples whose shares in what is minimised add up to 1.
    const fn examples_of_a_whole(&self) -> f64 {
        match self.config.rule {
            MicrobatchRule::Mean => self.config.batch as f64,
            MicrobatchRule::Sum => self.config.microbatch as f64,
        }
    }

    /// The noise in a step's gradient, by the norm that the sum had after its first microbatch and that it has.
    fn noise(&self, of_first: f64, of_all: f64) -> GradientNoise {
        let mean =
            |count: usize, norm: f64| (count, norm * self.examples_of_a_whole() / count as f64);
        GradientNoise::of(
            mean(self.config.microbatch, of_first),
            mean(self.config.batch, of_all),
        )
    }

    /// Draws noise, t and keys of each example of the batch from `first` on.
    fn draw(&mut self, first: usize, scale: f64) -> Result<Vec<Drawn>, TrainError> {
        let begin = self.progress.step * self.config.batch as u64 + first as u64;
        let share = scale / self.examples_of_a_whole();
        let scratch = &mut self.scratch;
        scratch.rows.clear();
        scratch.timesteps.clear();
        scratch.keys.clear();
        let mut drawn = Vec::new();
        let noises = scratch.noise.chunks_exact_mut(self.image.elements());
        for (position, noise) in (begin..).zip(noises) {
            self.draws.noise(position, noise);
            let of_example = draw_timestep(
                self.progress.history.as_ref(),
                &self.trained,
                self.draws.timestep(position),
            )?;
            let (row, timestep) = row_of(&self.table, of_example.timestep)?;
            let row = row.with_weight(of_example.weight * share);
            scratch.rows.extend(row.words());
            scratch.timesteps.push(timestep);
            scratch.keys.extend(self.draws.keys(position));
            drawn.push(of_example);
        }
        Ok(drawn)
    }

    /// Takes note of the losses of a microbatch: for the report, and for the law of t.
    fn note_losses(&mut self, drawn: &[Drawn], sums: &mut Sums) -> Result<(), TrainError> {
        let losses = self.scratch.loss.as_chunks().0;
        for (drawn, loss) in drawn.iter().zip(losses) {
            sums.add(*drawn, *loss, self.table.len());
        }
        let losses: Vec<f64> = losses.iter().map(|&[total, ..]| f64::from(total)).collect();
        // Of an overflow in f16, which the loss scale answers, nothing is learnt about a t.
        let finite = losses.iter().all(|loss| loss.is_finite());
        if let Some(history) = self.progress.history.as_mut().filter(|_| finite) {
            let timesteps: Vec<u32> = drawn.iter().map(|drawn| drawn.timestep).collect();
            history.update(&timesteps, &losses)?;
        }
        Ok(())
    }
}

fn draw_timestep(
    history: Option<&LossSecondMoment<Vec<f64>>>,
    trained: &[u32],
    uniform: f64,
) -> Result<Drawn, TrainError> {
    if let Some(history) = history {
        return Ok(history.draw(uniform)?);
    }
    let place = Uniform::new(trained.len() as u32)?.draw(uniform)?;
    Ok(Drawn {
        timestep: item(trained, place.timestep as usize),
        ..place
    })
}

/// The timesteps that a network is trained at, ascending.
fn trained(description: &Description) -> Result<Vec<u32>, TrainError> {
    let steps = description.card.diffusion.num_timesteps;
    let grid = description.grid.as_ref().map(Grid::timesteps);
    let ascending = grid.map(|grid| collected(grid.len(), grid.iter().rev().copied()));
    Ok(ascending.unwrap_or_else(|| collected(steps as usize, 0..steps))?)
}

/// The loss at a t, and what the network is told of it.
fn row_of(table: &[(LossRow, f32)], timestep: u32) -> Result<(LossRow, f32), TrainError> {
    let row = table.get(timestep as usize);
    row.copied()
        .ok_or(TrainError::Diffusion(Error::TimestepOutOfRange {
            timestep,
            num_timesteps: table.len() as u32,
        }))
}

/// Low-resolution images by means over areas, where the network takes such.
fn low_res(
    description: &Description,
    image: Extents,
    x_start: &[f32],
    low_res: &mut [f32],
) -> Result<(), TrainError> {
    let Some((height, width)) = description.size.low_res else {
        return Ok(());
    };
    let small = Extents {
        height,
        width,
        ..image
    };
    Ok(resize::area(x_start, image, low_res, small)?)
}

/// The loss at each t.
fn table(
    description: &Description,
    config: &TrainConfig,
) -> Result<Vec<(LossRow, f32)>, TrainError> {
    let diffusion = description.card.diffusion;
    let process = diffusion.process(Timesteps::ALL)?;
    let mut rows = collected(process.len(), [])?;
    for index in 0..process.len() {
        let mut row = LossRow::of(&process, config.objective, index)?;
        if config.min_snr > 0.0 {
            row = row.with_min_snr(diffusion.prediction, config.min_snr);
        }
        rows.push((row, process.model_timestep(index)?));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No example is left out of a batch in silence.
    #[test]
    fn a_t_without_a_row_is_an_error() {
        let beyond = Error::TimestepOutOfRange {
            timestep: 3,
            num_timesteps: 0,
        };
        let found = row_of(&[], 3);
        assert!(matches!(found, Err(TrainError::Diffusion(error)) if error == beyond));
    }
}
