//! Says what the tensors of a safetensors file are, and writes them as f32 or f16.
//!
//! `cargo run --release --features checkpoint,std --example convert -- --help`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use iddpm::checkpoint::{
    Checkpoint, CheckpointError, Description, Dtype, Flags, Header, ImageSize, Precision, Preset,
};
use iddpm::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, Weights};
use iddpm::unet::UnetConfig;
use serde::de::DeserializeOwned;

/// Says what the tensors of a safetensors file are, and writes them as f32 or f16.
///
/// The input may be a bare state dict of the public implementation (saved with the Python package:
/// safetensors.torch.save_file(torch.load("model.pt"), "model.safetensors")), or a checkpoint that
/// already says what it is. Options change what a preset or the input says; without either, all
/// that the tensors do not reveal must be given.
#[derive(Parser)]
#[command(after_help = "Examples:
  convert cifar10_uncond_50M_500K.safetensors cifar10.safetensors \\
      --preset cifar10_uncond --weights ema:0.9999 --step 500000 --dtype f16
  convert mine.safetensors mine16.safetensors --dtype f16")]
struct Options {
    /// Tensors with the public implementation's names, as safetensors.
    input: PathBuf,
    /// Where to write; replaced, whole or not at all, if it is there.
    output: PathBuf,
    /// How the numbers are written.
    #[arg(long, value_enum, default_value_t = Number::F32)]
    dtype: Number,
    /// What the public implementation's command line says of model and diffusion, in its words:
    /// "--image_size 64 --num_channels 128 ...", with its defaults for what is not there.
    #[arg(long, conflicts_with = "preset", allow_hyphen_values = true)]
    flags: Option<Flags>,
    /// A published model: cifar10_uncond, cifar10_uncond_vlb, imagenet64_uncond,
    /// imagenet64_uncond_vlb, imagenet64_cond, lsun_bedroom, upsample_64_256.
    #[arg(long)]
    preset: Option<Preset>,
    /// Which weights these are: raw, or ema:RATE such as ema:0.9999.
    #[arg(long, value_parser = weights)]
    weights: Option<Weights>,
    /// Training steps taken.
    #[arg(long)]
    step: Option<u64>,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    process: Process,
}

#[derive(clap::Args)]
#[command(next_help_heading = "The network")]
struct Network {
    /// Side of the images, or HEIGHTxWIDTH.
    #[arg(long, value_parser = sides)]
    image_size: Option<(usize, usize)>,
    /// Side of the low-resolution images, or HEIGHTxWIDTH: a super-resolution network.
    #[arg(long, value_parser = sides)]
    low_res: Option<(usize, usize)>,
    /// Channels of an image.
    #[arg(long)]
    image_channels: Option<usize>,
    /// Channels at the highest resolution.
    #[arg(long)]
    model_channels: Option<usize>,
    /// Residual blocks at each level.
    #[arg(long)]
    res_blocks: Option<usize>,
    /// Channels of each level over the model's: 1,2,2,2.
    #[arg(long, value_delimiter = ',')]
    channel_mult: Option<Vec<usize>>,
    /// Downsampling factors with attention, such as 2,4; none for attention in the middle alone.
    #[arg(long, value_parser = factors)]
    attention_factors: Option<Factors>,
    /// Attention heads on the way down.
    #[arg(long)]
    heads: Option<usize>,
    /// Attention heads on the way up [default: as many as on the way down].
    #[arg(long)]
    heads_upsample: Option<usize>,
    /// Whether the embedding scales and shifts.
    #[arg(long)]
    scale_shift: Option<bool>,
    /// Whether a convolution goes with each change of resolution [default: true].
    #[arg(long)]
    conv_resample: Option<bool>,
    /// Classes the network is conditioned on, 0 for none [default: 0].
    #[arg(long)]
    classes: Option<usize>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "The diffusion process it was trained on")]
