//! Where results go, and what they must not be written over.

use std::path::{Path, PathBuf};

use iddpm::Error;
use iddpm::files::{Place, is_folder_name};
use iddpm::run::{Album, DrawError, Trajectory};

use super::places::named;
use super::program::Failure;

/// Fails where something could not be written, or would be written over what is read or written already.
pub(crate) fn check(
    out: &Path,
    trajectory: Option<&Path>,
    inputs: &[(&str, &Path)],
) -> Result<(), Failure> {
    let shown: PathBuf = out.components().collect();
    Album::check(out).map_err(|error| of_path("--out", &shown, error))?;
    check_input("--out", out, inputs)?;
    let Some(path) = trajectory else {
        return Ok(());
    };
    Trajectory::check(path).map_err(|error| of_path("--trajectory", path, error))?;
    let place = Place::of(path)?;
    check_input("--trajectory", path, inputs)?;
    let refused = |why| Err(named("--trajectory", path, why));
    match place {
        Place::File(file) if is_folder(out) => {
            let folder = out.canonicalize();
            match folder.is_ok_and(|folder| file.starts_with(folder)) {
                true => refused("in this folder the images go"),
                false => Ok(()),
            }
        }
        place if !is_folder(out) && Place::of(out)? == place => refused("there the images go"),
        _ => Ok(()),
    }
}

fn is_folder(path: &Path) -> bool {
    is_folder_name(path) || path.extension().is_none() && path != Path::new("-")
}

/// What is wrong with an option's path, by the option.
pub(crate) fn of_path(option: &str, path: &Path, error: Error) -> Failure {
    match error {
        Error::File(error) => named(option, path, error.error),
        Error::Draw(DrawError::Value { why, .. }) => named(option, path, why),
        Error::Draw(error @ DrawError::Count { .. }) => format!("--{error}").into(),
        error => format!("{option}: {error}").into(),
    }
}

/// Fails where this is a file that is read.
fn check_input(option: &str, path: &Path, inputs: &[(&str, &Path)]) -> Result<(), Failure> {
    let Ok(Place::File(file)) = Place::of(path) else {
        return Ok(());
    };
    for (input, read) in inputs {
        if read.canonicalize().is_ok_and(|read| read == file) {
            return Err(named(option, path, format!("this is what {input} reads")));
        }
    }
    Ok(())
}
