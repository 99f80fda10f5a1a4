//! What the command line says, and what is made of it.

use std::path::PathBuf;

use clap::Parser;
use iddpm::checkpoint::{Description, WeightType};
use iddpm::data::{self, Classes, Dataset, Fit, Kind, Opened};
use iddpm::diffusion::Objective;
use iddpm::run::{Beginning, Recipe};
use iddpm::train::{AdamW, Broken, MicrobatchRule, Recompute, TimestepLaw, TrainConfig};
use iddpm::unet::Extents;

use super::data_options::DataOptions;
use super::device_options::DeviceOptions;
use super::distill::DistillOptions;
use super::network::NetworkOptions;
use super::program::Failure;
use super::rates::LrSchedule;
use super::real::real;
use super::samples::SampleOptions;
use super::seed::Seed;
use super::val::ValOptions;
use super::whole::whole;
use super::words::{Word, words};

/// Far above any network or batch, and far below where a product of such numbers overflows.
pub(crate) const MANY: u64 = 1 << 31;

/// Trains a network.
#[derive(Parser)]
#[command(after_help = "Examples:
  train --data sprites/ --run runs/sprites --size 32 --steps 20000
  train --data digits.npz --run runs/digits --attention 2 --steps 3000
  train --run runs/sprites --resume --steps 40000                   (with the options it began with)
  train --data mine/ --run runs/mine --init runs/sprites            (a new run, with the weights of another)
  train --data sprites/ --run runs/fast --distill runs/sprites --steps 50,25,12,6,4

Ctrl-C, SIGTERM and SIGHUP finish the step and save: --resume goes on from there, bit for bit. Asked a second
time, the program ends at once, and the last state that was saved is what there is.

Without options a small network, sized by the images, is trained for about an hour on a processor of two cores, as the
shipped sprites were.")]
pub(crate) struct Options {
    /// A folder of pictures, an .npz archive, or CIFAR-10's folder or batches. The class of a picture is the
    /// sub-folder it lies in, or what stands in its name before the first _. Pictures are turned as their
    /// Exif says.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The folder of the run, which is made where it is not there. One process at a time trains in it.
    #[arg(long)]
    pub(crate) run: PathBuf,
    /// A file of options, each by its long name, as `lr = 1e-4`, in TOML. What the command line says wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Goes on with the run that is there, with the options that its options.toml keeps and no other word. Its
    /// learning rate, with warm-up and annealing, may be another from here on; the rest may not.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Begins with the weights of a checkpoint of the same network, but for its classes; a run, or a state of one, stands for its
    /// average. Classes go by their names, and may be others: those that it does not know begin as the mean of
    /// its own, or as its null class. Moments begin at 0, averages as the weights.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) init: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
    #[command(flatten)]
    pub(crate) distill: DistillOptions,

    /// Rows and columns of the low-resolution image, below those of the images: trains a super-resolution
    /// network.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    low_res: Option<usize>,
    /// Trains a network that knows no classes.
    #[arg(long)]
    pub(crate) no_classes: bool,
    #[command(flatten)]
    pub(crate) pictures: DataOptions,
    #[command(flatten)]
    network: NetworkOptions,
    /// Which loss.
    #[arg(long, default_value = "hybrid", value_parser = words::<Objective>(&OBJECTIVES))]
    objective: Objective,
    /// Which t an example gets.
    #[arg(long, default_value = "uniform", value_parser = words::<TimestepLaw>(&LAWS))]
    sampler: TimestepLaw,
    /// γ of min-SNR weights; 0 for none.
    #[arg(long, default_value_t = 0.0, value_parser = real)]
    min_snr: f64,

    /// Examples of a step, at most as many as there are: 32, or all, where none are given.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    batch: Option<usize>,
    /// Examples that run at once, a divisor of the batch; the whole batch where none is given.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    microbatch: Option<usize>,
    /// How microbatches are put together: their mean, as where none is given, or the public implementation's
    /// sum.
    #[arg(long, value_parser = words::<MicrobatchRule>(&RULES))]
    rule: Option<MicrobatchRule>,
    /// The learning rate.
    #[arg(long, default_value_t = Recipe::default().config.lr, value_parser = real)]
    lr: f64,
    /// Steps over which the learning rate rises from near 0.
    #[arg(long, default_value_t = TrainConfig::default().warm_up, value_parser = whole::<u64>(0..=u64::MAX))]
    warm_up: u64,
    /// How the learning rate goes on behind its warm-up.
    #[arg(long, value_enum, default_value_t = LrSchedule::Linear)]
    lr_schedule: LrSchedule,
    /// The step at which the learning rate has fallen to 0, at which a run ends at the latest: the last of --steps where
    /// none is given; 0 for never.
    #[arg(long, value_parser = whole::<u64>(0..=u64::MAX))]
    anneal: Option<u64>,
    /// How much of a weight goes away per unit of learning rate.
    #[arg(long, default_value_t = 0.0, value_parser = real)]
    weight_decay: f64,
    /// The largest norm of a gradient; 0 for any.
    #[arg(long, default_value_t = TrainConfig::default().clip, value_parser = real)]
    clip: f64,
    /// Rates of moving averages, each above 0 and below 1.
    #[arg(long, value_delimiter = ',', default_value = "0.999", value_parser = real)]
    ema: Vec<f64>,
    /// Averages have their rate from the first step on, as the public implementation's.
    #[arg(long)]
    ema_at_once: bool,
    /// The rate of dropout: 0, or from 2^-32 to below 1.
    #[arg(long, default_value_t = 0.0, value_parser = real)]
    dropout: f64,
    /// The probability that an example is trained without its class, as guidance asks for: from 0 to below 1, 0.1 where
    /// none is given and there are classes. The network then has a null class.
    #[arg(long, value_parser = real)]
    drop_labels: Option<f64>,
    /// Mirrors an image with probability 1/2.
    #[arg(long)]
    flip: bool,
    /// What the network runs in; weights that are trained stay f32. In f16 there is a loss scale, and a
    /// processor rounds the weights alone.
    #[arg(long, default_value = "f32", value_parser = words::<WeightType>(&PRECISIONS))]
    precision: WeightType,
    /// What is computed again in the backward pass, to save memory: nothing; what is cheap, normalisations,
    /// concatenations and resizings; or all but the results of blocks.
    #[arg(long, default_value = "nothing", value_parser = words::<Recompute>(&RECOMPUTES))]
    recompute: Recompute,
    /// What all randomness follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Seed,

