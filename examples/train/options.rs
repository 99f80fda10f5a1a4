//! What the command line says, and what is made of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use iddpm::checkpoint::{Description, ImageSize};
use iddpm::data::{Dataset, Folder, cifar10, npz};
use iddpm::diffusion::{Diffusion, ModelCard, Objective, Prediction, Schedule, Variance, Weights};
use iddpm::train::{AdamW, Broken, MicrobatchRule, Recompute, TimestepLaw, TrainConfig};
use iddpm::unet::{Extents, UnetConfig};

use super::Failure;
use super::device_options::DeviceOptions;

/// Trains a network.
#[derive(Parser)]
#[command(after_help = "Examples:
  train --data sprites/ --run runs/sprites --size 32 --steps 20000
  train --data digits.npz --run runs/digits --attention 2 --steps 3000
  train --data sprites/ --run runs/sprites --resume --steps 40000   (with the options it began with)

The recipe without options is for one small network on a processor. --predict v draws better colours with so
small a network than the paper's epsilon.")]
pub(crate) struct Options {
    /// A folder of pictures (class = file name up to the first _), an .npz archive, or a folder of
    /// CIFAR-10's batches.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The folder of the run.
    #[arg(long)]
    pub(crate) run: PathBuf,
    /// Goes on with the run that is there.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
    /// Steps in all.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) steps: u64,

    /// Rows and columns that pictures are fitted to; archives have their own.
    #[arg(long, default_value_t = 32)]
    size: usize,
    /// Rows and columns of the low-resolution image: trains a super-resolution network.
    #[arg(long)]
    low_res: Option<usize>,
    /// Trains a network that knows no classes.
    #[arg(long)]
    no_classes: bool,
    /// Reads pictures as grey.
    #[arg(long)]
    grey: bool,
    /// Channels at the highest resolution.
    #[arg(long, default_value_t = 32)]
    channels: usize,
    /// Channels of each level over the first's.
    #[arg(long, value_delimiter = ',', default_value = "1,2,2")]
    multipliers: Vec<usize>,
    /// Residual blocks of a level.
    #[arg(long, default_value_t = 1)]
    blocks: usize,
    /// Downsampling factors at which there is attention.
    #[arg(long, value_delimiter = ',', default_value = "4")]
    attention: Vec<usize>,
    /// Attention heads.
    #[arg(long, default_value_t = 4)]
    heads: usize,

    /// T.
    #[arg(long, default_value_t = 1000)]
    timesteps: u32,
    /// linear, cosine or sigmoid.
    #[arg(long, default_value = "cosine")]
    schedule: String,
    /// What the network predicts.
    #[arg(long, value_enum, default_value_t = PredictionName::Epsilon)]
    predict: PredictionName,
    /// Which loss.
    #[arg(long, value_enum, default_value_t = ObjectiveName::Hybrid)]
    objective: ObjectiveName,
    /// Which t an example gets: each as likely, or by its losses.
    #[arg(long, value_enum, default_value_t = LawName::Uniform)]
    sampler: LawName,
    /// γ of min-SNR weights; 0 for none.
    #[arg(long, default_value_t = 0.0)]
    min_snr: f64,

    /// Examples of a step.
    #[arg(long, default_value_t = TrainConfig::default().batch)]
    batch: usize,
    /// Examples that run at once; the whole batch where none is given.
    #[arg(long)]
    microbatch: Option<usize>,
    /// How microbatches are put together: their mean, or the public implementation's sum.
    #[arg(long, value_enum, default_value_t = RuleName::Mean)]
    rule: RuleName,
    /// The learning rate.
    #[arg(long, default_value_t = TrainConfig::default().lr)]
    lr: f64,
    /// Steps over which it rises.
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    warm_up: u64,
    /// The step at which it has fallen to 0; 0 for never.
    #[arg(long, default_value_t = 0)]
    anneal: u64,
    /// How much of a weight goes away per unit of learning rate.
    #[arg(long, default_value_t = 0.0)]
    weight_decay: f64,
    /// The largest norm of a gradient; 0 for any.
    #[arg(long, default_value_t = TrainConfig::default().clip)]
    clip: f64,
    /// Rates of moving averages.
    #[arg(long, value_delimiter = ',', default_value = "0.999")]
    ema: Vec<f64>,
    /// Averages have their rate from the first step on, as the public implementation's.
    #[arg(long)]
    ema_at_once: bool,
    /// The rate of dropout.
    #[arg(long, default_value_t = 0.0)]
    dropout: f64,
    /// Mirrors an image with probability 1/2.
    #[arg(long)]
    flip: bool,
    /// What the network runs in; weights that are trained stay f32. In f16 there is a loss scale, and a
    /// processor rounds the weights alone.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    precision: PrecisionName,
    /// What is computed again in the backward pass, to save memory.
    #[arg(long, value_enum, default_value_t = RecomputeName::Nothing)]
    recompute: RecomputeName,
    /// What all randomness follows from.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Leaves out pictures that cannot be read, and counts them.
    #[arg(long)]
    skip_broken: bool,
    /// Steps between two saved states.
    #[arg(long, default_value_t = 1000)]
    pub(crate) save_every: u64,
    /// Saved states that are kept.
    #[arg(long, default_value_t = 2)]
    pub(crate) keep: usize,
    /// Steps between two lines of the log.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) log_every: u64,
    /// Steps between two grids of samples; 0 for none.
    #[arg(long, default_value_t = 1000)]
    pub(crate) sample_every: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum PredictionName {
    Epsilon,
    XStart,
    V,
}

#[derive(Clone, Copy, ValueEnum)]
enum ObjectiveName {
    /// The mean squared error; the variance is fixed.
    Simple,
    /// The mean squared error, and the bound for the variance.
    Hybrid,
    /// The bound.
    Vlb,
}

#[derive(Clone, Copy, ValueEnum)]
enum LawName {
    Uniform,
    LossSecondMoment,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuleName {
    Mean,
    Sum,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    F32,
    F16,
}

#[derive(Clone, Copy, ValueEnum)]
enum RecomputeName {
    Nothing,
    Cheap,
    Blocks,
}

impl Options {
    /// What is done with pictures that cannot be read.
    pub(crate) const fn broken(&self) -> Broken {
        if self.skip_broken {
            Broken::Skip
        } else {
            Broken::Fatal
        }
    }

