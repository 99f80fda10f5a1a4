//! Between a model's pixels and those of a window, which have red, green, blue and alpha.

use iddpm::Error;
use iddpm::run::DrawError;
use image::{DynamicImage, ImageBuffer, Pixel};

/// A picture of 4 bytes a pixel with so many channels: grey of colours, or without its alpha.
pub(crate) fn with_channels(
    channels: usize,
    (width, height): (usize, usize),
    rgba: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let read = buffer(width, height, rgba).map(DynamicImage::ImageRgba8);
    let picture = read.ok_or(DrawError::NoPicture { channels })?;
    match channels {
        1 => Ok(picture.into_luma8().into_raw()),
        2 => Ok(picture.into_luma_alpha8().into_raw()),
        3 => Ok(picture.into_rgb8().into_raw()),
        4 => Ok(picture.into_rgba8().into_raw()),
        _ => Err(DrawError::NoPicture { channels }.into()),
    }
}

/// `None` for fewer bytes than such a picture has.
fn buffer<P: Pixel<Subpixel = u8>>(
    width: usize,
    height: usize,
    bytes: Vec<u8>,
) -> Option<ImageBuffer<P, Vec<u8>>> {
    ImageBuffer::from_raw(
        u32::try_from(width).ok()?,
        u32::try_from(height).ok()?,
        bytes,
    )
}
