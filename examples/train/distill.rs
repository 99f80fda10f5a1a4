//! Progressive distillation: a chain of runs, each of which trains a student of the network of the one before.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, Args};
use iddpm::Model;
use iddpm::run::Recipe;
use iddpm::train::{Digest, RunDirectory, SavedRun, TrainError};

use super::begin::{self, explained, given as opened};
use super::evaluation::{self, Evaluation};
use super::options::{MANY, Options};
use super::program::{Failure, say, warn};
use super::whole::whole;

/// What the command line says of how long is trained, and of students.
#[derive(Args)]
pub(crate) struct DistillOptions {
    /// Steps in all, those of before --resume among them: 12000 where none are given. With --distill the steps in which its
    /// students draw, fewer and fewer: 50,25,12,6,4,2,1.
    #[arg(long, value_delimiter = ',', value_parser = whole::<u64>(0..=u64::MAX))]
    steps: Vec<u64>,
    /// Trains students of a checkpoint, for fewer steps of DDIM each (Salimans & Ho 2022): of as many as --steps has
    /// numbers, each learns from the one before, in a folder of its own in --run, and lands in one step where
    /// its teacher lands in two or so. They are of the teacher's shape, begin with its weights, predict v, and draw in
    /// their steps where nothing else is said.
    #[arg(long, value_name = "FILE", conflicts_with = "init")]
    pub(crate) distill: Option<PathBuf>,
    /// Training steps of each student of --distill, those of before --resume among them: 12000 where none are given.
    #[arg(long, requires = "distill", value_parser = whole::<u64>(0..=u64::MAX))]
    until: Option<u64>,
    /// Images of each student of --distill that are judged when it is done, as evaluate judges them, beside as many of the
    /// first teacher: 500 where none are given, or as many as there are real ones to compare with; 0 for none. Their
    /// numbers are kept in evaluation.json, and classifier-….safetensors is what judges. Without the feature evaluate there are
    /// none.
    #[arg(long, value_name = "N", requires = "distill", value_parser = whole::<usize>(0..=MANY))]
    pub(crate) evaluate: Option<usize>,
}