    /// The data set.
    pub(crate) fn open_data(&self) -> Result<Arc<dyn Dataset>, Failure> {
        let path: &Path = &self.data;
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        if path.extension().is_some_and(|extension| extension == "npz") {
            return Ok(Arc::new(npz::open(path)?));
        }
        if path.join("data_batch_1.bin").exists() {
            return Ok(Arc::new(cifar10::train(path)?));
        }
        if !path.is_dir() {
            return Err(named(&"is neither a folder nor an .npz archive").into());
        }
        let extents = Extents {
            channels: if self.grey { 1 } else { 3 },
            height: self.size,
            width: self.size,
        };
        Ok(Arc::new(Folder::open(path, extents, !self.no_classes)?))
    }

    /// The network and its diffusion, for a data set.
    pub(crate) fn description(&self, data: &dyn Dataset) -> Result<Description, Failure> {
        let Extents {
            channels,
            height,
            width,
        } = data.extents();
        let mut unet = UnetConfig {
            num_res_blocks: self.blocks,
            num_heads: self.heads,
            num_heads_upsample: self.heads,
            super_resolution: self.low_res.is_some(),
            ..UnetConfig::new(channels, self.channels)
                .with_multipliers(&self.multipliers)
                .with_attention(&self.attention)
        };
        let learned = !matches!(self.objective, ObjectiveName::Simple);
        if learned {
            unet = unet.with_learned_variance();
        }
        if !self.no_classes
            && let Some(classes) = data.classes()
        {
            unet = unet.with_classes(classes);
        }
        let prediction = match self.predict {
            PredictionName::Epsilon => Prediction::Epsilon,
            PredictionName::XStart => Prediction::XStart,
            PredictionName::V => Prediction::V,
        };
        let schedule: Schedule<'static> = self.schedule.parse()?;
        let diffusion = Diffusion::new(schedule, self.timesteps)
            .with_prediction(prediction)
            .with_variance(if learned {
                Variance::LearnedRange
            } else {
                Variance::FixedLarge
            });
        let size = ImageSize {
            height,
            width,
            low_res: self.low_res.map(|side| (side, side)),
        };
        let card = ModelCard {
            diffusion,
            weights: Weights::Raw,
            step: 0,
        };
        let class_names = data.class_names().map(<[String]>::to_vec);
        let description = Description {
            class_names: class_names.filter(|_| unet.num_classes.is_some()),
            ..Description::new(unet, size, card)
        };
        description.graph(1)?;
        Ok(description)
    }

    /// The options of the run.
    pub(crate) fn config(&self) -> TrainConfig {
        TrainConfig {
            batch: self.batch,
            microbatch: self.microbatch.unwrap_or(self.batch),
            rule: match self.rule {
                RuleName::Mean => MicrobatchRule::Mean,
                RuleName::Sum => MicrobatchRule::Sum,
            },
            lr: self.lr,
            warm_up: self.warm_up,
            anneal: self.anneal,
            adamw: AdamW {
                weight_decay: self.weight_decay,
                ..AdamW::default()
            },
            clip: self.clip,
            ema_rates: self.ema.clone(),
            ema_warm_up: !self.ema_at_once,
            objective: match self.objective {
                ObjectiveName::Simple => Objective::Mse,
                ObjectiveName::Hybrid => Objective::RescaledMse,
                ObjectiveName::Vlb => Objective::RescaledKl,
            },
            min_snr: self.min_snr,
            timesteps: match self.sampler {
                LawName::Uniform => TimestepLaw::Uniform,
                LawName::LossSecondMoment => TimestepLaw::LossSecondMoment,
            },
            dropout: self.dropout,
            flip: self.flip,
            half: matches!(self.precision, PrecisionName::F16),
            recompute: match self.recompute {
                RecomputeName::Nothing => Recompute::Nothing,
                RecomputeName::Cheap => Recompute::Cheap,
                RecomputeName::Blocks => Recompute::Blocks,
            },
            seed: self.seed,
        }
    }
}
