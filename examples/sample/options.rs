//! What the command line says, and what is made of it.

use std::path::PathBuf;

use clap::Parser;
use iddpm::checkpoint::WeightType;
use iddpm::diffusion::{Clip, Method, Resampling};
use iddpm::run::{DrawError, Trajectory};
use iddpm::unet::Wrap;
use iddpm::{Draw, Error, Model};

use super::by_option;
use super::data;
use super::device_options::DeviceOptions;
use super::drawing_words::{CLIPS, METHODS, WRAPS};
use super::files::{self, of_path};
use super::program::{Failure, say, warn};
use super::real::real;
use super::seed::Seed;
use super::shipped::sprites;
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
    /// A checkpoint; a run of train, or a state of one, stands for its average. Where none is given, shipped sprites: the
    /// network that was distilled to four steps; with --steps, --method, --init or --size, the one that it was distilled from.
    #[arg(long)]
    pub(crate) checkpoint: Option<PathBuf>,
    /// How many steps, or which: 50; 10,15,20 of each third; ddim25; trailing20; quadratic30; all; ... As many as the
    /// method wants, where none are given: 15 of dpm, 10 of heun, 25 of ddim, 50 of ancestral; of a distilled network those
    /// that it was distilled to.
    #[arg(long)]
    steps: Option<String>,
    /// How each step is taken: dpm where it is not said, or of a distilled network ddim.
    #[arg(long, value_parser = words::<Method>(&METHODS))]
    method: Option<Method>,
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
    /// How far each image goes towards its class: 1 as the network learnt it, 2 or 3 further, 0 without it, 100 at most; for
    /// a network that was trained with --drop-labels.
    #[arg(long, default_value_t = 1.0, value_parser = real)]
    guidance: f64,
    /// A picture that every image begins from, in place of noise.
    #[arg(long)]
    pub(crate) init: Option<PathBuf>,
    /// How far images go from --init: 0 leaves it, 1 draws anew. 0.6 where none is given, and 1 with --mask.
    #[arg(long, value_parser = real, requires = "init")]
    strength: Option<f64>,
    /// A picture whose white part of --init is drawn anew; the rest keeps its bytes.
    #[arg(long, requires = "init")]
    pub(crate) mask: Option<PathBuf>,
    /// How often steps are taken again, so that what is within --mask comes to agree with what is not: 10; or 5,10 in
    /// stretches of 10 steps.
    #[arg(long, default_value_t = Resampling::ONCE, requires = "mask")]
    resample: Resampling,
    /// The colours that are drawn in: those of a picture, or of a file with a line for each (#1a1c2c), as .hex files are.
    /// What --mask keeps has its own.
    #[arg(long)]
    palette: Option<PathBuf>,
    /// Two seeds: the images go from the first's to the second's, and from --class to a second --class if there is one.
    #[arg(long, num_args = 2, value_names = ["SEED", "SEED"], conflicts_with_all = ["seed", "init", "count"])]
    between: Vec<u64>,
    /// Images from one of --between to the other.
    #[arg(long, default_value_t = 12, requires = "between")]
    frames: u64,
    /// Draws a tile of a picture without end, of so many pixels (96x64), by a method that adds no noise; tiles beside each
    /// other continue each other.
    #[arg(long, value_parser = size, conflicts_with_all = ["init", "between", "count", "trajectory", "low_res"])]
    pub(crate) size: Option<(usize, usize)>,
    /// Where the left upper corner of --size lies: 0,0 or -32,64.
    #[arg(long, default_value = "0,0", value_parser = at, allow_hyphen_values = true, requires = "size")]
    pub(crate) at: (i32, i32),
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

/// Width and height, as 96x64.
fn size(text: &str) -> Result<(usize, usize), String> {
    pair(text, 'x').ok_or_else(|| "width and height, as 96x64".into())
}

/// A place, as -32,64.
fn at(text: &str) -> Result<(i32, i32), String> {
    pair(text, ',').ok_or_else(|| "column and row, as 0,0 or -32,64".into())
}

