//! Images in files that a super-resolution network enlarges.

use core::fmt;
use core::ops::Range;
use std::format;
use std::path::Path;
use std::vec::Vec;

use super::draw::Draw;
use super::error::DrawError;
use super::model::Model;
use super::run::Run;
use super::studio::Studio;
use crate::Error;
use crate::cpu::resize;
use crate::data::{self, Classes, Example, Fit, Kind, Opened};
use crate::diffusion::pixels::image_from_u8;
use crate::memory::{extend, zeros};
use crate::unet::Extents;

/// Images to enlarge: a picture for all that are drawn, or the images of a folder or an archive, one for each.
///
/// ```no_run
/// use iddpm::run::LowRes;
/// use iddpm::{Device, Draw, Model};
/// let model = Model::open("enlarger.safetensors")?;
/// let small = LowRes::open("small.png", &model)?;
/// let mut run = model.on(Device::best())?.begin_enlarging(&Draw::new(), &small, 0..4)?;
/// while run.advance()? {}
/// run.images()?.save("large.png")?;
/// # Ok::<(), iddpm::Error>(())
/// ```
pub struct LowRes {
    opened: Opened,
    size: Extents,
}

impl LowRes {
    /// Opens whatever data a path leads to. Pictures are fitted to what the network takes; larger images of an
    /// archive become means over areas, as in training.
    ///
    /// # Errors
    /// [`DrawError::LowResUnexpected`] for a network that enlarges nothing; [`DrawError::Value`] for images of other
    /// channels, or smaller ones; [`DataError`](crate::data::DataError).
    pub fn open(path: impl AsRef<Path>, model: &Model) -> Result<Self, Error> {
        let path = path.as_ref();
        let Some((width, height)) = model.low_res() else {
            return Err(DrawError::LowResUnexpected.into());
        };
        let size = Extents {
            height,
            width,
            ..model.image()
        };
        let description = model.description();
        let names = description.class_names.as_deref();
        let classes = Classes::of_network(description.unet.num_classes, names, false);
        let fit = Fit::Pictures {
            extents: size,
            given: &[],
        };
        let alpha = None;
        let options = data::Options {
            fit,
            classes,
            alpha,
        };
        let opened = data::open(path, &options)?;
        let found = opened.data.extents();
        if found.channels != size.channels || found.height < height || found.width < width {
            let why = format!("images of {found}, where the network enlarges {size}");
            return Err(DrawError::value("low-res", path.display(), why).into());
        }
        Ok(Self { opened, size })
    }

    /// How many images there are to enlarge; `None` for one picture, of which any number can be drawn.
    pub fn most(&self) -> Option<usize> {
        (self.opened.kind != Kind::Picture).then(|| self.opened.data.len())
    }

    /// Reads the first images once, so that what is wrong with one is found before any work.
    ///
    /// # Errors
    /// [`DataError`](crate::data::DataError); [`DrawError::Value`] for one of another class than these, each in its
    /// turn, where there are such: [`Draw::labels`].
    pub fn check(&self, count: usize, classes: &[u32]) -> Result<(), Error> {
        let mut in_turn = classes.iter().cycle();
        for at in 0..count.min(self.opened.data.len()) {
            self.example(at as u64, in_turn.next().copied())?;
        }
        Ok(())
    }

    fn example(&self, number: u64, only: Option<u32>) -> Result<Example<'_>, Error> {
        let at = match self.opened.kind {
            Kind::Picture => 0,
            _ => usize::try_from(number).unwrap_or(usize::MAX),
        };
        let example = self.opened.data.get(at)?;
        if let (Some(label), Some(only)) = (example.label, only)
            && label != only
        {
            let why = format!(
                "image {at} of those that are enlarged is of class {label}; without a class each is of its own"
            );
            return Err(DrawError::value("class", only, why).into());
        }
        Ok(example)
    }

    /// Adds an image in [-1, 1], channels first.
    fn add(&self, example: &Example<'_>, images: &mut Vec<f32>) -> Result<(), Error> {
        let mut image = zeros(example.pixels.len())?;
        image_from_u8(&example.pixels, &mut image)?;
        let extents = self.opened.data.extents();
        if extents == self.size {
            return Ok(extend(images, &image)?);
        }
        let mut small = zeros(self.size.elements())?;
        resize::area(&image, extents, &mut small, self.size)?;
        Ok(extend(images, &small)?)
    }
}

impl fmt::Display for LowRes {
    /// What was opened, and what is done to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Extents { height, width, .. } = self.size;
        match self.opened.data.extents() == self.size {
            true => write!(f, "enlarging {}", self.opened),
            false => write!(f, "enlarging {}, as {width}x{height}", self.opened),
        }
    }
}

impl fmt::Debug for LowRes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LowRes")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Studio {
    /// Begins a run that enlarges the images of these numbers: each of the class that is drawn, or of its own where it
    /// has one; of all classes in turn otherwise.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin); [`DataError`](crate::data::DataError).
    pub fn begin_enlarging(
        &mut self,
        draw: &Draw,
        low_res: &LowRes,
        numbers: Range<u64>,
    ) -> Result<Run, Error> {
        let mut samples = self.samples(draw, numbers)?;
        let all = draw.only_classes().is_empty();
        let mut images = Vec::new();
        for sample in &mut samples {
            let only = sample.label.filter(|_| !all);
            let example = low_res.example(sample.number, only)?;
            if all {
                // A network without classes has no label to replace.
                let in_turn = sample.label;
                sample.label = in_turn.map(|in_turn| example.label.unwrap_or(in_turn));
            }
            low_res.add(&example, &mut images)?;
        }
        self.begin_samples(draw, &samples)?.with_low_res(&images)
    }
}
