//! What the command line says, and what is made of it.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::{PathBufValueParser, TypedValueParser};
use iddpm::checkpoint::{Description, WeightType};
use iddpm::diffusion::{Clip, Diffusion, Method, OwnedProcess, Timesteps};

use super::device_options::DeviceOptions;
use super::files::{self, Out, Trajectory};
use super::pictures::Drawing;
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
    /// The class of every image, by number or by name; all classes in turn where none is given.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) class: Option<String>,
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
    /// Where the images go: a grid (x.png, or - for the standard output), an archive (x.npz), or a folder
    /// that is new or empty (dir/), which gets each batch as it is made.
    #[arg(long, default_value = "samples.png", value_parser = PathBufValueParser::new().try_map(Out::parse))]
    pub(crate) out: Out,
    /// Where the predictions along the way of the first batch go: a strip (x.png) or an animation (x.gif).
    #[arg(long, value_parser = PathBufValueParser::new().try_map(Trajectory::parse))]
    pub(crate) trajectory: Option<Trajectory>,
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

const PRECISIONS: [Word; 3] = [
    ("as-stored", "As in the file"),
    ("f32", "32 bits each"),
    ("f16", "16 bits each"),
];

impl Options {
    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.eta.is_some() && !matches!(self.method, Method::Ddim { .. }) {
            return Err("--eta: only --method ddim has one".into());
        }
        self.device.check()?;
        let checkpoint = self.checkpoint();
        let mut inputs = vec![("--checkpoint", checkpoint.as_path())];
        inputs.extend(self.low_res.as_deref().map(|path| ("--low-res", path)));
        files::check(&self.out, self.trajectory.as_ref(), &inputs)
    }

    /// Whether the trajectory of these images, in so many steps, can be kept and drawn.
    pub(crate) fn check_trajectory(
        &self,
        description: &Description,
        images: usize,
        steps: usize,
    ) -> Result<(), Failure> {
        let Some(trajectory) = &self.trajectory else {
            return Ok(());
        };
        let path = trajectory.path().display();
        Drawing::of(description).map_err(|why| format!("--trajectory {path}: {why}"))?;
        let (batch, most) = (self.batch.min(images), trajectory.most(description, steps));
        if batch <= most {
            return Ok(());
        }
        Err(format!("--batch {batch}: {path} takes {steps} steps of at most {most} images").into())
    }

    /// Prints a line, beside the images where they go to the standard output.
    pub(crate) fn say(&self, line: impl std::fmt::Display) -> Result<(), Failure> {
        if self.out.is_stdout() {
            warn(line);
            return Ok(());
        }
        say(line)
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/assets/sprites32.safetensors"
        );
        self.checkpoint.clone().unwrap_or_else(|| shipped.into())
    }

    /// The steps of a diffusion that are kept.
    pub(crate) fn process(&self, diffusion: &Diffusion<'_>) -> Result<OwnedProcess, Failure> {
        let process = Timesteps::parse(&self.steps).and_then(|steps| diffusion.process(steps));
        process.map_err(|error| self.steps_failed(&error))
    }

    /// What is wrong with `--steps`.
    fn steps_failed(&self, error: &iddpm::diffusion::Error) -> Failure {
        format!("--steps {}: {error}", self.steps).into()
    }

    /// What is wrong with the method, by the option that says it.
    pub(crate) fn sampler_failed(&self, error: &iddpm::diffusion::Error) -> Failure {
        match error {
            iddpm::diffusion::Error::Eta { eta } => {
                format!("--eta {eta}: must be within [0, 1]").into()
            }
            error => self.steps_failed(error),
        }
    }

    pub(crate) fn method(&self) -> Method {
        match (self.method, self.eta) {
            (Method::Ddim { .. }, Some(eta)) => Method::Ddim { eta },
            (method, _) => method,
        }
    }
}
