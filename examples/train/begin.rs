//! Where a run begins, as the options ask for it, and what is said of that.

use std::path::Path;

use iddpm::Model;
use iddpm::checkpoint::WeightType;
use iddpm::run::{Beginning, Origin, Recipe};
use iddpm::train::{RunDirectory, TrainError};

use super::options::Options;
use super::program::{Failure, say};

/// The beginning that the options ask for; the weights of `--init` become the recipe's.
pub(crate) fn begin(
    options: &Options,
    folder: RunDirectory,
    recipe: &mut Recipe,
) -> Result<Beginning, Failure> {
    let beginning = match options.resume {
        true => Beginning::resume(folder),
        false => Beginning::begin(folder),
    };
    let beginning = beginning.map_err(explained)?;
    if let Some(file) = &options.init {
        recipe.init = Some(given(file)?);
    }
    tell(options, &beginning.origin(recipe))?;
    Ok(beginning)
}

fn explained(error: TrainError) -> Failure {
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

fn given(file: &Path) -> Result<Model, Failure> {
    let model = Model::open_as(file, WeightType::F32);
    let model = model.map_err(|error| format!("--init: {error}"))?;
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
        } => resumed(options.steps, state, *step, *has_digests)?,
        _ => {}
    }
    Ok(())
}

fn resumed(steps: u64, state: &Path, done: u64, has_digests: bool) -> Result<(), Failure> {
    let state = state.display();
    if steps < done {
        return Err(format!(
            "--steps {steps}: {state} is at step {done} already, of which --steps counts each"
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
        say(format_args!(
            "--steps {steps}: all of them are done already"
        ))?;
    }
    Ok(())
}
