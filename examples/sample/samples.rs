//! Which images are made: how many, from what.

use std::ops::Range;

use iddpm::run::DrawError;
use iddpm::{Draw, Error, Model, Run, Studio};

use super::by_option;
use super::data::{self, LowRes};
use super::options::Options;
use super::program::Failure;

pub(crate) struct Samples {
    pub(crate) count: usize,
    /// What is enlarged.
    pub(crate) low_res: Option<LowRes>,
}

impl Samples {
    pub(crate) fn new(options: &Options, model: &Model) -> Result<Self, Failure> {
        let classes = options.draw().labels(model);
        let classes = classes.map_err(|error| by_option(error.into()))?;
        let low_res = open_low_res(options, model)?;
        let available = low_res.as_ref().and_then(LowRes::most);
        let all = available.unwrap_or(4 * model.columns());
        let count = options.count.unwrap_or(all);
        if let Some(most) = available.filter(|&most| count > most) {
            return Err(format!("--count {count}: --low-res has {most} images to enlarge").into());
        }
        if let Some(low_res) = &low_res {
            low_res.check(count, &classes).map_err(of_low_res)?;
        }
        Ok(Self { count, low_res })
    }

    /// Begins a run of some of the images, by their numbers.
    pub(crate) fn begin(
        &self,
        studio: &mut Studio,
        draw: &Draw,
        numbers: Range<u64>,
    ) -> Result<Run, Error> {
        match &self.low_res {
            Some(low_res) => data::begin(studio, draw, low_res, numbers),
            None => studio.begin_numbers(draw, numbers),
        }
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
