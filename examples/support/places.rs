//! What options name: files that are to be written.

use std::fmt::Display;
use std::path::Path;

use iddpm::files::Place;

use super::program::Failure;

/// Where a path of an option leads, tried: what could not be written is found before any work.
pub(crate) fn tried(option: &str, path: &Path) -> Result<Place, Failure> {
    let place = Place::of(path).and_then(|place| place.check().map(|()| place));
    place.map_err(|error| named(option, path, &error.error))
}

/// What is wrong with a path of an option.
pub(crate) fn named(option: &str, path: &Path, why: impl Display) -> Failure {
    format!("{option} {}: {why}", path.display()).into()
}
