//! The judging of students, where it is not built in: nothing.

use std::path::Path;

use iddpm::Model;

use super::options::Options;
use super::program::Failure;
use super::signals::Stopped;

/// Refuses to judge.
pub(crate) fn check(images: Option<usize>) -> Result<(), Failure> {
    match images {
        None | Some(0) => Ok(()),
        Some(count) => Err(format!(
            "--evaluate {count}: this program was built without the feature evaluate"
        )
        .into()),
    }
}

/// What judges the networks of a chain: there is none.
pub(crate) enum Evaluation {}

impl Evaluation {
    pub(crate) fn of(_: &Options, _: Option<&Model>, _: &Path) -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    pub(crate) fn student(&mut self, _: &Model, _: &Path) -> Result<Option<Stopped>, Failure> {
        match *self {}
    }
}
