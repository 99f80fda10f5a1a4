//! The reading of pictures as images of a network's size, as the public implementation loads them.

use core::ops::Range;
use std::path::Path;
use std::vec::Vec;

use super::alpha::Alpha;
use super::contents::Contents;
use super::decode::{MAX_BYTES, planes};
use super::error::DataError;
use super::fault::Fault;
use super::file;
use super::plane::Plane;
use super::resample::Filter;
use crate::diffusion::pixels::unpremultiply;
use crate::memory::reserve;
use crate::unet::Extents;

/// Most rows, and most columns, of an image.
pub(super) const MAX_SIDE: usize = 16_384;

/// Reads a PNG, JPEG, GIF, WebP (of these two the first frame) or BMP as an image [C, H, W] of 8 bits a
/// value.
///
/// What the file holds decides, not its name. The picture is turned as the camera was held, where Exif
/// says so. It is then halved (`BOX`) while both sides are at least twice those asked for, resized
/// (`BICUBIC`) until it just covers them, and cropped to its middle. The result is that of the public
/// implementation bit for bit where the file is decoded alike, as PNGs are, and not turned, which it
/// does not do. It is made square there; here the sides may differ.
/// [`image_from_u8`](crate::diffusion::pixels::image_from_u8) makes x_0 of it.
///
/// C is 3, 1 or 4. A grey picture is read as three equal channels where three are asked for. Where one is,
/// a picture in colour is refused, because mixing its channels would lose what it shows; a file of
/// three channels that are equal everywhere is a grey picture. Of 16 bits a value the upper 8 are kept.
///
/// Four channels are red, green, blue and alpha, 255 where the picture has none. The colours are
/// [premultiplied](crate::diffusion::pixels::premultiply) before the picture is resized, and nowhere more than their
/// alpha after that. As other channels, a picture is painted over white first ([`Alpha::WHITE`]; with another ground,
/// [`open`](super::open())). What lies under alpha 0 is in no image.
///
/// A file that ends too early is refused, as is one of more than 2^29 bytes, or whose pixels take more.
///
/// # Errors
/// [`DataError::Extents`]; [`DataError::File`] with [`Fault::Io`], [`Fault::NotRegular`],
/// [`Fault::TooLong`], [`Fault::Undecodable`], [`Fault::Colour`] or [`Fault::Memory`].
pub fn load(path: impl AsRef<Path>, extents: Extents) -> Result<Vec<u8>, DataError> {
    check(extents)?;
    load_as(path.as_ref(), extents, Alpha::of(extents.channels))
}

/// Reads a picture as an image of these extents, which were checked, and are such as this makes of it.
pub(super) fn load_as(path: &Path, extents: Extents, alpha: Alpha) -> Result<Vec<u8>, DataError> {
    file::read(path, MAX_BYTES)
        .and_then(|bytes| fitted(&bytes, extents, alpha))
        .map_err(DataError::file(path))
}

/// Reads a picture in memory as an image of these extents; see [`load`].
///
/// # Errors
/// [`DataError::Extents`]; [`DataError::Images`] with [`Fault::TooLong`], [`Fault::Undecodable`],
/// [`Fault::Colour`] or [`Fault::Memory`].
pub fn decode(bytes: &[u8], extents: Extents) -> Result<Vec<u8>, DataError> {
    check(extents)?;
    fitted(bytes, extents, Alpha::of(extents.channels)).map_err(DataError::Images)
}

/// Reads the pixels of a picture of any size, row after row: red, green, blue and straight alpha; `None` for what is no
/// picture by its first bytes.
///
/// # Errors
/// Those of [`load`].
pub fn pixels(path: impl AsRef<Path>) -> Result<Option<Vec<[u8; 4]>>, DataError> {
    let path = path.as_ref();
    let named = |fault| DataError::file(path)(fault);
    let head = file::head(path).map_err(named)?;
    if !matches!(Contents::of(&head), Some(Contents::Picture(_))) {
        return Ok(None);
    }
    let bytes = file::read(path, MAX_BYTES).map_err(named)?;
    let planes = planes(&bytes, 4, Alpha::Keep).map_err(named)?;
    let count = planes.colours.first().map_or(0, |plane| plane.pixels.len());
    let pixel = |at: usize| {
        let of = |plane: &Plane| plane.pixels.get(at).copied().unwrap_or(u8::MAX);
        let alpha = planes.alpha.as_ref().map_or(u8::MAX, of);
        // A grey picture has one plane, which is then every colour.
        let mut colours = planes.colours.iter().cycle();
        let mut next = || unpremultiply(colours.next().map_or(0, of), alpha);
        [next(), next(), next(), alpha]
    };
    let mut all = Vec::new();
    reserve(&mut all, count as u64).map_err(|error| named(error.into()))?;
    all.extend((0..count).map(pixel));
    Ok(Some(all))
}

/// Sides that can be asked for.
pub(super) fn check(extents: Extents) -> Result<(), DataError> {
    let side = 1..=MAX_SIDE;
    let sound = side.contains(&extents.height) && side.contains(&extents.width);
    if sound && matches!(extents.channels, 1 | 3 | 4) {
        Ok(())
    } else {
        let max = MAX_SIDE;
        Err(DataError::Extents { extents, max })
    }
}

fn fitted(bytes: &[u8], extents: Extents, alpha: Alpha) -> Result<Vec<u8>, Fault> {
    let (length, max) = (bytes.len() as u64, MAX_BYTES);
    if length > max {
        return Err(Fault::TooLong { bytes: length, max });
    }
    let size = (extents.width, extents.height);
    let planes = planes(bytes, extents.channels, alpha)?;
    let planes = planes.each(|plane| fit(plane, size))?;
    let mut image = Vec::new();
    reserve(&mut image, extents.elements() as u64)?;
    // A grey picture has one plane, which is then every colour.
    let colours = planes.colours.iter().cycle();
    for plane in colours.take(extents.channels.min(3)) {
        match &planes.alpha {
            None => image.extend_from_slice(&plane.pixels),
            // The cubic overshoots beside an edge.
            Some(alpha) => {
                let most = plane.pixels.iter().zip(&alpha.pixels);
                image.extend(most.map(|(&colour, &alpha)| colour.min(alpha)));
            }
        }
    }
    if let Some(alpha) = &planes.alpha {
        image.extend_from_slice(&alpha.pixels);
    }
    // Of what is missing now, a picture said nothing: it is opaque.
    image.resize(extents.elements(), u8::MAX);
    Ok(image)
}

/// Halved, resized, cropped.
fn fit(mut plane: Plane, (width, height): (usize, usize)) -> Result<Plane, Fault> {
    while plane.width >= 2 * width && plane.height >= 2 * height {
        let half = (plane.width / 2, plane.height / 2);
        plane = plane.resized(Filter::Box, half, (0..half.0, 0..half.1))?;
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
