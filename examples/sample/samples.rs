//! Which images are made: how many, from what.

use std::ops::Range;

use iddpm::run::DrawError;
use iddpm::{Draw, Error, Model, Run, Studio};

use super::by_option;
use super::data::{self, Canvas, LowRes};
use super::options::Options;
use super::program::Failure;

pub(crate) struct Samples {
    pub(crate) draw: Draw,
    pub(crate) count: usize,
    /// What is enlarged.
    pub(crate) low_res: Option<LowRes>,
    /// What is drawn on.
    canvas: Option<Canvas>,
}

impl Samples {
    pub(crate) fn new(options: &Options, model: &Model) -> Result<Self, Failure> {
        let draw = options.draw()?;
        let classes = draw.labels(model);
        let classes = classes.map_err(|error| by_option(error.into()))?;
        let low_res = open_low_res(options, model)?;
        let available = low_res.as_ref().and_then(LowRes::most);
        let all = available.unwrap_or(4 * model.columns());
        let count = options.count().unwrap_or(all);
        if let Some(most) = available.filter(|&most| count > most) {
            return Err(format!("--count {count}: --low-res has {most} images to enlarge").into());
        }
        if let Some(low_res) = &low_res {
            low_res.check(count, &classes).map_err(of_low_res)?;
        }
        Ok(Self {
            canvas: open_canvas(options, model)?,
            draw,
            count,
            low_res,
        })
    }

    /// Begins a run of some of the images, by their numbers.
    pub(crate) fn begin(&self, studio: &mut Studio, numbers: Range<u64>) -> Result<Run, Error> {
        let draw = &self.draw;
        match (&self.low_res, &self.canvas) {
            (Some(low_res), _) => data::begin(studio, draw, low_res, numbers),
            (None, Some(canvas)) => studio.begin_on(draw, canvas, numbers),
            (None, None) => studio.begin_numbers(draw, numbers),
        }
    }
}

fn open_canvas(options: &Options, model: &Model) -> Result<Option<Canvas>, Failure> {
    let Some(init) = &options.init else {
        return Ok(None);
    };
    if options.low_res.is_some() {
        return Err("--init: a network that enlarges images begins with noise".into());
    }
    let canvas = data::open_canvas(init, model).map_err(|error| of_picture("--init", error))?;
    let Some(mask) = &options.mask else {
        return Ok(Some(canvas));
    };
    let canvas = data::mask(canvas, mask).map_err(|error| of_picture("--mask", error))?;
    Ok(Some(canvas))
}

/// What is wrong with a picture that is drawn on.
fn of_picture(option: &str, error: Error) -> Failure {
    match error {
        Error::Draw(_) => by_option(error),
        error => format!("{option} {error}").into(),
    }
}

fn open_low_res(options: &Options, model: &Model) -> Result<Option<LowRes>, Failure> {
    match (&options.low_res, model.low_res()) {
        (None, None) => Ok(None),
        (Some(path), Some(_)) => data::open(path, model).map(Some).map_err(of_low_res),
        (Some(_), None) => Err(by_option(DrawError::LowResUnexpected.into())),
        (None, Some((width, height))) => {
            let size = format!("{width}x{height}");
            Err(format!("this network enlarges images of {size}: --low-res says which").into())
        }
    }
}

/// What is wrong with the images that are to be enlarged.
fn of_low_res(error: Error) -> Failure {
    match error {
        Error::Draw(_) => by_option(error),
        error => format!("--low-res {error}").into(),
    }
}
