//! Pictures on their way into files.

use std::io;
use std::path::Path;
use std::string::ToString;

use image::{DynamicImage, ImageError, ImageFormat};
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

pub(super) fn put_png(path: &Path, picture: &DynamicImage) -> Result<(), Error> {
    put(path, |file| {
        let written = picture.write_to(file, ImageFormat::Png);
        written.map_err(|error| of_picture(path, error))
    })
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
