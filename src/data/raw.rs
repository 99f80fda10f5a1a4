//! A picture as it is stored, and the planes that are made of it.

use std::vec::Vec;

use image::ColorType;

use super::alpha::Alpha;
use super::fault::Fault;
use super::plane::Plane;
use crate::diffusion::pixels::over;
use crate::memory::reserve;

/// A picture as a decoder gives it: the channels of a pixel beside each other, of 8 or 16 bits.
pub(super) struct Raw {
    pub(super) color: ColorType,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bytes: Vec<u8>,
}

/// The channels of a picture.
pub(super) struct Planes {
    /// One where it is grey, else three; premultiplied.
    pub(super) colours: Vec<Plane>,
    /// How opaque it is, where that is kept; `None` where it is so everywhere.
    pub(super) alpha: Option<Plane>,
}

impl Planes {
    /// What is made of each.
    pub(super) fn each(self, make: impl Fn(Plane) -> Result<Plane, Fault>) -> Result<Self, Fault> {
        let colours = self.colours.into_iter().map(&make);
        Ok(Self {
            colours: colours.collect::<Result<_, _>>()?,
            alpha: self.alpha.map(&make).transpose()?,
        })
    }
}

impl Raw {
    /// For images of so many channels: one is of a grey picture.
    ///
    /// # Errors
    /// [`Fault::Colour`], [`Fault::Memory`].
    pub(super) fn planes(&self, channels: usize, alpha: Alpha) -> Result<Planes, Fault> {
        let opacity = match self.color.has_alpha() {
            true => Some(self.plane(self.colours())?),
            false => None,
        };
        let is_grey = !self.color.has_color() && (opacity.is_none() || alpha.is_grey());
        let mut colours = Vec::new();
        // A grey one is every colour.
        let places = (0..self.colours()).cycle();
        let places = places.zip(alpha.grounds());
        for (place, ground) in places.take(if is_grey { 1 } else { 3 }) {
            let mut plane = self.plane(place)?;
            if let Some(opacity) = &opacity {
                for (colour, &alpha) in plane.pixels.iter_mut().zip(&opacity.pixels) {
                    *colour = over(*colour, alpha, ground);
                }
            }
            colours.push(plane);
        }
        if channels == 1 {
            check_grey(&colours)?;
            colours.truncate(1);
        }
        let alpha = opacity.filter(|_| alpha == Alpha::Keep);
        Ok(Planes { colours, alpha })
    }

    /// Whether any pixel is not opaque.
    pub(super) fn is_transparent(&self) -> bool {
        let mut alphas = self.values(self.colours());
        self.color.has_alpha() && alphas.any(|alpha| alpha < u8::MAX)
    }

    /// Channels that are no alpha.
    fn colours(&self) -> usize {
        if self.color.has_color() { 3 } else { 1 }
    }

    fn plane(&self, channel: usize) -> Result<Plane, Fault> {
        let mut pixels = Vec::new();
        reserve(&mut pixels, (self.width * self.height) as u64)?;
        pixels.extend(self.values(channel));
        Ok(Plane {
            width: self.width,
            height: self.height,
            pixels,
        })
    }

    /// A channel, of 16 bits a value the upper 8: of a picture with 8 bits they are the value.
    fn values(&self, channel: usize) -> impl Iterator<Item = u8> {
        let channels = self.color.channel_count();
        let is_wide = self.color.bytes_per_pixel() > channels;
        let first = channel * if is_wide { 2 } else { 1 };
        let pixels = self
            .bytes
            .chunks_exact(self.color.bytes_per_pixel().max(1).into());
        pixels.filter_map(move |pixel| match *pixel.get(first..)? {
            [first, second, ..] if is_wide => {
                Some((u16::from_ne_bytes([first, second]) >> 8) as u8)
            }
            [value, ..] => Some(value),
            [] => None,
        })
    }
}

/// A picture of three channels that are the same everywhere is grey.
fn check_grey(planes: &[Plane]) -> Result<(), Fault> {
    let Some((first, others)) = planes.split_first() else {
        return Ok(());
    };
    let differs = |other: &Plane| {
        let mut values = first.pixels.iter().zip(&other.pixels);
        values.position(|(first, other)| first != other)
    };
    match others.iter().filter_map(differs).min() {
        None => Ok(()),
        Some(at) => Err(Fault::Colour {
            x: (at % first.width) as u32,
            y: (at / first.width) as u32,
        }),
    }
}
