//! What a batch is steered by beside its sampler, on every executor.

use alloc::vec::Vec;

use super::error::{Error, Slice};
use super::guidance::check_scales;
use super::kept::Known;
use super::linear::check_length;
use super::palette::Colours;
use super::sampler::Sampler;

/// What a batch of images is steered by beside its sampler. Nothing of it by default, which costs nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Controls {
    /// Guidance: the network, of twice the batch, sees each image with its class and with another or none.
    pub guidance: Option<Guidance>,
    /// The picture of which a part is kept; the sampler is [`keeping`](super::Sampler::keeping) then.
    pub known: Option<KnownBuf>,
    /// The colours to which x̂_0 goes towards the end.
    pub palette: Option<PaletteBuf>,
}

/// Guidance without a classifier ([`guide`](super::guide)), for each image of a batch.
///
/// With another class in place of none, and a scale from 1 to 0, it is what lies between two classes. It moves the
/// predictions alone: a variance that is learnt stays that of the image's own class, at every scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Guidance {
    /// The scale of each image.
    pub scales: Vec<f32>,
    /// What the network sees each image with the second time: its number for no class.
    pub others: Vec<u32>,
}

/// A picture of which a batch keeps a part, the same for each of its images.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownBuf {
    /// The picture of D elements, in [-1, 1], channels first.
    pub picture: Vec<f32>,
    /// How far each element is drawn anew.
    pub mask: Vec<f32>,
}

impl KnownBuf {
    /// The same, borrowed.
    pub fn as_known(&self) -> Known<'_> {
        Known {
            picture: &self.picture,
            mask: &self.mask,
        }
    }
}

/// Colours to which the predictions of the last evaluations go.
#[derive(Debug, Clone, PartialEq)]
pub struct PaletteBuf {
    /// The colours, a number in [-1, 1] for each channel of each.
    pub colours: Vec<f32>,
    /// The channels of an image.
    pub channels: usize,
    /// The first evaluation whose x̂_0 goes to its nearest colours.
    pub from: u32,
}

impl PaletteBuf {
    /// The same, borrowed.
    pub fn as_colours(&self) -> Colours<'_> {
        Colours {
            colours: &self.colours,
            channels: self.channels,
        }
    }
}

impl Controls {
    /// Checks that all of it goes with a run of so many images of so many elements.
    ///
    /// # Errors
    /// [`Error::PictureMissing`] and [`Error::KeepMissing`] where one of sampler and controls keeps a part of a picture
    /// and the other does not; [`Error::Length`], [`Error::NotFinite`], [`Error::OutOfRange`].
    pub fn check(
        &self,
        sampler: &Sampler<'_>,
        images: usize,
        elements: usize,
    ) -> Result<(), Error> {
        if let Some(Guidance { scales, others }) = &self.guidance {
            check_length(Slice::Scales, scales.len(), images)?;
            check_length(Slice::Others, others.len(), images)?;
            check_scales(scales)?;
        }
        match (&self.known, sampler.keeps()) {
            (Some(known), true) => known.as_known().check(elements)?,
            (Some(_), false) => return Err(Error::KeepMissing),
            (None, true) => return Err(Error::PictureMissing),
            (None, false) => {}
        }
        if let Some(palette) = &self.palette {
            let colours = palette.as_colours();
            colours.check()?;
            colours.check_image(elements)?;
        }
        Ok(())
    }

    /// How often the network sees each image of a batch.
    pub const fn looks(&self) -> usize {
        match self.guidance {
            Some(_) => 2,
            None => 1,
        }
    }

    /// The colours for an evaluation, where there are such.
    pub fn colours_at(&self, position: u32) -> Option<Colours<'_>> {
        let palette = self.palette.as_ref()?;
        (position >= palette.from).then(|| palette.as_colours())
    }
}
