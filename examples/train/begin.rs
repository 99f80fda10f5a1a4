//! Where a run begins, as the options ask for it, and what is said of that.

use std::path::Path;

use iddpm::Model;
use iddpm::checkpoint::WeightType;
use iddpm::run::{Beginning, Origin, Recipe};
use iddpm::train::{RunDirectory, TrainError};

use super::distill::Stage;
use super::options::Options;
use super::program::{Failure, say};

/// The beginning that the options ask for; the weights of `--init`, or of a stage's teacher, become the recipe's.
pub(crate) fn begin(
    options: &Options,
    folder: RunDirectory,
    recipe: &mut Recipe,
    stage: Option<&Stage>,
) -> Result<Beginning, Failure> {
    let beginning = match (options.resume, stage) {
        (false, _) => Beginning::begin(folder),
        (true, None) => Beginning::resume(folder),
        // A chain goes on where it was, and a later stage may not be begun.
        (true, Some(_)) => Beginning::begin_or_resume(folder),
    };
    let beginning = beginning.map_err(explained)?;
    recipe.init = match (&options.init, stage) {
        (Some(file), _) => Some(given("--init", file)?),
        (None, Some(stage)) => Some(stage.teacher.clone()),
        (None, None) => None,
    };
    tell(options, &beginning.origin(recipe))?;
    Ok(beginning)
}

pub(crate) fn explained(error: TrainError) -> Failure {
    match error {
        TrainError::AlreadyBegun { state } => format!(
            "{} is there already: --resume goes on with it, another --run begins anew",
            state.display()
        )
        .into(),
        TrainError::NotBegun { path } => {
            format!("{}: no state to go on from", path.display()).into()
        }
        error => error.into(),
    }
}

/// The model of an option.
pub(crate) fn given(option: &str, file: &Path) -> Result<Model, Failure> {
    let model = Model::open_as(file, WeightType::F32);
    let model = model.map_err(|error| format!("{option}: {error}"))?;
    model.notes().iter().try_for_each(say)?;
    Ok(model)
}

fn tell(options: &Options, origin: &Origin) -> Result<(), Failure> {
    match origin {
        Origin::Model { path: Some(path) } => say(format_args!(
            "beginning with the weights of {}",
            path.display()
        ))?,
        Origin::Saved {
            state,
            step,
            has_digests,
        } => resumed(options, state, *step, *has_digests)?,
        _ => {}
    }
    Ok(())
}

fn resumed(options: &Options, state: &Path, done: u64, has_digests: bool) -> Result<(), Failure> {
    let (option, steps) = options.distill.last();
    let state = state.display();
    if steps < done {
        return Err(format!(
            "{option} {steps}: {state} is at step {done} already, of which {option} counts each"
        )
        .into());
    }
    let unchecked = match has_digests {
        true => "",
        false => {
            "; it was saved before states had digests, so what was changed since, of its files or of \
             the data's images, is not found"
        }
    };
    say(format_args!("going on from {state}{unchecked}"))?;
    if steps == done {
        say_done(options)?;
    }
    Ok(())
}

/// Says that nothing is left to train.
pub(crate) fn say_done(options: &Options) -> Result<(), Failure> {
    let (option, steps) = options.distill.last();
    say(format_args!(
        "{option} {steps}: all of them are done already"
    ))
}