struct Process {
    /// linear, cosine, sigmoid, or sigmoid:START,END,TAU.
    #[arg(long, value_parser = schedule)]
    schedule: Option<Schedule<'static>>,
    /// T.
    #[arg(long)]
    timesteps: Option<u32>,
    /// Whether the schedule is rescaled to end at no signal [default: false].
    #[arg(long)]
    zero_terminal_snr: Option<bool>,
    /// epsilon, x_start, previous_x or v.
    #[arg(long, value_parser = named::<Prediction>)]
    prediction: Option<Prediction>,
    /// fixed_small, fixed_large, learned or learned_range.
    #[arg(long, value_parser = named::<Variance>)]
    variance: Option<Variance>,
    /// Whether the network sees t·1000/T rather than t.
    #[arg(long)]
    rescale_timesteps: Option<bool>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Number {
    F32,
    F16,
}

/// A list of factors in one argument.
#[derive(Clone)]
struct Factors(Vec<usize>);

fn main() -> ExitCode {
    match convert(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("convert: {error}");
            ExitCode::FAILURE
        }
    }
}

fn convert(options: &Options) -> Result<(), Box<dyn Error>> {
    let description = describe(options)?;
    let dtype = match options.dtype {
        Number::F32 => Dtype::F32,
        Number::F16 => Dtype::F16,
    };
    let checkpoint = Checkpoint::open_as(&options.input, description, Precision::AsStored)?;
    checkpoint.save(&options.output, dtype)?;
    let count = checkpoint.graph().parameter_count();
    let output = options.output.display();
    writeln!(std::io::stdout(), "{output}: {count} parameters as {dtype}")?;
    Ok(())
}

/// The preset, or else what the input says of itself, or else nothing; with the options on top.
fn describe(options: &Options) -> Result<Description, Box<dyn Error>> {
    let said = match Description::from_metadata(Header::open(&options.input)?.metadata()) {
        Ok(description) => Some(description),
        Err(CheckpointError::MissingMetadata { .. }) => None,
        Err(_) if options.preset.is_some() || options.flags.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let card = said.as_ref().map(|said| said.card);
    let weights = options.weights.or(card.map(|card| card.weights));
    let step = options.step.or(card.map(|card| card.step));
    let weights = given(weights, "weights")?;
    let step = given(step, "step")?;
    let base = match (options.preset, &options.flags) {
        (Some(preset), _) => Some(preset.describe(weights, step)?),
        (None, Some(flags)) => Some(flags.describe(weights, step)?),
        (None, None) => said,
    };
    let (unet, size) = options.network.apply(base.as_ref(), &options.process)?;
    let diffusion = options
        .process
        .apply(base.as_ref().map(|base| base.card.diffusion))?;
    let card = ModelCard {
        diffusion,
        weights,
        step,
    };
    let described = Description::new(unet, size, card);
    Ok(match base {
        Some(base) => Description {
            class_names: base.class_names,
            notes: base.notes,
            ..described
        },
        None => described,
    })
}

fn given<T>(value: Option<T>, name: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("--{name} is needed: neither preset, flags nor the input say it"))
}

