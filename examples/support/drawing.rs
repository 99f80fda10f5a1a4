//! Images of a network as pictures.

use std::array;

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, Pixel, RgbImage, RgbaImage};

/// What the channels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Colours {
    /// Those of so many channels.
    ///
    /// # Errors
    /// Where no picture has as many.
    pub(crate) fn of(channels: usize) -> Result<Self, String> {
        match channels {
            1 => Ok(Self::Grey),
            2 => Ok(Self::GreyAlpha),
            3 => Ok(Self::Rgb),
            4 => Ok(Self::Rgba),
            more => Err(format!(
                "images of {more} channels are no pictures, which have 1 (grey), 2 (grey and alpha), 3 (colours) or \
                 4 (colours and alpha)"
            )),
        }
    }

    /// Whether one of them says how opaque a pixel is.
    pub(crate) const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }

    /// An image, channels first, 8 bits a value; black where there are too few.
    pub(crate) fn picture(self, image: &[u8], width: u32, height: u32) -> DynamicImage {
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
    let plane = width as usize * height as usize;
    ImageBuffer::from_fn(width, height, |x, y| {
        let at = y as usize * width as usize + x as usize;
        let channel = |c: usize| image.get(c * plane + at).copied().unwrap_or(0);
        P::from(array::from_fn(channel))
    })
}
