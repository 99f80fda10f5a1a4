//! Which images are made: how many, of which classes, from what.

use std::ops::Range;

use iddpm::checkpoint::Description;
use iddpm::diffusion::{Noise, Sample};

use super::class;
use super::data::LowRes;
use super::options::Options;
use super::pictures::columns;
use super::program::Failure;

pub(crate) struct Samples {
    pub(crate) count: usize,
    noise: Noise,
    /// Of the network.
    classes: Option<usize>,
    /// The class that was asked for.
    only: Option<u32>,
    low_res: Option<LowRes>,
}

impl Samples {
    pub(crate) fn new(options: &Options, description: &Description) -> Result<Self, Failure> {
        let only = match &options.class {
            Some(class) => Some(class::number_of(class, description)?),
            None => None,
        };
        let mut low_res = open_low_res(options, description)?;
        let available = low_res.as_ref().and_then(LowRes::most);
        let all = available.unwrap_or(4 * columns(description));
        let count = options.count.unwrap_or(all);
        if let Some(most) = available.filter(|&most| count > most) {
            return Err(format!("--count {count}: --low-res has {most} images to enlarge").into());
        }
        if let Some(most) = options.out.most(description).filter(|&most| count > most) {
            let path = options.out.path().display();
            return Err(format!("--count {count}: {path} takes at most {most} such images").into());
        }
        if let Some(low_res) = &mut low_res {
            low_res.check(count, only)?;
        }
        Ok(Self {
            count,
            noise: Noise::new(options.seed.number),
            classes: description.unet.num_classes,
            only,
            low_res,
        })
    }

    /// What there is to say of the images that are enlarged.
    pub(crate) fn summary(&self) -> Option<String> {
        self.low_res.as_ref().map(LowRes::summary)
    }

    /// Some of the images, by their numbers: each of the class that was asked for, or of its own where it is
    /// enlarged from one that has one; of all classes in turn otherwise.
    pub(crate) fn batch(&self, numbers: Range<usize>) -> Vec<Sample> {
        let own = |number| {
            self.low_res
                .as_ref()
                .and_then(|images| images.label(number))
        };
        let label = |number: usize| {
            let classes = self.classes?;
            let asked = self.only.or_else(|| own(number));
            Some(asked.unwrap_or((number % classes) as u32))
        };
        let sample = |number: usize| Sample {
            noise: self.noise,
            number: number as u64,
            label: label(number),
        };
        numbers.map(sample).collect()
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

fn open_low_res(options: &Options, description: &Description) -> Result<Option<LowRes>, Failure> {
    match (&options.low_res, description.size.low_res) {
        (None, None) => Ok(None),
        (Some(path), Some(size)) => LowRes::open(path, description, size).map(Some),
        (Some(_), None) => Err("--low-res: this network takes no such image".into()),
        (None, Some((height, width))) => {
            let size = format!("{width}x{height}");
            Err(format!("this network enlarges images of {size}: --low-res says which").into())
        }
    }
}
