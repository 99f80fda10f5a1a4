//! Pictures as PNG files.

use std::path::{Path, PathBuf};

use iddpm::files::write_whole;
use image::{DynamicImage, ImageFormat};

use super::program::Failure;

/// The path of a picture; a name that says something else than PNG is refused.
pub(crate) fn path(path: PathBuf) -> Result<PathBuf, String> {
    let suffix = path.extension().unwrap_or_default();
    match suffix.eq_ignore_ascii_case("png") {
        true => Ok(path),
        false => Err("a picture is a PNG, whose name ends in .png".into()),
    }
}

pub(crate) fn write(path: &Path, picture: &DynamicImage) -> Result<(), Failure> {
    write_whole(path, |file| Ok(picture.write_to(file, ImageFormat::Png)?))
}
