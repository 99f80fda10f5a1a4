//! Images of a network as pictures.

use std::vec::Vec;

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, Pixel, RgbImage, RgbaImage};

use crate::run::error::DrawError;

/// What the channels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Colours {
    /// Those of so many channels.
    pub(super) const fn of(channels: usize) -> Result<Self, DrawError> {
        match channels {
            1 => Ok(Self::Grey),
            2 => Ok(Self::GreyAlpha),
            3 => Ok(Self::Rgb),
            4 => Ok(Self::Rgba),
            channels => Err(DrawError::NoPicture { channels }),
        }
    }

    /// An image, [H, W, C], 8 bits a value; black where there are too few.
    pub(super) fn picture(self, image: &[u8], width: u32, height: u32) -> DynamicImage {
        match self {
            Self::Grey => GrayImage::from(drawn(image, width, height)).into(),
            Self::GreyAlpha => GrayAlphaImage::from(drawn(image, width, height)).into(),
            Self::Rgb => RgbImage::from(drawn(image, width, height)).into(),
            Self::Rgba => RgbaImage::from(drawn(image, width, height)).into(),
        }
    }
}

fn drawn<P, const CHANNELS: usize>(image: &[u8], width: u32, height: u32) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8> + From<[u8; CHANNELS]>,
{
    let (pixels, _) = image.as_chunks::<CHANNELS>();
    ImageBuffer::from_fn(width, height, |x, y| {
        let at = y as usize * width as usize + x as usize;
        P::from(pixels.get(at).copied().unwrap_or([0; CHANNELS]))
    })
}
