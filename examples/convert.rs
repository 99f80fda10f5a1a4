//! Says what the tensors of a file of weights are, safetensors or PyTorch's, and writes them as f32 or f16.
//!
//! `cargo run --release --features torch --example convert -- --help`

#[path = "support/places.rs"]
mod places;
#[path = "support/program.rs"]
mod program;
#[path = "support/whole.rs"]
mod whole;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};
use iddpm::checkpoint::{
    Checkpoint, CheckpointError, Description, Dtype, Flags, Header, ImageSize, Preset, ReadOptions,
    locate,
};
use iddpm::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, WeightSet};
use iddpm::files::Place;
use iddpm::unet::{ConfigError, UnetConfig};

use program::{Failure, say, warn};
use whole::whole;

/// Says what the tensors of a file of weights are, safetensors or PyTorch's, and writes them as f32 or f16.
///
/// The input may be a bare state dict of the public implementation, as safetensors or as the .pt that torch.save wrote
/// (1.6 or later), which is read without Python and without running anything in it; or
/// a checkpoint that already says what it is. Options change what a preset, flags or the input say; without any of
/// these all that the tensors do not reveal must be given. Where every name of the network has one
/// prefix, such as module., it is taken off. Files of other formats (.onnx, .gguf, …) are refused, with what they are.
#[derive(Parser)]
#[command(allow_negative_numbers = true)] // to be refused by name
#[command(after_help = "Examples:
  convert cifar10_uncond_50M_500K.pt cifar10.safetensors \\
      --preset cifar10_uncond --weights ema:0.9999 --step 500000 --dtype f16
  convert theirs.safetensors theirs128.safetensors --weights raw --step 90000 \\
      --flags \"--image_size 128 --num_channels 128 --learn_sigma True\" --channel-mult 1,1,2,3,4
  convert lightning.safetensors ema.safetensors --prefix ema_model. \\
      --preset cifar10_uncond --weights ema:0.9999 --step 500000
  convert mine.safetensors mine16.safetensors --dtype f16")]
struct Options {
    /// Tensors with the public implementation's names, as safetensors or in PyTorch's file; a training run, or a state
    /// of it, stands for its average.
    input: PathBuf,
    /// Where to write; replaced, whole or not at all, if it is there; - for the standard output.
    output: PathBuf,
    /// How the numbers are written; f16 takes half the space, and holds at most ±65504.
    #[arg(long, value_enum, default_value_t = Number::F32)]
    dtype: Number,
    /// What the public implementation's command line says of model and diffusion, in its words:
    /// "--image_size 64 --num_channels 128 ...", with its defaults for what is not there. The sizes
    /// 32, 64 and 256 have channel multipliers; for others give --channel-mult. Flags of training
    /// alone, such as --lr, are not taken.
    #[arg(long, conflicts_with = "preset", allow_hyphen_values = true)]
    flags: Option<Flags>,
    /// A published model: cifar10_uncond, cifar10_uncond_vlb, imagenet64_uncond,
    /// imagenet64_uncond_vlb, imagenet64_cond, lsun_bedroom, upsample_64_256.
    #[arg(long)]
    preset: Option<Preset>,
    /// Which weights these are: raw, or ema:RATE such as ema:0.9999.
    #[arg(long, value_parser = WeightSet::from_str)]
    weights: Option<WeightSet>,
    /// Training steps taken.
    #[arg(long, value_parser = whole::<u64>(0..=u64::MAX))]
    step: Option<u64>,
    /// What the names of the tensors to be taken begin with, such as ema_model., where the input
    /// holds several networks, or others' tensors: what begins otherwise is left out.
    #[arg(long)]
    prefix: Option<String>,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    process: Process,
}

