//! What a super-resolution network enlarges, and what is drawn on.

use std::path::Path;

use iddpm::run::Palette;
pub(crate) use iddpm::run::{Canvas, LowRes};
use iddpm::{Draw, Error, Model, Run, Studio};

pub(crate) fn open(path: &Path, model: &Model) -> Result<LowRes, Error> {
    LowRes::open(path, model)
}

pub(crate) fn open_canvas(path: &Path, model: &Model) -> Result<Canvas, Error> {
    Canvas::open(path, model)
}

pub(crate) fn mask(canvas: Canvas, path: &Path) -> Result<Canvas, Error> {
    canvas.with_mask_of(path)
}

pub(crate) fn palette(path: &Path) -> Result<Palette, Error> {
    Palette::open(path)
}

pub(crate) fn begin(
    studio: &mut Studio,
    draw: &Draw,
    low_res: &LowRes,
    numbers: std::ops::Range<u64>,
) -> Result<Run, Error> {
    studio.begin_enlarging(draw, low_res, numbers)
}