    #[command(flatten)]
    pub(crate) val: ValOptions,
    /// Leaves out pictures that cannot be read, and counts them.
    #[arg(long)]
    skip_broken: bool,
    /// Steps between two saved states; 0 for one at the end alone.
    #[arg(long, default_value_t = 1000, value_parser = whole::<u64>(0..=u64::MAX))]
    pub(crate) save_every: u64,
    /// Saved states that are kept, the newest.
    #[arg(long, default_value_t = 2, value_parser = whole::<usize>(1..=MANY))]
    pub(crate) keep: usize,
    /// Steps between two lines of the log, and between two lines on the standard error where that is no
    /// terminal.
    #[arg(long, default_value_t = 50, value_parser = whole::<u64>(1..=u64::MAX))]
    pub(crate) log_every: u64,
    /// Measures the gradient's noise scale: about how many examples a step may have before more of them tell nothing
    /// new, by the first microbatch of each step beside the whole. Needs a --microbatch below the --batch; the run is
    /// the same with it and without.
    #[arg(long)]
    noise_scale: bool,
    #[command(flatten)]
    pub(crate) samples: SampleOptions,
}

const OBJECTIVES: [Word; 3] = [
    ("simple", "The mean squared error; the variance is fixed"),
    (
        "hybrid",
        "The mean squared error, and the bound for the variance",
    ),
    ("vlb", "The bound"),
];

const LAWS: [Word; 2] = [
    ("uniform", "Each as likely"),
    (
        "loss-second-moment",
        "By the losses seen of it: made for --objective vlb",
    ),
];

const RULES: [Word; 2] = [("mean", ""), ("sum", "")];

const PRECISIONS: [Word; 2] = [("f32", ""), ("f16", "")];

const RECOMPUTES: [Word; 3] = [("nothing", ""), ("cheap", ""), ("blocks", "")];