impl Network {
    fn apply(
        &self,
        base: Option<&Description>,
        process: &Process,
    ) -> Result<(UnetConfig, ImageSize), String> {
        let unet = base.map(|base| &base.unet);
        let of = |option: Option<usize>, said: fn(&UnetConfig) -> usize| option.or(unet.map(said));
        let in_channels = given(of(self.image_channels, |u| u.in_channels), "image-channels")?;
        let variance = process.variance.or(base.map(|b| b.card.diffusion.variance));
        let learned = given(variance, "variance")?.is_learned();
        let num_heads = given(of(self.heads, |u| u.num_heads), "heads")?;
        // Heads on the way up follow those on the way down, if only these are given.
        let up = match self.heads {
            Some(_) => self.heads_upsample,
            None => of(self.heads_upsample, |u| u.num_heads_upsample),
        };
        let classes = self.classes.or(unet.and_then(|u| u.num_classes));
        let scale_shift = self.scale_shift.or(unet.map(|u| u.scale_shift));
        let multipliers = self.channel_mult.clone();
        let factors = self.attention_factors.clone().map(|factors| factors.0);
        let size = base.map(|base| base.size);
        let (height, width) = given(
            self.image_size.or(size.map(|s| (s.height, s.width))),
            "image-size",
        )?;
        let low_res = self.low_res.or(size.and_then(|size| size.low_res));
        let unet = UnetConfig {
            in_channels,
            model_channels: given(
                of(self.model_channels, |u| u.model_channels),
                "model-channels",
            )?,
            out_channels: if learned {
                2 * in_channels
            } else {
                in_channels
            },
            num_res_blocks: given(of(self.res_blocks, |u| u.num_res_blocks), "res-blocks")?,
            attention_factors: given(
                factors.or(unet.map(|u| u.attention_factors.clone())),
                "attention-factors",
            )?,
            channel_mult: given(
                multipliers.or(unet.map(|u| u.channel_mult.clone())),
                "channel-mult",
            )?,
            conv_resample: self
                .conv_resample
                .or(unet.map(|u| u.conv_resample))
                .unwrap_or(true),
            num_classes: classes.filter(|&classes| classes > 0),
            num_heads,
            num_heads_upsample: up.unwrap_or(num_heads),
            scale_shift: given(scale_shift, "scale-shift")?,
            super_resolution: low_res.is_some(),
        };
        let size = ImageSize {
            height,
            width,
            low_res,
        };
        Ok((unet, size))
    }
}

impl Process {
    fn apply(&self, base: Option<Diffusion<'static>>) -> Result<Diffusion<'static>, String> {
        let rescale = self
            .rescale_timesteps
            .or(base.map(|base| base.rescale_timesteps));
        Ok(Diffusion {
            schedule: given(self.schedule.or(base.map(|base| base.schedule)), "schedule")?,
            num_timesteps: given(
                self.timesteps.or(base.map(|base| base.num_timesteps)),
                "timesteps",
            )?,
            zero_terminal_snr: self
                .zero_terminal_snr
                .or(base.map(|base| base.zero_terminal_snr))
                .unwrap_or(false),
            prediction: given(
                self.prediction.or(base.map(|base| base.prediction)),
                "prediction",
            )?,
            variance: given(self.variance.or(base.map(|base| base.variance)), "variance")?,
            rescale_timesteps: given(rescale, "rescale-timesteps")?,
        })
    }
}

fn weights(text: &str) -> Result<Weights, String> {
    match text.split_once(':') {
        None if text == "raw" => Ok(Weights::Raw),
        Some(("ema", rate)) => rate
            .parse()
            .map(|rate| Weights::Ema { rate })
            .map_err(|error| format!("{rate}: {error}")),
        _ => Err("neither raw nor ema:RATE".into()),
    }
}

fn sides(text: &str) -> Result<(usize, usize), String> {
    let side = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
    match text.split_once('x') {
        Some((height, width)) => Ok((side(height)?, side(width)?)),
        None => side(text).map(|side| (side, side)),
    }
}

fn factors(text: &str) -> Result<Factors, String> {
    if text == "none" {
        return Ok(Factors(Vec::new()));
    }
    let factor = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
    text.split(',')
        .map(factor)
        .collect::<Result<_, _>>()
        .map(Factors)
}

fn schedule(text: &str) -> Result<Schedule<'static>, String> {
    let Some(("sigmoid", numbers)) = text.split_once(':') else {
        let plain: Schedule<'_> = text
            .parse()
            .map_err(|error: iddpm::Error| error.to_string())?;
        return Ok(plain);
    };
    let number = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
    let numbers: Vec<f64> = numbers.split(',').map(number).collect::<Result<_, _>>()?;
    match numbers[..] {
        [start, end, tau] => Ok(Schedule::Sigmoid { start, end, tau }),
        _ => Err("sigmoid takes START,END,TAU".into()),
    }
}

/// A variant by its name in a file.
fn named<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error| error.to_string())
}
