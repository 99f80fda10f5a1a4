//! What the command line says, and what is made of it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use iddpm::checkpoint::Description;
use iddpm::diffusion::{Clip, Method, Noise, Sample, Timesteps};
use iddpm::unet::Extents;

use super::device_options::DeviceOptions;
use super::files::{Out, Trajectory, same};
use super::low_res;
use super::picture::columns;
use super::program::Failure;
use super::seed::Seed;

/// Generates images from a checkpoint.
#[derive(Parser)]
#[command(after_help = "Examples:
  sample --class sword --count 20 --steps ddim25 --method ddim
  sample --backend cpu --steps 15 --method dpm --trajectory steps.gif
  sample --count 200 --out samples.npz")]
pub(crate) struct Options {
    /// A checkpoint; the shipped sprites where none is given.
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,
    /// How many steps, or which: 50, 10,15,20, ddim25, trailing20, quadratic30, all, ...
    #[arg(long, default_value = "50")]
    pub(crate) steps: String,
    /// How each step is taken.
    #[arg(long, value_enum, default_value_t = MethodName::Ancestral)]
    pub(crate) method: MethodName,
    /// DDIM's eta: 0 is deterministic, 1 as noisy as ancestral sampling; 0 where none is given.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) eta: Option<f64>,
    /// What is done to the prediction of the image: clipped to its range, or nothing.
    #[arg(long, value_enum, default_value_t = ClipName::Unit)]
    pub(crate) clip: ClipName,
    /// The class of every image, by number or by name; all classes in turn where none is given.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) class: Option<String>,
    /// What all randomness follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Seed,
    /// Images at once.
    #[arg(long, default_value_t = 8, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=4096))]
    pub(crate) batch: usize,
    /// Images in all; four rows of them where none is given.
    #[arg(long, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(crate) count: Option<usize>,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
    /// How the weights are held. A GPU that can computes in f16 with weights in f16; one in software only
    /// where that is asked for.
    #[arg(long, value_enum, default_value_t = PrecisionName::AsStored)]
    pub(crate) precision: PrecisionName,
    /// Where the images go: a grid (x.png), an archive (x.npz), or a folder of images (dir/).
    #[arg(long, default_value = "samples.png", value_parser = Out::parse)]
    pub(crate) out: Out,
    /// Where the predictions along the way go: a strip (x.png) or an animation (x.gif).
    #[arg(long, value_parser = Trajectory::parse)]
    pub(crate) trajectory: Option<Trajectory>,
    /// The picture that a super-resolution network enlarges: PNG, JPEG or GIF.
    #[arg(long)]
    pub(crate) low_res: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    Ancestral,
    Ddim,
    Dpm,
    Heun,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ClipName {
    Unit,
    None,
    Dynamic,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PrecisionName {
    AsStored,
    F32,
    F16,
}

impl Options {
    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.eta.is_some() && self.method != MethodName::Ddim {
            return Err("--eta: only --method ddim has one".into());
        }
        self.device.check()?;
        self.out.check()?;
        let Some(trajectory) = &self.trajectory else {
            return Ok(());
        };
        trajectory.check()?;
        if same(trajectory.path(), self.out.path()) {
            let path = trajectory.path().display();
            return Err(format!("--trajectory {path}: there the images go").into());
        }
        Ok(())
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
        let (batch, most) = (self.batch.min(images), trajectory.most(description, steps));
        if batch <= most {
            return Ok(());
        }
        let path = trajectory.path().display();
        Err(format!("--batch {batch}: {path} takes {steps} steps of at most {most} images").into())
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/assets/sprites32.safetensors"
        );
        self.checkpoint.clone().unwrap_or_else(|| shipped.into())
    }

    pub(crate) fn timesteps(&self) -> Result<Timesteps<'_>, Failure> {
        Timesteps::parse(&self.steps).map_err(|error| self.steps_failed(&error))
    }

    /// What is wrong with `--steps`.
    pub(crate) fn steps_failed(&self, error: &iddpm::Error) -> Failure {
        format!("--steps {}: {error}", self.steps).into()
    }

    pub(crate) fn method(&self) -> Method {
        match self.method {
            MethodName::Ancestral => Method::Ancestral,
            MethodName::Ddim => Method::Ddim {
                eta: self.eta.unwrap_or(0.0),
            },
            MethodName::Dpm => Method::DpmSolverPlusPlus2M,
            MethodName::Heun => Method::Heun,
        }
    }

    pub(crate) const fn clip(&self) -> Clip {
        match self.clip {
            ClipName::Unit => Clip::Unit,
            ClipName::None => Clip::None,
            ClipName::Dynamic => Clip::Dynamic {
                ratio: 0.995,
                max: 10.0,
            },
        }
    }

    /// Which image each one is; its class is that asked for, or all in turn.
    pub(crate) fn samples(&self, description: &Description) -> Result<Vec<Sample>, Failure> {
        let only = match &self.class {
            Some(class) => Some(number_of(class, description)?),
            None => None,
        };
        let label = |number: usize| {
            let classes = description.unet.num_classes?;
            Some(only.unwrap_or((number % classes) as u32))
        };
        let one = |number: usize| Sample {
            noise: Noise::new(self.seed.number),
            number: number as u64,
            label: label(number),
        };
        let count = self.count.unwrap_or(4 * columns(description));
        let most = self.out.most(description);
        if count > most {
            let path = self.out.path().display();
            return Err(format!("--count {count}: {path} takes at most {most} such images").into());
        }
        Ok((0..count).map(one).collect())
    }

    /// The low-resolution image in [-1, 1], channels first, fitted to what the network takes.
    pub(crate) fn low_res(&self, description: &Description) -> Result<Option<Vec<f32>>, Failure> {
        let (path, (height, width)) = match (&self.low_res, description.size.low_res) {
            (None, None) => return Ok(None),
            (Some(path), Some(size)) => (path, size),
            (Some(_), None) => return Err("--low-res: this network takes no such image".into()),
            (None, Some((height, width))) => {
                let size = format!("{width}x{height}");
                return Err(format!("this network enlarges an image of {size}: --low-res").into());
            }
        };
        let extents = Extents {
            channels: description.unet.in_channels,
            height,
            width,
        };
        low_res::read(path, extents).map(Some)
    }
}

/// A class that is given by its number or its name.
fn number_of(class: &str, description: &Description) -> Result<u32, Failure> {
    let Some(classes) = description.unet.num_classes else {
        return Err("--class: this network has no classes".into());
    };
    let names = description.class_names.as_deref().unwrap_or_default();
    let named = names.iter().position(|name| name == class);
    let number = named.map_or_else(|| class.parse().ok(), |at| Some(at as u32));
    number
        .filter(|&number| (number as usize) < classes)
        .ok_or_else(|| {
            let names = names.iter().map(|name| format!(", {name}"));
            let names: String = names.collect();
            format!(
                "--class {class}: this network's classes are 0 to {}{names}",
                classes - 1
            )
            .into()
        })
}