#[derive(clap::Args)]
#[command(next_help_heading = "The network")]
struct Network {
    /// Side of the images, or WIDTHxHEIGHT.
    #[arg(long, value_parser = sides)]
    image_size: Option<(usize, usize)>,
    /// Side of the low-resolution images, below the images', or WIDTHxHEIGHT: a super-resolution network.
    #[arg(long, value_parser = sides)]
    low_res: Option<(usize, usize)>,
    /// Channels of an image.
    #[arg(long, value_parser = count)]
    image_channels: Option<usize>,
    /// Channels at the highest resolution.
    #[arg(long, value_parser = count)]
    model_channels: Option<usize>,
    /// Residual blocks at each level.
    #[arg(long, value_parser = count)]
    res_blocks: Option<usize>,
    /// Channels of each level over the model's: 1,2,2,2.
    #[arg(long, value_delimiter = ',', value_parser = count)]
    channel_mult: Option<Vec<usize>>,
    /// Downsampling factors with attention, such as 2,4; none for attention in the middle alone.
    #[arg(long, value_parser = factors)]
    attention_factors: Option<Factors>,
    /// Groups of each normalisation [default: 32].
    #[arg(long, value_parser = count)]
    norm_groups: Option<usize>,
    /// Attention heads on the way down.
    #[arg(long, value_parser = count)]
    heads: Option<usize>,
    /// Attention heads on the way up [default: as many as on the way down].
    #[arg(long, value_parser = count)]
    heads_upsample: Option<usize>,
    /// Whether the embedding scales and shifts.
    #[arg(long)]
    scale_shift: Option<bool>,
    /// Whether a convolution goes with each change of resolution [default: true].
    #[arg(long)]
    conv_resample: Option<bool>,
    /// Classes the network is conditioned on, 0 for none [default: 0].
    #[arg(long, value_parser = count)]
    classes: Option<usize>,
    /// Whether the table of classes has one more row, for no class.
    #[arg(long)]
    null_class: Option<bool>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "The diffusion process it was trained on")]
struct Process {
    /// linear, cosine, sigmoid, or sigmoid:START,END,TAU.
    #[arg(long, value_parser = Schedule::<'static>::from_str)]
    schedule: Option<Schedule<'static>>,
    /// Steps of the diffusion, T: 2 to 1000000.
    #[arg(long, value_parser = whole::<u32>(2..=1_000_000))]
    timesteps: Option<u32>,
    /// Whether the schedule is rescaled to end at no signal [default: false].
    #[arg(long)]
    zero_terminal_snr: Option<bool>,
    /// What the network predicts.
    #[arg(long, value_parser = PossibleValuesParser::new(Prediction::ALL.map(Prediction::name)).try_map(|name| name.parse::<Prediction>()))]
    prediction: Option<Prediction>,
    /// How the variance of a step is chosen.
    #[arg(long, value_parser = PossibleValuesParser::new(Variance::ALL.map(Variance::name)).try_map(|name| name.parse::<Variance>()))]
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
    program::run(convert)
}

fn convert(options: &Options) -> Result<(), Failure> {
    let output = places::tried("OUTPUT", &options.output)?;
    let located = locate(&options.input)?;
    // What streams to the standard output says nothing else there.
    let tell = |line: String| match output {
        Place::Stdout => {
            warn(line);
            Ok(())
        }
        _ => say(line),
    };
    if let Some(note) = located.note {
        tell(note)?;
    }
    let path = &located.path;
    let description = describe(path, options)?;
    // What is wrong with it is the options' fault, not the file's.
    description
        .graph(1)
        .map_err(|error| match of_network(&error) {
            Some(option) => format!("{option}: {error}"),
            None => error.to_string(),
        })?;
    let dtype = match options.dtype {
        Number::F32 => Dtype::F32,
        Number::F16 => Dtype::F16,
    };
    let reading = ReadOptions {
        description: Some(description),
        prefix: options.prefix.as_deref(),
        ..ReadOptions::default()
    };
    let checkpoint =
        Checkpoint::open_with(path, reading).map_err(|error| match &options.prefix {
            Some(prefix) if is_of_prefix(&error) => format!("--prefix {prefix}: {error}"),
            _ => error.to_string(),
        })?;
    if let Some(note) = checkpoint.note() {
        tell(format!("{}: {note}", path.display()))?;
    }
    checkpoint.save(&options.output, dtype)?;
    let count = checkpoint.graph().parameter_count();
    let written = options.output.display();
    tell(format!("{written}: {count} parameters as {dtype}"))
}

/// The option by which a network is what it cannot be.
fn of_network(error: &CheckpointError) -> Option<&'static str> {
    let CheckpointError::Config(error) = error else {
        return None;
    };
    Some(match error {
        ConfigError::OutOfRange { option, .. } | ConfigError::Heads { option, .. } => match *option
        {
            "in_channels" => "--image-channels",
            "num_res_blocks" => "--res-blocks",
            "num_classes" => "--classes",
            "norm_groups" => "--norm-groups",
            "num_heads" => "--heads",
            "num_heads_upsample" => "--heads-upsample",
            _ => return None,
        },
        ConfigError::NullClass => "--classes",
        ConfigError::ModelChannels { .. } => "--model-channels, or --norm-groups",
        ConfigError::Entries { .. }
        | ConfigError::FirstMultiplier { .. }
        | ConfigError::Multiplier { .. } => "--channel-mult",
        ConfigError::AttentionFactor { .. } => "--attention-factors",
        ConfigError::ImageSize { .. } => "--image-size",
        _ => return None,
    })
}

