//! A picture that a drawing begins from, or keeps a part of.

use std::format;
use std::vec::Vec;

use super::error::DrawError;
use super::model::Model;
use super::planes::planes;
use crate::Error;
use crate::diffusion::KnownBuf;
use crate::diffusion::pixels::back_from_u8;
use crate::memory::{collected, copied};
use crate::unet::Extents;

/// A picture that a drawing begins from, and which part of it is drawn anew.
///
/// Without a mask all of it is drawn over, as far from it as [`Draw::strength`](super::Draw::strength) says. With one,
/// what is outside keeps its bytes, and what is inside is drawn to agree with it.
///
/// ```
/// use iddpm::run::Canvas;
/// use iddpm::{Device, Draw, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32_4_steps.safetensors"
/// # )
/// );
/// let model = Model::from_bytes(file)?;
/// let mut studio = model.on(Device::cpu())?;
/// let draw = Draw::new().class("sword");
/// let sword = studio.sample(&draw, 1)?.bytes()?;
///
/// let upper_half: Vec<u8> = (0..32 * 32).map(|at| if at < 512 { 255 } else { 0 }).collect();
/// let canvas = Canvas::from_bytes(&model, &sword)?.with_mask(&upper_half)?;
/// let mut run = studio.begin_on(&draw.class("axe"), &canvas, 0..1)?;
/// while run.advance()? {}
/// assert_eq!(run.images()?.bytes()?[512 * 4..], sword[512 * 4..]);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    image: Extents,
    /// Channels first, in [-1, 1].
    picture: Vec<f32>,
    /// How far each pixel is drawn anew; nothing where all are.
    mask: Option<Vec<f32>>,
}

impl Canvas {
    /// Takes a picture of the network's size as [`Images::bytes`](super::Images::bytes) has them: [H, W, C], 8 bits each,
    /// alpha straight. Under an alpha between nothing and all, colours come back as near as 8 bits under it can say.
    ///
    /// # Errors
    /// [`DrawError::Value`] for another number of bytes.
    pub fn from_bytes(model: &Model, bytes: &[u8]) -> Result<Self, Error> {
        let image = model.image();
        check("init", image, image.elements(), bytes.len())?;
        Self::of_planes(image, &planes(bytes, image.channels)?)
    }

    /// A picture channels first, its colours under their alpha.
    pub(super) fn of_planes(image: Extents, planes: &[u8]) -> Result<Self, Error> {
        let picture = planes.iter().map(|&value| back_from_u8(value));
        Ok(Self {
            image,
            picture: collected(planes.len(), picture)?,
            mask: None,
        })
    }

    /// Draws only a part anew: [H, W], 8 bits each, of which 0 keeps the picture's pixel, 255 is drawn anew, and what is
    /// in between is a mixture. What is kept has its bytes whatever the drawing's palette.
    ///
    /// # Errors
    /// [`DrawError::Value`] for another number of bytes.
    pub fn with_mask(mut self, mask: &[u8]) -> Result<Self, Error> {
        let pixels = self.image.height * self.image.width;
        check("mask", self.image, pixels, mask.len())?;
        let shares = mask.iter().map(|&value| f32::from(value) / 255.0);
        self.mask = Some(collected(pixels, shares)?);
        Ok(self)
    }

    #[cfg(feature = "data")]
    pub(super) const fn extents(&self) -> Extents {
        self.image
    }

    pub(super) fn picture(&self) -> &[f32] {
        &self.picture
    }

    /// What is kept of it on every step, where something is.
    pub(super) fn known(&self) -> Result<Option<KnownBuf>, Error> {
        let Some(mask) = &self.mask else {
            return Ok(None);
        };
        let of_channels = core::iter::repeat_n(mask, self.image.channels);
        Ok(Some(KnownBuf {
            picture: copied(&self.picture)?,
            mask: collected(self.picture.len(), of_channels.flatten().copied())?,
        }))
    }

    /// Refuses a picture that is of another model's size.
    pub(super) fn check(&self, model: &Model) -> Result<(), DrawError> {
        let image = model.image();
        match self.image == image {
            true => Ok(()),
            false => Err(DrawError::value(
                "init",
                self.image,
                format!("the network draws {image}"),
            )),
        }
    }
}

fn check(word: &'static str, image: Extents, expected: usize, len: usize) -> Result<(), DrawError> {
    if len == expected {
        return Ok(());
    }
    let why = format!("an image of {image} has {expected} of them");
    Err(DrawError::value(word, format!("{len} bytes"), why))
}
