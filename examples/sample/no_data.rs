//! Without the feature `data` no images are read.

use std::fmt;
use std::path::Path;

pub(crate) use iddpm::run::Canvas;
use iddpm::run::{DrawError, Palette};
use iddpm::{Draw, Error, Model, Run, Studio};

/// There is none.
pub(crate) enum LowRes {}

pub(crate) fn open(path: &Path, _: &Model) -> Result<LowRes, Error> {
    Err(no_data("low-res", path))
}

pub(crate) fn open_canvas(path: &Path, _: &Model) -> Result<Canvas, Error> {
    Err(no_data("init", path))
}

pub(crate) fn mask(_: Canvas, path: &Path) -> Result<Canvas, Error> {
    Err(no_data("mask", path))
}

pub(crate) fn palette(path: &Path) -> Result<Palette, Error> {
    Err(no_data("palette", path))
}

fn no_data(word: &'static str, path: &Path) -> Error {
    DrawError::Value {
        word,
        value: path.display().to_string(),
        why: "built without the feature data, which reads images".into(),
    }
    .into()
}

pub(crate) fn begin(
    _: &mut Studio,
    _: &Draw,
    low_res: &LowRes,
    _: std::ops::Range<u64>,
) -> Result<Run, Error> {
    match *low_res {}
}

impl LowRes {
    pub(crate) fn most(&self) -> Option<usize> {
        match *self {}
    }

    pub(crate) fn check(&self, _: usize, _: &[u32]) -> Result<(), Error> {
        match *self {}
    }
}

impl fmt::Display for LowRes {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
