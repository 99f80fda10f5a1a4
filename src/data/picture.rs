//! Pictures in files become images of a network's size, as the public implementation loads them.

use core::ops::Range;
use std::io::Cursor;
use std::path::Path;
use std::string::ToString;
use std::vec::Vec;

use image::{DynamicImage, ImageReader};

use super::error::DataError;
use super::fault::Fault;
use super::resample::{Filter, Plane};
use crate::unet::Extents;

/// What the names of pictures end in.
pub(super) const SUFFIXES: [&str; 6] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"];

/// Most rows, and most columns, of an image.
pub(super) const MAX_SIDE: usize = 16_384;

/// Reads a PNG, JPEG or GIF (its first frame) as an image [C, H, W] of 8 bits a value.
///
/// The picture is halved (`BOX`) while both sides are at least twice those asked for, resized
/// (`BICUBIC`) until it just covers them, and cropped to its middle. The result is that of the public
/// implementation bit for bit where the file is decoded alike, as PNGs are. It is made square there;
/// here the sides may differ. [`image_from_u8`](crate::diffusion::pixels::image_from_u8) makes x_0 of it.
///
/// C is 3 or 1. A grey picture is read as three equal channels where three are asked for. Where one is,
/// a picture in colour is refused, because mixing its channels would lose what it shows; a file of
/// three channels that are equal everywhere is a grey picture. Transparency is dropped, and of 16 bits a
/// value the upper 8 are kept; a note on how the camera was held is ignored.
///
/// # Errors
/// [`DataError::Extents`]; [`DataError::File`] with [`Fault::Io`], [`Fault::Undecodable`] or
/// [`Fault::Colour`].
pub fn load(path: impl AsRef<Path>, extents: Extents) -> Result<Vec<u8>, DataError> {
    check(extents)?;
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(Fault::from);
    bytes
        .and_then(|bytes| decode(&bytes, extents))
        .map_err(DataError::file(path))
}

/// Sides that can be asked for.
pub(super) fn check(extents: Extents) -> Result<(), DataError> {
    let side = 1..=MAX_SIDE;
    let sound = side.contains(&extents.height) && side.contains(&extents.width);
    if sound && matches!(extents.channels, 1 | 3) {
        Ok(())
    } else {
        let max = MAX_SIDE;
        Err(DataError::Extents { extents, max })
    }
}

fn decode(bytes: &[u8], extents: Extents) -> Result<Vec<u8>, Fault> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let undecodable = |reason: &dyn ToString| Fault::Undecodable {
        reason: reason.to_string(),
    };
    let image = reader.decode().map_err(|error| undecodable(&error))?;
    if image.width() == 0 || image.height() == 0 {
        return Err(undecodable(&"it has no pixels"));
    }
    let size = (extents.width, extents.height);
    let planes = planes(image, extents.channels)?;
    let fitted: Vec<Plane> = planes.into_iter().map(|plane| fit(plane, size)).collect();
    // A grey picture has one plane, which is then every channel.
    let channels = fitted.iter().cycle().take(extents.channels);
    Ok(channels
        .flat_map(|plane| plane.pixels.iter().copied())
        .collect())
}

/// The channels of a picture: one where it is grey, as it must be where one is asked for.
fn planes(image: DynamicImage, channels: usize) -> Result<Vec<Plane>, Fault> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let plane = |pixels| Plane {
        width,
        height,
        pixels,
    };
    // 16 bits are exact for either depth, and their upper 8 are the value of an 8-bit picture.
    let narrow = |value: u16| (value >> 8) as u8;
    if !image.color().has_color() {
        let grey = image.into_luma16().into_raw();
        return Ok([plane(grey.into_iter().map(narrow).collect())].into());
    }
    let image = image.into_rgb16();
    if channels == 1 {
        let coloured = |pixel: &[u16; 3]| pixel.iter().any(|&value| value != pixel[0]);
        let mut pixels = image.enumerate_pixels();
        if let Some((x, y, _)) = pixels.find(|(_, _, pixel)| coloured(&pixel.0)) {
            return Err(Fault::Colour { x, y });
        }
    }
    let raw = image.into_raw();
    let channel = |c| raw.iter().skip(c).step_by(3).map(|&value| narrow(value));
    Ok((0..channels).map(|c| plane(channel(c).collect())).collect())
}

/// Halved, resized, cropped.
fn fit(mut plane: Plane, (width, height): (usize, usize)) -> Plane {
    while plane.width >= 2 * width && plane.height >= 2 * height {
        let half = (plane.width / 2, plane.height / 2);
        plane = plane.resized(Filter::Box, half, (0..half.0, 0..half.1));
    }
    let scale = |target: usize, side: usize| target as f64 / side as f64;
    let scale = scale(width, plane.width).max(scale(height, plane.height));
    let covering = |side: usize, target: usize| {
        let rounded = (side as f64 * scale).round_ties_even() as usize;
        rounded.max(target)
    };
    let to = (covering(plane.width, width), covering(plane.height, height));
    let middle = |side: usize, target: usize| -> Range<usize> {
        let start = (side - target) / 2;
        start..start + target
    };
    let window = (middle(to.0, width), middle(to.1, height));
    plane.resized(Filter::Bicubic, to, window)
}