fn pair<T: std::str::FromStr>(text: &str, between: char) -> Option<(T, T)> {
    let (first, second) = text.split_once(between)?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

/// What is wrong with a palette.
fn of_palette(error: Error) -> Failure {
    match error {
        Error::Draw(error) => format!("--{error}").into(),
        error => format!("--palette {error}").into(),
    }
}

const PRECISIONS: [Word; 3] = [
    ("as-stored", "As in the file"),
    ("f32", "32 bits each"),
    ("f16", "16 bits each"),
];

impl Options {
    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.method, self.eta) {
            (Some(Method::Ddim { .. }), Some(eta)) if !(0.0..=1.0).contains(&eta) => {
                return Err(format!("--eta {eta}: must be within [0, 1]").into());
            }
            // Which method a network takes where none is said is not known yet.
            (Some(Method::Ddim { .. }) | None, _) | (_, None) => {}
            (_, Some(_)) => return Err("--eta: only --method ddim has one".into()),
        }
        self.device.check()?;
        let checkpoint = self.checkpoint();
        let mut inputs = vec![("--checkpoint", checkpoint.as_path())];
        let others = [
            ("--low-res", &self.low_res),
            ("--init", &self.init),
            ("--mask", &self.mask),
            ("--palette", &self.palette),
        ];
        for (option, path) in others {
            inputs.extend(path.as_deref().map(|path| (option, path)));
        }
        files::check(&self.out, self.trajectory.as_deref(), &inputs)
    }

    /// Refuses an --eta that a network's method does not have.
    pub(crate) fn check_eta(&self, model: &Model) -> Result<(), Failure> {
        let is_distilled = model.description().grid.is_some();
        match (self.eta, self.method) {
            (Some(eta), _) if is_distilled && eta != 0.0 => Err(format!(
                "--eta {eta}: this network was distilled to steps of ddim without noise, and takes no others: --eta 0, or none"
            )
            .into()),
            (Some(_), None) if !is_distilled => {
                Err("--eta: only --method ddim has one, and no --method was given".into())
            }
            _ => Ok(()),
        }
    }

    /// What is wrong with a drawing, by the option that says it: a row as it was said.
    pub(crate) fn explain(&self, error: Error) -> Failure {
        match (error, self.between.as_slice()) {
            (
                Error::Draw(DrawError::Value {
                    word: "between",
                    why,
                    ..
                }),
                [first, last],
            ) => format!("--between {first} {last}: {why}").into(),
            (error, _) => by_option(error),
        }
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
        // Pictures without end, and those that begin with another, want more steps than four.
        let otherwise = self.steps.is_some()
            || self.method.is_some()
            || self.init.is_some()
            || self.size.is_some();
        let shipped = || sprites(otherwise);
        self.checkpoint.clone().unwrap_or_else(shipped)
    }

    /// What is to be drawn.
    pub(crate) fn draw(&self) -> Result<Draw, Failure> {
        let method = match (self.method, self.eta) {
            (Some(Method::Ddim { .. }), Some(eta)) => Some(Method::Ddim { eta }),
            (method, _) => method,
        };
        let draw = match &self.steps {
            Some(steps) => Draw::new().steps(steps),
            None => Draw::new(),
        };
        let draw = match method {
            Some(method) => draw.method(method),
            None => draw,
        };
        let draw = draw
            .clip(self.clip)
            .wrap(self.wrap)
            .guidance(self.guidance)
            .strength(self.strength())
            .resample(self.resample);
        let draw = match &self.palette {
            Some(path) => draw.palette(data::palette(path).map_err(of_palette)?),
            None => draw,
        };
        let draw = draw.classes(&self.class);
        match *self.between {
            [first, last] => {
                let row = draw.seed(first).between(last, self.frames);
                row.map_err(|error| by_option(error.into()))
            }
            _ => Ok(draw.seed(self.seed.number)),
        }
    }

    fn strength(&self) -> f64 {
        let usual = match (&self.init, &self.mask) {
            (Some(_), None) => 0.6,
            _ => 1.0,
        };
        self.strength.unwrap_or(usual)
    }

    /// The number of images, where it is said.
    pub(crate) fn count(&self) -> Option<usize> {
        match *self.between {
            [] => self.count,
            _ => usize::try_from(self.frames).ok(),
        }
    }
}
