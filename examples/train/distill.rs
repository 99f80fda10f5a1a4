//! Progressive distillation: a chain of runs, each of which trains a student of the network of the one before.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, Args};
use iddpm::Model;
use iddpm::run::Recipe;
use iddpm::train::{SavedRun, TrainError};

use super::begin::{explained, given as opened};
use super::options::Options;
use super::program::{Failure, say};
use super::whole::whole;

/// What the command line says of it, beside the steps of its students.
#[derive(Args)]
pub(crate) struct DistillOptions {
    /// Trains students of a checkpoint, for fewer steps of DDIM each (Salimans & Ho 2022): of as many as --steps has
    /// numbers, each learns from the one before, in a folder of its own in --run, and lands in one step where
    /// its teacher lands in two or so. They are of the teacher's shape, begin with its weights, predict v, and draw in
    /// their steps where nothing else is said.
    #[arg(long, value_name = "FILE", conflicts_with = "init")]
    pub(crate) distill: Option<PathBuf>,
    /// Training steps of each student of --distill, those of before --resume among them: 12000 where none are given.
    #[arg(long, requires = "distill", value_parser = whole::<u64>(0..=u64::MAX))]
    until: Option<u64>,
}

impl DistillOptions {
    /// The last training step of each student.
    pub(crate) fn until(&self) -> u64 {
        self.until.unwrap_or(Recipe::default().config.anneal)
    }
}

/// A student of the chain.
pub(crate) struct Stage {
    pub(crate) teacher: Model,
    /// In which it draws.
    pub(crate) steps: u32,
    pub(crate) folder: PathBuf,
}

/// Trains a student of each number of steps, each of the one before; those that are done already are looked at alone.
pub(crate) fn run(options: &Options, given: &ArgMatches, file: &Path) -> Result<ExitCode, Failure> {
    let mut teacher = opened("--distill", file)?;
    check_labels(options, &teacher)?;
    let students = options.students()?;
    check_begun(options, &students)?;
    for steps in students {
        let folder = folder_of(options, steps);
        say(format_args!("{steps} steps: {}", folder.display()))?;
        let stage = Stage {
            teacher,
            steps,
            folder,
        };
        if let Some(stopped) = super::train(options, given, Some(&stage))? {
            return Ok(stopped.status());
        }
        teacher = opened("--run", &stage.folder)?;
        say(format_args!(
            "compared with its first teacher by: evaluate --real {} {} {}",
            options.data.display(),
            file.display(),
            stage.folder.display(),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Names that sort as their numbers do.
fn folder_of(options: &Options, steps: u32) -> PathBuf {
    options.run.join(format!("steps-{steps:04}"))
}

/// Refuses to drop labels for a teacher that knows no image without.
fn check_labels(options: &Options, teacher: &Model) -> Result<(), Failure> {
    match teacher.description().unet.null_class || !options.drops_labels() {
        true => Ok(()),
        false => Err("--drop-labels: the network of --distill was trained with every label".into()),
    }
}

/// Refuses to begin where a student is, before hours of training lead there, and to go on where none is.
fn check_begun(options: &Options, students: &[u32]) -> Result<(), Failure> {
    let mut first = None;
    for &steps in students {
        first = first.or(SavedRun::latest_in(folder_of(options, steps))?);
    }
    match (first, options.resume) {
        (Some(state), false) => Err(explained(TrainError::AlreadyBegun { state })),
        (None, true) => Err(explained(TrainError::NotBegun {
            path: options.run.clone(),
        })),
        (Some(_), true) | (None, false) => Ok(()),
    }
}
