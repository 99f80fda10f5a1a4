//! The decoding of a picture's bytes into planes, upright.

use std::format;
use std::io::{Cursor, ErrorKind};
use std::string::ToString;
use std::vec::Vec;

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::contents::{Contents, HEAD};
use super::fault::Fault;
use super::plane::Plane;
use super::whole;
use crate::memory::reserve;

/// Most bytes of a picture, both packed and not.
pub(super) const MAX_BYTES: u64 = 1 << 29;

/// Most bytes that a decoder takes before the picture's sides are known, or where they are small.
const AHEAD: u64 = 1 << 26;

/// Most bytes that it takes for one of the picture.
const BESIDE: u64 = 3;

/// The channels of a picture: one where it is grey, as it must be where one is asked for, else three.
///
/// # Errors
/// [`Fault::Undecodable`], [`Fault::Colour`], [`Fault::Memory`].
pub(super) fn planes(bytes: &[u8], channels: usize) -> Result<Vec<Plane>, Fault> {
    let (raw, orientation) = raw(bytes)?;
    let planes = raw.planes(channels)?;
    let upright = planes.into_iter().map(|plane| plane.upright(orientation));
    upright.collect()
}

/// A picture as it is stored, and how the camera was held.
fn raw(bytes: &[u8]) -> Result<(Raw, Orientation), Fault> {
    let kind = kind(bytes)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(AHEAD);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(broken)?;
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

/// A picture as a decoder gives it: the channels of a pixel beside each other, of 8 or 16 bits.
struct Raw {
    color: ColorType,
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Raw {
    fn planes(&self, channels: usize) -> Result<Vec<Plane>, Fault> {
        let all = match (self.color.has_color(), channels) {
            (false, _) => 1,
            (true, 1) => {
                self.check_grey()?;
                1
            }
            (true, _) => 3,
        };
        (0..all).map(|channel| self.plane(channel)).collect()
    }

    /// A channel, of 16 bits a value the upper 8: of a picture with 8 bits they are the value.
    fn plane(&self, channel: usize) -> Result<Plane, Fault> {
        let mut pixels = Vec::new();
        reserve(&mut pixels, (self.width * self.height) as u64)?;
        let channels = usize::from(self.color.channel_count());
        if self.is_wide() {
            let (values, _) = self.bytes.as_chunks();
            let upper = |&value: &[u8; 2]| (u16::from_ne_bytes(value) >> 8) as u8;
            pixels.extend(values.iter().skip(channel).step_by(channels).map(upper));
        } else {
            pixels.extend(self.bytes.iter().skip(channel).step_by(channels));
        }
        Ok(Plane {
            width: self.width,
            height: self.height,
            pixels,
        })
    }

    /// A picture of three channels that are the same everywhere is grey.
    fn check_grey(&self) -> Result<(), Fault> {
        let bytes = if self.is_wide() { 2 } else { 1 };
        let is_coloured = |pixel: &[u8]| {
            let mut values = pixel.chunks_exact(bytes).take(3);
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let pixel = usize::from(self.color.bytes_per_pixel());
        let mut pixels = self.bytes.chunks_exact(pixel);
        match pixels.position(is_coloured) {
            None => Ok(()),
            Some(at) => Err(Fault::Colour {
                x: (at % self.width) as u32,
                y: (at / self.width) as u32,
            }),
        }
    }

    fn is_wide(&self) -> bool {
        self.color.bytes_per_pixel() > self.color.channel_count()
    }
}