/// Whether a file is refused for what its names begin with.
const fn is_of_prefix(error: &CheckpointError) -> bool {
    match error {
        CheckpointError::InFile { error, .. } => is_of_prefix(error),
        CheckpointError::Tensors(_) | CheckpointError::SeveralNetworks { .. } => true,
        _ => false,
    }
}

/// What nothing says, by the option that would.
#[derive(Default)]
struct Wanted(Vec<&'static str>);

impl Wanted {
    fn given<T>(&mut self, value: Option<T>, option: &'static str) -> Option<T> {
        if value.is_none() {
            self.0.push(option);
        }
        value
    }

    fn message(&self, path: &Path) -> String {
        let (path, options) = (path.display(), self.0.join(", "));
        format!(
            "{path}: neither the file nor --preset nor --flags says all of it; needed: {options}"
        )
    }
}

/// The preset, or else what the input says of itself, or else nothing; with the options on top.
fn describe(path: &Path, options: &Options) -> Result<Description, Failure> {
    let header = Header::open(path)?;
    let said = match header.description() {
        Ok(description) => Some(description),
        Err(CheckpointError::Bare) => None,
        Err(_) if options.preset.is_some() || options.flags.is_some() => None,
        Err(error) => return Err(error.in_file(path.display()).into()),
    };
    let mut wanted = Wanted::default();
    let card = said.as_ref().map(|said| said.card);
    let weights = options.weights.or(card.map(|card| card.weights));
    let step = options.step.or(card.map(|card| card.step));
    let weights = wanted.given(weights, "--weights");
    let step = wanted.given(step, "--step");
    // What is wanted is put in below, or all ends in a message.
    let (stand_in, none) = (weights.unwrap_or(WeightSet::Raw), step.unwrap_or(0));
    let base = match (options.preset, &options.flags) {
        (Some(preset), _) => Some(preset.describe(stand_in, none)?),
        (None, Some(flags)) => Some(options.network.without(flags).describe(stand_in, none)?),
        (None, None) => said,
    };
    let base = base.as_ref();
    let network = options.network.apply(base, &options.process, &mut wanted);
    let diffusion = base.map(|base| base.card.diffusion);
    let diffusion = options.process.apply(diffusion, &mut wanted);
    let (Some(weights), Some(step), Some((unet, size)), Some(diffusion)) =
        (weights, step, network, diffusion)
    else {
        return Err(wanted.message(path).into());
    };
    if let Some((rows, columns)) = options.network.low_res
        && size.shrinks()
    {
        return Err(format!(
            "--low-res {columns}x{rows}: must be below {}x{}, the images' sides",
            size.width, size.height
        )
        .into());
    }
    let card = ModelCard {
        diffusion,
        weights,
        step,
    };
    let described = Description::new(unet, size, card);
    Ok(match base {
        Some(base) => Description {
            grid: base.grid.clone(),
            class_names: base.class_names.clone(),
            notes: base.notes.clone(),
            ..described
        },
        None => described,
    })
}

impl Network {
    /// The flags without what options say instead: that need not be sound.
    fn without(&self, flags: &Flags) -> Flags {
        let mut flags = flags.clone();
        if let Some(multipliers) = &self.channel_mult {
            flags.channel_mult = Some(multipliers.clone());
        }
        if self.attention_factors.is_some() {
            flags.attention_resolutions.clear();
        }
        flags
    }

    fn apply(
        &self,
        base: Option<&Description>,
        process: &Process,
        wanted: &mut Wanted,
    ) -> Option<(UnetConfig, ImageSize)> {
        let unet = base.map(|base| &base.unet);
        let of = |option: Option<usize>, said: fn(&UnetConfig) -> usize| option.or(unet.map(said));
        let size = base.map(|base| base.size);
        let sides = self.image_size.or(size.map(|s| (s.height, s.width)));
        let sides = wanted.given(sides, "--image-size");
        let in_channels = of(self.image_channels, |u| u.in_channels);
        let in_channels = wanted.given(in_channels, "--image-channels");
        let model_channels = of(self.model_channels, |u| u.model_channels);
        let model_channels = wanted.given(model_channels, "--model-channels");
        let blocks = wanted.given(of(self.res_blocks, |u| u.num_res_blocks), "--res-blocks");
        let multipliers = self.channel_mult.clone();
        let multipliers = multipliers.or(unet.map(|u| u.channel_mult.clone()));
        let multipliers = wanted.given(multipliers, "--channel-mult");
        let factors = self.attention_factors.clone().map(|factors| factors.0);
        let factors = factors.or(unet.map(|u| u.attention_factors.clone()));
        let factors = wanted.given(factors, "--attention-factors");
        let groups = of(self.norm_groups, |u| u.norm_groups);
        let heads = wanted.given(of(self.heads, |u| u.num_heads), "--heads");
        // Heads on the way up follow those on the way down, if only these are given.
        let up = match self.heads {
            Some(_) => self.heads_upsample,
            None => of(self.heads_upsample, |u| u.num_heads_upsample),
        };
        let scale_shift = self.scale_shift.or(unet.map(|u| u.scale_shift));
        let scale_shift = wanted.given(scale_shift, "--scale-shift");
        // Wanted of the process.
        let variance = process.variance.or(base.map(|b| b.card.diffusion.variance));
        let resample = self.conv_resample.or(unet.map(|u| u.conv_resample));
        let classes = self.classes.or(unet.and_then(|u| u.num_classes));
        let null_class = self.null_class.or(unet.map(|u| u.null_class));
        let low_res = self.low_res.or(size.and_then(|size| size.low_res));
        let ((height, width), in_channels, num_heads) = (sides?, in_channels?, heads?);
        let unet = UnetConfig {
            in_channels,
            model_channels: model_channels?,
            out_channels: in_channels.saturating_mul(if variance?.is_learned() { 2 } else { 1 }),
            num_res_blocks: blocks?,
            attention_factors: factors?,
            channel_mult: multipliers?,
            norm_groups: groups.unwrap_or(UnetConfig::DEFAULT_NORM_GROUPS),
            conv_resample: resample.unwrap_or(true),
            num_classes: classes.filter(|&classes| classes > 0),
            null_class: null_class.unwrap_or(false),
            num_heads,
            num_heads_upsample: up.unwrap_or(num_heads),
            scale_shift: scale_shift?,
            super_resolution: low_res.is_some(),
        };
        let size = ImageSize {
            height,
            width,
            low_res,
        };
        Some((unet, size))
    }
}

impl Process {
    fn apply(
        &self,
        base: Option<Diffusion<'static>>,
        wanted: &mut Wanted,
    ) -> Option<Diffusion<'static>> {
        let zero_terminal_snr = self.zero_terminal_snr.or(base.map(|b| b.zero_terminal_snr));
        let schedule = wanted.given(self.schedule.or(base.map(|b| b.schedule)), "--schedule");
        let timesteps = self.timesteps.or(base.map(|b| b.num_timesteps));
        let timesteps = wanted.given(timesteps, "--timesteps");
        let prediction = self.prediction.or(base.map(|b| b.prediction));
        let prediction = wanted.given(prediction, "--prediction");
        let variance = wanted.given(self.variance.or(base.map(|b| b.variance)), "--variance");
        let rescale = self.rescale_timesteps.or(base.map(|b| b.rescale_timesteps));
        let rescale = wanted.given(rescale, "--rescale-timesteps");
        Some(Diffusion {
            schedule: schedule?,
            num_timesteps: timesteps?,
            zero_terminal_snr: zero_terminal_snr.unwrap_or(false),
            prediction: prediction?,
            variance: variance?,
            rescale_timesteps: rescale?,
        })
    }
}

/// How many; what is too many is for the network to say.
fn count(text: &str) -> Result<usize, String> {
    whole(0..=u64::MAX)(text)
}

/// Rows and columns.
fn sides(text: &str) -> Result<(usize, usize), String> {
    let side = whole(1..=16384);
    match text.split_once('x') {
        Some((width, height)) => Ok((side(height)?, side(width)?)),
        None => side(text).map(|side| (side, side)),
    }
}

fn factors(text: &str) -> Result<Factors, String> {
    if text == "none" {
        return Ok(Factors(Vec::new()));
    }
    text.split(',')
        .map(count)
        .collect::<Result<_, _>>()
        .map(Factors)
}
