//! What a super-resolution network enlarges.

use std::path::Path;

pub(crate) use iddpm::run::LowRes;
use iddpm::{Draw, Error, Model, Run, Studio};

pub(crate) fn open(path: &Path, model: &Model) -> Result<LowRes, Error> {
    LowRes::open(path, model)
}

pub(crate) fn begin(
    studio: &mut Studio,
    draw: &Draw,
    low_res: &LowRes,
    numbers: std::ops::Range<u64>,
) -> Result<Run, Error> {
    studio.begin_enlarging(draw, low_res, numbers)
}