impl Options {
    /// What can be found wrong before anything is read.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.device.check()?;
        self.val.check()?;
        if let (Some(low_res), Some(every)) = (self.low_res, self.samples.asked()) {
            return Err(format!(
                "--sample-every {every}: no effect with --low-res {low_res}: there is nothing to enlarge"
            )
            .into());
        }
        let of_microbatches = [
            ("--rule", self.rule.is_some()),
            ("--noise-scale", self.noise_scale),
        ];
        if let Some((option, _)) = of_microbatches.into_iter().find(|(_, given)| *given)
            && self
                .microbatch
                .is_none_or(|microbatch| Some(microbatch) == self.batch)
        {
            return Err(format!("{option}: no effect without a --microbatch below --batch").into());
        }
        if self.drops_labels() && self.no_classes {
            return Err("--drop-labels: no effect with --no-classes".into());
        }
        self.check_students()?;
        self.check_rates()
    }

    /// Refuses what is said of a student, of which its teacher says all.
    fn check_students(&self) -> Result<(), Failure> {
        self.distill.check()?;
        let given = [
            ("--low-res", self.low_res.is_some()),
            ("--no-classes", self.no_classes),
            ("--objective vlb", self.objective == Objective::RescaledKl),
            (
                "--sampler loss-second-moment",
                self.sampler != TimestepLaw::Uniform,
            ),
            ("--val", self.val.is_given()),
        ];
        let mut given = given.into_iter();
        let given = given.find_map(|(option, is)| is.then_some(option));
        match self.network.given().or(given) {
            Some(option) if self.distill.distill.is_some() => Err(format!(
                "{option}: no effect with --distill: a student is as its teacher, and learns its steps alone"
            )
            .into()),
            Some(_) | None => Ok(()),
        }
    }

    fn check_rates(&self) -> Result<(), Failure> {
        let ((option, steps), anneal) = (self.distill.last(), self.anneal());
        if anneal > 0 && steps > anneal {
            return Err(format!(
                "{option} {steps}: the learning rate is 0 from step {anneal} on, by --anneal {anneal}; \
                 {option} {anneal} ends there; a later --anneal or --lr-schedule constant goes on, and --init RUN \
                 begins a new run with its weights"
            )
            .into());
        }
        if self.lr_schedule == LrSchedule::Cosine && self.anneal == Some(0) {
            return Err("--lr-schedule cosine: no effect with --anneal 0: it ends nowhere".into());
        }
        Ok(())
    }

    /// Whether labels are to be dropped by what is said.
    pub(crate) fn drops_labels(&self) -> bool {
        self.drop_labels.is_some_and(|rate| rate > 0.0)
    }

    /// The step at which the learning rate has fallen to 0; 0 for never.
    fn anneal(&self) -> u64 {
        match self.lr_schedule {
            LrSchedule::Constant => 0,
            LrSchedule::Linear | LrSchedule::Cosine => self.anneal.unwrap_or(self.distill.last().1),
        }
    }

    /// The data set, with the classes that a run begins with, and as a network takes it that there is already.
    pub(crate) fn open_data(
        &self,
        beginning: &Beginning,
        recipe: &Recipe,
    ) -> Result<Opened, Failure> {
        let given = self.pictures.given();
        let network = beginning.network(recipe).map(Description::image);
        // In place of its own classes come those that a run begins with.
        let options = self.data_options(&given, network);
        let opened = beginning.open_data(recipe, &self.data, &options);
        opened.map_err(|error| self.pictures.explain("--data", error))
    }

    /// How data is opened with its own classes: as a network takes it that there is already.
    pub(crate) fn data_options<'a>(
        &self,
        given: &'a [&'a str],
        network: Option<Extents>,
    ) -> data::Options<'a> {
        let alpha = self.pictures.alpha;
        data::Options {
            fit: match network.filter(|_| given.is_empty() && alpha.is_none()) {
                Some(image) => Fit::Exactly(image),
                None => self.pictures.fit(given),
            },
            classes: Classes::Own,
            alpha,
        }
    }

    /// Sizes a recipe by the data, and by the network that there is already.
    pub(crate) fn size(
        &self,
        recipe: &mut Recipe,
        beginning: &Beginning,
        data: &dyn Dataset,
    ) -> Result<(), Failure> {
        if data.classes().is_none() && self.drops_labels() {
            return Err("--drop-labels: no effect on data without classes".into());
        }
        let network = beginning.network(recipe).cloned();
        let (network, objective) = (network.as_ref(), self.objective);
        self.network.apply(recipe, network, data, objective);
        let (config, sized) = (&mut recipe.config, Recipe::of(data).config);
        config.batch = self.batch.unwrap_or(sized.batch);
        config.microbatch = self.microbatch.unwrap_or(config.batch);
        config.drop_labels = self.drop_labels.unwrap_or(sized.drop_labels);
        Ok(())
    }

    /// Refuses to leave out what cannot be broken: other data than pictures is read at once, and refused where
    /// it is not whole.
    pub(crate) fn check_broken(&self, kind: Kind) -> Result<(), Failure> {
        match kind {
            Kind::Archive | Kind::Cifar10 if self.skip_broken => Err(format!(
                "--skip-broken: no effect on {}, {kind}, which is read whole or refused",
                self.data.display()
            )
            .into()),
            Kind::Archive | Kind::Cifar10 | Kind::Folder | Kind::Picture => Ok(()),
        }
    }

    /// What is trained, and how, but for what [`size`](Self::size) adds; `--init` is opened where a run begins.
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe {
            config: self.config(),
            low_res: self.low_res.map(|side| (side, side)),
            classes: !self.no_classes,
            broken: if self.skip_broken {
                Broken::Skip
            } else {
                Broken::Fatal
            },
            save_every: self.save_every,
            keep: self.keep,
            noise_scale: self.noise_scale,
            ..Recipe::default()
        }
    }

    /// The options of the run.
    fn config(&self) -> TrainConfig {
        let batch = self.batch.unwrap_or(Recipe::default().config.batch);
        TrainConfig {
            batch,
            microbatch: self.microbatch.unwrap_or(batch),
            rule: self.rule.unwrap_or_default(),
            lr: self.lr,
            warm_up: self.warm_up,
            anneal: self.anneal(),
            annealing: self.lr_schedule.annealing(),
            adamw: AdamW {
                weight_decay: self.weight_decay,
                ..AdamW::default()
            },
            clip: self.clip,
            ema_rates: self.ema.clone(),
            ema_warm_up: !self.ema_at_once,
            objective: self.objective,
            min_snr: self.min_snr,
            timesteps: self.sampler,
            dropout: self.dropout,
            drop_labels: self.drop_labels.unwrap_or(0.0),
            flip: self.flip,
            half: self.precision == WeightType::F16,
            recompute: self.recompute,
            teacher: None,
            seed: self.seed.number,
        }
    }
}
