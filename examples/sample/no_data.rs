//! Without the feature `data` no images are read.

use std::path::Path;

use iddpm::checkpoint::Description;

use super::program::Failure;

/// There is none.
pub(crate) enum LowRes {}

impl LowRes {
    pub(crate) fn open(path: &Path, _: &Description, _: (usize, usize)) -> Result<Self, Failure> {
        let path = path.display();
        Err(format!("--low-res {path}: built without the feature data, which reads images").into())
    }

    pub(crate) fn most(&self) -> Option<usize> {
        match *self {}
    }

    pub(crate) fn summary(&self) -> String {
        match *self {}
    }

    pub(crate) fn check(&mut self, _: usize, _: Option<u32>) -> Result<(), Failure> {
        match *self {}
    }

    pub(crate) fn label(&self, _: usize) -> Option<u32> {
        match *self {}
    }

    pub(crate) fn image(&self, _: usize) -> Result<Vec<f32>, Failure> {
        match *self {}
    }
}