impl DistillOptions {
    /// Refuses several numbers of steps where there are no students, and students of no fewer steps.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        evaluation::check(self.evaluate)?;
        match (&self.distill, self.steps.as_slice()) {
            (Some(_), _) => self.students().map(drop),
            (None, [] | [_]) => Ok(()),
            (None, _) => Err(format!("--steps {}: several are of --distill", self.listed()).into()),
        }
    }

    /// In how many steps each student draws.
    fn students(&self) -> Result<Vec<u32>, Failure> {
        let students = self.steps.iter().map(|&steps| u32::try_from(steps));
        let students: Option<Vec<u32>> = students.collect::<Result<_, _>>().ok();
        let fewer = |of: &Vec<u32>| of.is_sorted_by(|one, next| one > next) && !of.contains(&0);
        if self.steps.is_empty() {
            return Err("--steps: --distill wants those of its students, as 50,25,12,6,4".into());
        }
        students.filter(fewer).ok_or_else(|| {
            let (listed, most) = (self.listed(), u32::MAX);
            format!(
                "--steps {listed}: those of students get fewer, as 50,25,12,6,4, from {most} down to 1"
            )
            .into()
        })
    }

    fn listed(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(u64::to_string).collect();
        steps.join(",")
    }

    /// The last training step, of each student where there are such, and the option that says it.
    pub(crate) fn last(&self) -> (&'static str, u64) {
        let usual = Recipe::default().config.anneal;
        match (&self.distill, self.steps.first()) {
            (None, steps) => ("--steps", steps.copied().unwrap_or(usual)),
            (Some(_), _) => ("--until", self.until.unwrap_or(usual)),
        }
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
    let first = opened("--distill", file);
    let first = if options.resume { first } else { Ok(first?) };
    let students = options.distill.students()?;
    // Nobody else changes a teacher meanwhile.
    let _chain = RunDirectory::open(&options.run).map_err(|error| format!("--run: {error}"))?;
    check_begun(options, &students)?;
    let first = first_teacher(options, file, first)?;
    if let Some(teacher) = &first {
        check_labels(options, teacher)?;
    }
    let mut evaluation = Evaluation::of(options, first.as_ref(), file)?;
    let mut teacher = first;
    for steps in students {
        let folder = folder_of(options, steps);
        let plural = if steps == 1 { "" } else { "s" };
        say(format_args!("{steps} step{plural}: {}", folder.display()))?;
        if has_learnt(options, &folder)? {
            begin::say_done(options)?;
        } else {
            let stage = Stage {
                teacher: teacher.map_or_else(|| opened("--distill", file), Ok)?,
                steps,
                folder: folder.clone(),
            };
            if let Some(stopped) = super::train(options, given, Some(&stage))? {
                return Ok(stopped.status());
            }
        }
        let student = opened("--run", &folder)?;
        let stopped = match &mut evaluation {
            Some(evaluation) => evaluation.student(&student, &folder)?,
            None => {
                say_command(options, file, &folder)?;
                None
            }
        };
        if let Some(stopped) = stopped {
            warn(format_args!("train: {stopped}: --resume goes on"));
            return Ok(stopped.status());
        }
        teacher = Some(student);
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a student is there that all of its steps are done of.
fn has_learnt(options: &Options, folder: &Path) -> Result<bool, Failure> {
    Ok(match SavedRun::latest_in(folder)? {
        Some(state) => SavedRun::load(state)?.progress.step == options.distill.last().1,
        None => false,
    })
}

/// The first teacher, as it was opened, if that is still the network that the first student learns from. If it is not, or is
/// gone, a chain whose first student has learnt goes on without it.
fn first_teacher(
    options: &Options,
    file: &Path,
    found: Result<Model, Failure>,
) -> Result<Option<Model>, Failure> {
    let there = there(&options.run)?;
    let Some((steps, state)) = there.first() else {
        return found.map(Some);
    };
    let begun = SavedRun::load(state)?.config.teacher;
    let now = match &found {
        Ok(teacher) => Some(Digest(teacher.fingerprint()?)),
        Err(_) => None,
    };
    if now == begun && now.is_some() {
        return found.map(Some);
    }
    let shown = file.display();
    if has_learnt(options, &folder_of(options, *steps))? {
        say(format_args!(
            "--distill {shown}: is not what the student of {steps} steps learnt from, which needs it no more"
        ))?;
        return Ok(None);
    }
    let (_, Some(now), Some(begun)) = (found?, now, begun) else {
        return Ok(None);
    };
    let way = match state_of(file, begun) {
        Some(state) => format!("--distill {} is that network", state.display()),
        None => format!("no state in {shown} is that network"),
    };
    let (now, begun) = (String::from(now), String::from(begun));
    Err(
        format!("--distill {shown}: is network {now}, the run was begun with {begun}: {way}")
            .into(),
    )
}

/// The state in a run's folder whose network has this digest, where there is one.
fn state_of(run: &Path, digest: Digest) -> Option<PathBuf> {
    let entries = std::fs::read_dir(run).into_iter().flatten().flatten();
    let mut states = entries.map(|entry| entry.path());
    states.find(|state| {
        let model = state.is_dir().then(|| Model::open(state).ok()).flatten();
        model.and_then(|model| model.fingerprint().ok()) == Some(digest.0)
    })
}

/// Says how a student is judged that was not.
fn say_command(options: &Options, teacher: &Path, student: &Path) -> Result<(), Failure> {
    say(format_args!(
        "compared with its first teacher, where there are classes, by: cargo run --release --example evaluate --features \
         evaluate -- --real {:?} {teacher:?} {student:?}",
        options.data,
    ))
}

/// What the name of a student's folder begins with.
const STUDENT: &str = "steps-";

/// Names that sort as their numbers do.
fn folder_of(options: &Options, steps: u32) -> PathBuf {
    options.run.join(format!("{STUDENT}{steps:04}"))
}

/// Whether a folder is called as a student's.
pub(crate) fn is_student(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let steps = name.and_then(|name| name.strip_prefix(STUDENT));
    steps.is_some_and(|steps| steps.parse::<u32>().is_ok())
}

/// The students that are in a folder, the first of the chain first: in how many steps each draws, and its newest state.
fn there(folder: &Path) -> Result<Vec<(u32, PathBuf)>, Failure> {
    let mut students = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let steps = name.to_str().and_then(|name| name.strip_prefix(STUDENT));
        let Some(steps) = steps.and_then(|steps| steps.parse().ok()) else {
            continue;
        };
        let latest = SavedRun::latest_in(entry.path())?;
        students.extend(latest.map(|state| (steps, state)));
    }
    students.sort_by_key(|&(steps, _)| std::cmp::Reverse(steps));
    Ok(students)
}

/// Refuses to train a network in the folder of a chain: the options that it goes on with would be others.
pub(crate) fn check_no_chain(folder: &Path) -> Result<(), Failure> {
    match there(folder)?.first() {
        None => Ok(()),
        Some((_, state)) => {
            let (folder, state) = (folder.display(), state.display());
            Err(
                format!("--run {folder}: is a chain of students ({state}): take another folder")
                    .into(),
            )
        }
    }
}

/// Refuses to drop labels for a teacher that knows no image without.
fn check_labels(options: &Options, teacher: &Model) -> Result<(), Failure> {
    match teacher.description().unet.null_class || !options.drops_labels() {
        true => Ok(()),
        false => Err("--drop-labels: the network of --distill was trained with every label".into()),
    }
}

/// Refuses to begin where a run or a student is, to go on where none is, and to make another of a student that has taught:
/// those behind it have learnt from it as it is.
fn check_begun(options: &Options, students: &[u32]) -> Result<(), Failure> {
    if let Some(state) = SavedRun::latest_in(&options.run)? {
        return Err(explained(TrainError::AlreadyBegun { state }));
    }
    let there = there(&options.run)?;
    match (there.first(), options.resume) {
        (None, false) => return Ok(()),
        (Some((_, state)), false) => {
            let state = state.clone();
            return Err(explained(TrainError::AlreadyBegun { state }));
        }
        (None, true) => {
            let path = options.run.clone();
            return Err(explained(TrainError::NotBegun { path }));
        }
        (Some(_), true) => {}
    }
    let begun: Vec<u32> = there.iter().map(|&(steps, _)| steps).collect();
    if !students.starts_with(&begun) {
        let listed = options.distill.listed();
        return Err(format!("--steps {listed}: the chain in --run began with {begun:?}").into());
    }
    let (option, last) = options.distill.last();
    for (steps, state) in there.iter().take(there.len() - 1) {
        let found = SavedRun::load(state)?.progress.step;
        if found != last {
            return Err(format!(
                "{option} {last}: the student of {steps} steps has taught after {found}: take these, or another --run"
            )
            .into());
        }
    }
    Ok(())
}
