//! Pictures on their way into files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::string::ToString;
use std::vec::Vec;

use image::error::EncodingError;
use image::{DynamicImage, ImageError, ImageFormat, Rgba};
use zip::result::ZipError;

use crate::Error;
use crate::files::{FileError, Place, Writer};

/// Writes a result. A reader of the standard output that is gone has seen what it wanted.
pub(super) fn put(
    path: &Path,
    write: impl FnOnce(&mut Writer) -> Result<(), Error>,
) -> Result<(), Error> {
    let place = Place::of(path)?;
    match place.write(write) {
        Err(Error::File(FileError { error, .. }))
            if place == Place::Stdout && error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(())
        }
        written => written,
    }
}

/// Writes a picture into a file of its own.
pub(super) fn put_png(path: &Path, picture: &DynamicImage, is_indexed: bool) -> Result<(), Error> {
    put(path, |file| {
        let written = write_png(file, picture, is_indexed);
        written.map_err(|error| of_picture(path, error))
    })
}

/// Writes a picture; one of a palette's colours with the list of those, where there are at most 256.
pub(super) fn write_png(
    to: &mut (impl Write + Seek),
    picture: &DynamicImage,
    is_indexed: bool,
) -> Result<(), ImageError> {
    if is_indexed && let Some(indexed) = Indexed::of(picture) {
        return indexed.write(to).map_err(|error| match error {
            png::EncodingError::IoError(error) => ImageError::IoError(error),
            error => ImageError::Encoding(EncodingError::new(ImageFormat::Png.into(), error)),
        });
    }
    picture.write_to(to, ImageFormat::Png)
}

/// A picture as a list of colours, and the place in it of each pixel's.
struct Indexed {
    size: (u32, u32),
    colours: Vec<[u8; 4]>,
    pixels: Vec<u8>,
}

impl Indexed {
    /// `None` for more colours than a byte counts.
    fn of(picture: &DynamicImage) -> Option<Self> {
        let picture = picture.to_rgba8();
        // The transparent ones first, so that few need to be told of.
        let all: BTreeSet<[u8; 4]> = picture.pixels().map(|&Rgba(colour)| colour).collect();
        let mut colours: Vec<_> = all.into_iter().collect();
        colours.sort_by_key(|&[.., alpha]| alpha);
        let places = colours.iter().zip(0_u32..);
        let places: BTreeMap<_, _> = places.map(|(&colour, at)| (colour, at)).collect();
        let place = |&Rgba(colour): &Rgba<u8>| u8::try_from(*places.get(&colour)?).ok();
        Some(Self {
            size: picture.dimensions(),
            pixels: picture.pixels().map(place).collect::<Option<_>>()?,
            colours,
        })
    }

    fn write(&self, to: &mut impl Write) -> Result<(), png::EncodingError> {
        let (width, height) = self.size;
        let mut encoder = png::Encoder::new(to, width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        let colours = self.colours.iter();
        encoder.set_palette(
            colours
                .clone()
                .flat_map(|&[r, g, b, _]| [r, g, b])
                .collect::<Vec<_>>(),
        );
        let alphas = colours
            .map(|&[.., alpha]| alpha)
            .filter(|&alpha| alpha < 255);
        let alphas: Vec<u8> = alphas.collect();
        if !alphas.is_empty() {
            encoder.set_trns(alphas);
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()
    }
}

/// What a picture's encoder says; where it could not write, the writer tells that itself.
pub(super) fn of_picture(path: &Path, error: ImageError) -> Error {
    match error {
        ImageError::IoError(error) => FileError::of("writing", path)(error).into(),
        error => encoding(path, &error),
    }
}

pub(super) fn of_archive(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => FileError::of("writing", path)(error).into(),
        error => encoding(path, &error),
    }
}

fn encoding(path: &Path, why: &dyn core::error::Error) -> Error {
    super::place::refused(path, why.to_string()).into()
}
