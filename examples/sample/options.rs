//! What the command line says, and what is made of it.

use std::path::PathBuf;

use clap::Parser;
use iddpm::checkpoint::WeightType;
use iddpm::diffusion::{Clip, Method};
use iddpm::run::{DrawError, Trajectory};
use iddpm::unet::Wrap;
use iddpm::{Draw, Error, Model};

use super::device_options::DeviceOptions;
use super::files::{self, of_path};
use super::program::{Failure, say, warn};
use super::real::real;
use super::seed::Seed;
use super::whole::whole;
use super::words::{Word, words};

/// Generates images from a checkpoint.
#[derive(Parser)]
#[command(after_help = "Examples:
  sample --class sword --count 20 --steps ddim25 --method ddim
  sample --backend cpu --steps 15 --method dpm --trajectory steps.gif
  sample --count 200 --out samples.npz
  sample --count 5000 --out samples/")]
pub(crate) struct Options {
    /// A checkpoint; a run of train, or a state of one, stands for its average. The shipped sprites where none
    /// is given.
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,
    /// How many steps, or which: 50; 10,15,20 of each third; ddim25; trailing20; quadratic30; all; ...
    #[arg(long, default_value = "50")]
    pub(crate) steps: String,
    /// How each step is taken.
    #[arg(long, default_value = "ancestral", value_parser = words::<Method>(&METHODS))]
    method: Method,
    /// DDIM's eta: 0 is deterministic, 1 as noisy as ancestral sampling; 0 where none is given.
    #[arg(long, value_parser = real)]
    eta: Option<f64>,
    /// What is done to each prediction of the image.
    #[arg(long, default_value = "unit", value_parser = words::<Clip>(&CLIPS))]
    pub(crate) clip: Clip,
    /// Where the images go round, so that copies side by side have no seams.
    #[arg(long, default_value = "none", value_parser = words::<Wrap>(&WRAPS))]
    wrap: Wrap,
    /// The class of every image, by number or by name; of several, each with its own --class, one after the other;
    /// all classes in turn where none is given.
    #[arg(long, allow_hyphen_values = true)]
    class: Vec<String>,
    /// What all randomness follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Seed,
    /// Images at once, 1 to 4096.
    #[arg(long, default_value_t = 8, value_parser = whole::<usize>(1..=4096))]
    pub(crate) batch: usize,
    /// Images in all, up to 1000000; where none is given, four rows of them, or all that --low-res has.
    #[arg(long, value_parser = whole::<usize>(1..=1_000_000))]
    pub(crate) count: Option<usize>,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
    /// How the weights are held. A GPU that can computes in f16 with weights in f16; one in software only
    /// where that is asked for.
    #[arg(long, default_value = "as-stored", value_parser = words::<WeightType>(&PRECISIONS))]
    pub(crate) precision: WeightType,
    /// Where the images go: a grid (x.png, or - for the standard output), an animation (x.gif), an archive (x.npz), or a folder
    /// that is new or empty (dir/), which gets each batch as it is made.
    #[arg(long, default_value = "samples.png")]
    pub(crate) out: PathBuf,
    /// Where the predictions along the way of the first batch go: a strip (x.png) or an animation (x.gif).
    #[arg(long)]
    pub(crate) trajectory: Option<PathBuf>,
    /// What a super-resolution network enlarges: a picture, or the images of a folder or an archive, each to
    /// one of its own class.
    #[arg(long)]
    pub(crate) low_res: Option<PathBuf>,
}

const METHODS: [Word; 4] = [
    (
        "ancestral",
        "With new noise in each step, as the paper has it",
    ),
    ("ddim", "With no noise but the first, or some (--eta)"),
    (
        "dpm",
        "DPM-Solver++ of second order: good in 10 to 25 steps",
    ),
    (
        "heun",
        "Heun's method: two evaluations of the network in a step",
    ),
];

const CLIPS: [Word; 3] = [
    ("unit", "Clipped to [-1, 1]"),
    ("none", "Nothing"),
    (
        "dynamic",
        "Scaled down where more than 0.5 % of it is beyond [-1, 1], then clipped",
    ),
];

const WRAPS: [Word; 4] = [
    ("none", "Nowhere"),
    ("x", "From left to right"),
    ("y", "From top to bottom"),
    ("xy", "Both"),
];

const PRECISIONS: [Word; 3] = [
    ("as-stored", "As in the file"),
    ("f32", "32 bits each"),
    ("f16", "16 bits each"),
];

impl Options {
    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.method, self.eta) {
            (Method::Ddim { .. }, Some(eta)) if !(0.0..=1.0).contains(&eta) => {
                return Err(format!("--eta {eta}: must be within [0, 1]").into());
            }
            (Method::Ddim { .. }, _) | (_, None) => {}
            (_, Some(_)) => return Err("--eta: only --method ddim has one".into()),
        }
        self.device.check()?;
        let checkpoint = self.checkpoint();
        let mut inputs = vec![("--checkpoint", checkpoint.as_path())];
        inputs.extend(self.low_res.as_deref().map(|path| ("--low-res", path)));
        files::check(&self.out, self.trajectory.as_deref(), &inputs)
    }

    /// The trajectory of the first of these images, in so many steps, where one is wanted.
    pub(crate) fn trajectory(
        &self,
        model: &Model,
        images: usize,
        steps: usize,
    ) -> Result<Option<Trajectory>, Failure> {
        let Some(path) = &self.trajectory else {
            return Ok(None);
        };
        match Trajectory::create(path, model, self.batch.min(images), steps) {
            Ok(trajectory) => Ok(Some(trajectory)),
            Err(Error::Draw(DrawError::Count { count, most, of })) => {
                Err(format!("--batch {count}: {of} takes at most {most} images").into())
            }
            Err(error) => Err(of_path("--trajectory", path, error)),
        }
    }

    /// Prints a line, beside the images where they go to the standard output.
    pub(crate) fn say(&self, line: impl std::fmt::Display) -> Result<(), Failure> {
        if self.is_to_stdout() {
            warn(line);
            return Ok(());
        }
        say(line)
    }

    /// Where the images go, without the slash of a folder.
    pub(crate) fn shown_out(&self) -> PathBuf {
        self.out.components().collect()
    }

    pub(crate) fn is_to_stdout(&self) -> bool {
        self.out.as_os_str() == "-"
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/assets/sprites32.safetensors"
        );
        self.checkpoint.clone().unwrap_or_else(|| shipped.into())
    }

    /// What is to be drawn.
    pub(crate) fn draw(&self) -> Draw {
        let method = match (self.method, self.eta) {
            (Method::Ddim { .. }, Some(eta)) => Method::Ddim { eta },
            (method, _) => method,
        };
        let draw = Draw::new()
            .steps(&self.steps)
            .method(method)
            .clip(self.clip)
            .wrap(self.wrap);
        draw.seed(self.seed.number).classes(&self.class)
    }
}
