//! The decoding of a picture's bytes into planes, upright.

use std::format;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Seek};
use std::path::Path;
use std::string::ToString;
use std::vec::Vec;

use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::alpha::Alpha;
use super::contents::{Contents, HEAD};
use super::fault::Fault;
use super::file;
use super::raw::{Planes, Raw};
use super::whole;
use crate::memory::reserve;

/// Most bytes of a picture, both packed and not.
pub(super) const MAX_BYTES: u64 = 1 << 29;

/// Most bytes that a decoder takes before the picture's sides are known, or where they are small.
const AHEAD: u64 = 1 << 26;

/// Most bytes that it takes for one of the picture.
const BESIDE: u64 = 3;

/// The channels of a picture, upright, for images of so many.
///
/// # Errors
/// [`Fault::Undecodable`], [`Fault::Colour`], [`Fault::Memory`].
pub(super) fn planes(bytes: &[u8], channels: usize, alpha: Alpha) -> Result<Planes, Fault> {
    let (raw, orientation) = raw(bytes)?;
    raw.planes(channels, alpha)?
        .each(|plane| plane.upright(orientation))
}

/// Whether any pixel of a picture in a file is not opaque. Most files say at their beginning that none is, and are read
/// no further.
///
/// # Errors
/// Those of [`planes`] and of [`file::read`].
pub(super) fn is_transparent(path: &Path) -> Result<bool, Fault> {
    let kind = kind(&file::head(path)?)?;
    // A JPEG has no alpha, and its decoder reads all of it before it says so.
    if kind == ImageFormat::Jpeg {
        return Ok(false);
    }
    let (file, _) = file::open(path)?;
    let (decoder, _) = decoder(BufReader::new(file), kind)?;
    if !decoder.color_type().has_alpha() {
        return Ok(false);
    }
    let (raw, _) = raw(&file::read(path, MAX_BYTES)?)?;
    Ok(raw.is_transparent())
}

/// The fewer of a picture's rows and columns, by the beginning of its file.
///
/// # Errors
/// Those of [`planes`] and of [`file::open`].
pub(super) fn smaller_side(path: &Path) -> Result<usize, Fault> {
    let kind = kind(&file::head(path)?)?;
    let (file, _) = file::open(path)?;
    let (decoder, _) = decoder(BufReader::new(file), kind)?;
    let (width, height) = decoder.dimensions();
    Ok(width.min(height) as usize)
}

/// What decodes a picture, and what it is bound by.
fn decoder<'a, R: BufRead + Seek + 'a>(
    reader: R,
    kind: ImageFormat,
) -> Result<(impl ImageDecoder + 'a, Limits), Fault> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(AHEAD);
    let mut reader = ImageReader::with_format(reader, kind);
    reader.limits(limits.clone());
    Ok((reader.into_decoder().map_err(broken)?, limits))
}

/// A picture as it is stored, and how the camera was held.
fn raw(bytes: &[u8]) -> Result<(Raw, Orientation), Fault> {
    let kind = kind(bytes)?;
    let (mut decoder, mut limits) = decoder(Cursor::new(bytes), kind)?;
    let (width, height) = decoder.dimensions();
    let (color, total) = (decoder.color_type(), decoder.total_bytes());
    if width == 0 || height == 0 {
        return Err(undecodable("it has no pixels"));
    }
    if total > MAX_BYTES {
        let reason = format!(
            "its {width}x{height} pixels take {total} bytes, and at most {MAX_BYTES} are read"
        );
        return Err(undecodable(reason));
    }
    whole::check(kind, bytes)?;
    let orientation = match kind {
        ImageFormat::Png => orientation(whole::exif(bytes)),
        _ => orientation(decoder.exif_metadata().map_err(broken)?.as_deref()),
    };
    // Decoders do not ask whether there is room.
    let beside = AHEAD.max(total * BESIDE);
    reserve(&mut Vec::<u8>::new(), total + beside)?;
    limits.max_alloc = Some(beside);
    decoder.set_limits(limits).map_err(broken)?;
    let mut raw = Vec::new();
    reserve(&mut raw, total)?;
    raw.resize(total as usize, 0);
    decoder.read_image(&mut raw).map_err(broken)?;
    let raw = Raw {
        color,
        width: width as usize,
        height: height as usize,
        bytes: raw,
    };
    Ok((raw, orientation))
}

/// What a decoder says, without its own words for what a file has inside.
fn broken(error: ImageError) -> Fault {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            undecodable("it ends too early")
        }
        ImageError::Limits(_) => undecodable("its pixels take more memory than its head says"),
        ImageError::Unsupported(_) => undecodable("it is of a kind that is not read"),
        _ => undecodable("it begins as a picture, but is broken"),
    }
}

fn undecodable(reason: impl ToString) -> Fault {
    let reason = reason.to_string();
    Fault::Undecodable { reason }
}

/// Of a picture, by its first bytes.
fn kind(bytes: &[u8]) -> Result<ImageFormat, Fault> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    match (Contents::of(head), head) {
        (Some(Contents::Picture(kind)), _) => Ok(kind),
        (Some(Contents::Other(what)), _) => Err(undecodable(format!("it is {what}"))),
        (Some(Contents::Zip), _) => Err(undecodable("it is a zip archive")),
        (None, []) => Err(undecodable("it is empty")),
        (None, _) => Err(undecodable(
            "it does not begin as a PNG, JPEG, GIF, WebP or BMP",
        )),
    }
}

/// How the camera was held, where it is said.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    // In a JPEG it stands behind a name, which some writers keep elsewhere too.
    let exif = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    let found = exif.and_then(Orientation::from_exif_chunk);
    found.unwrap_or(Orientation::NoTransforms)
}
