//! Which images are made: how many, of which classes, from what.

use std::ops::Range;

use iddpm::diffusion::Sample;
use iddpm::run::DrawError;
use iddpm::{Draw, Model, Studio};

use super::by_option;
use super::data::LowRes;
use super::options::Options;
use super::program::Failure;

pub(crate) struct Samples {
    pub(crate) count: usize,
    low_res: Option<LowRes>,
}

impl Samples {
    pub(crate) fn new(options: &Options, model: &Model) -> Result<Self, Failure> {
        let only = options.class.as_deref().map(|class| model.class(class));
        let only = only.transpose().map_err(|error| by_option(error.into()))?;
        let mut low_res = open_low_res(options, model)?;
        let available = low_res.as_ref().and_then(LowRes::most);
        let all = available.unwrap_or(4 * model.columns());
        let count = options.count.unwrap_or(all);
        if let Some(most) = available.filter(|&most| count > most) {
            return Err(format!("--count {count}: --low-res has {most} images to enlarge").into());
        }
        if let Some(low_res) = &mut low_res {
            low_res.check(count, only)?;
        }
        Ok(Self { count, low_res })
    }

    /// What there is to say of the images that are enlarged.
    pub(crate) fn summary(&self) -> Option<String> {
        self.low_res.as_ref().map(LowRes::summary)
    }

    /// Some of the images, by their numbers: each of the class that was asked for, or of its own where it is
    /// enlarged from one that has one; of all classes in turn otherwise.
    pub(crate) fn batch(
        &self,
        studio: &Studio,
        draw: &Draw,
        numbers: Range<usize>,
    ) -> Result<Vec<Sample>, Failure> {
        let mut samples = studio.samples(draw, numbers.start as u64..numbers.end as u64)?;
        if let (Some(low_res), None) = (&self.low_res, draw.only_class()) {
            for (number, sample) in numbers.zip(&mut samples) {
                // A network without classes has no label to replace.
                let own = low_res.label(number);
                sample.label = sample.label.map(|in_turn| own.unwrap_or(in_turn));
            }
        }
        Ok(samples)
    }

    /// What some of the images are enlarged from, one after the other.
    pub(crate) fn low_res(&self, numbers: Range<usize>) -> Result<Option<Vec<f32>>, Failure> {
        let Some(low_res) = &self.low_res else {
            return Ok(None);
        };
        let mut images = Vec::new();
        for number in numbers {
            images.extend(low_res.image(number)?);
        }
        Ok(Some(images))
    }
}

fn open_low_res(options: &Options, model: &Model) -> Result<Option<LowRes>, Failure> {
    match (&options.low_res, model.low_res()) {
        (None, None) => Ok(None),
        (Some(path), Some(size)) => LowRes::open(path, model.description(), size).map(Some),
        (Some(_), None) => Err(by_option(DrawError::LowResUnexpected.into())),
        (None, Some((width, height))) => {
            let size = format!("{width}x{height}");
            Err(format!("this network enlarges images of {size}: --low-res says which").into())
        }
    }
}
