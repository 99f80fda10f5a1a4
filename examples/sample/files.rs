//! Where results go.

use std::io;
use std::path::{Path, PathBuf};

use iddpm::checkpoint::Description;
use iddpm::files::{FileError, FreshFolder, Place, Writer, is_folder_name};
use image::{DynamicImage, ImageFormat};

use super::pictures::{MOMENTS, columns};
use super::places::{named, tried};
use super::program::Failure;
use super::sheet::{cell, most_of_sheet};

/// Bytes of images, and of predictions, that are kept.
const MOST_BYTES: usize = 1 << 32;

/// What a GIF's 16 bits hold, but for a sheet's outermost gap.
const MOST_GIF_SIDE: usize = u16::MAX as usize - 2;

/// Where the images go.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    /// All in one picture.
    Grid(PathBuf),
    /// An archive of arrays.
    Archive(PathBuf),
    /// A picture each, in a folder.
    Folder(PathBuf),
}

/// Where the predictions along the way go.
#[derive(Debug, Clone)]
pub(crate) enum Trajectory {
    /// A row of moments for each image.
    Strip(PathBuf),
    /// A frame for each step.
    Animation(PathBuf),
}

impl Out {
    pub(crate) fn parse(path: PathBuf) -> Result<Self, String> {
        if path.as_os_str() == "-" {
            return Ok(Self::Grid(path));
        }
        if is_folder_name(&path) {
            // Without what it ends in: a file of that name is looked for too.
            return Ok(Self::Folder(path.components().collect()));
        }
        match suffix(&path).as_str() {
            "png" => Ok(Self::Grid(path)),
            "npz" => Ok(Self::Archive(path)),
            "" if [".png", ".npz"].iter().any(|kind| path.ends_with(kind)) => {
                Err(format!("{} is a suffix without a name", path.display()))
            }
            "" => Ok(Self::Folder(path)),
            other => Err(format!(
                ".{other} is neither .png nor .npz; a folder is written with a slash at its end: {}/",
                path.display()
            )),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Grid(path) | Self::Archive(path) | Self::Folder(path) => path,
        }
    }

    pub(crate) fn is_stdout(&self) -> bool {
        self.path().as_os_str() == "-"
    }

    /// The most images that are kept for it until all are done; none are for a folder.
    pub(crate) fn most(&self, description: &Description) -> Option<usize> {
        let (width, height) = (description.size.width, description.size.height);
        match self {
            Self::Grid(_) => Some(most_of_sheet(width, height)),
            Self::Archive(_) => Some(MOST_BYTES / elements(description)),
            Self::Folder(_) => None,
        }
    }

    /// Fails where it could not be written, before anything has been spent on it.
    fn check(&self) -> Result<(), Failure> {
        let Self::Folder(path) = self else {
            return tried("--out", self.path()).map(drop);
        };
        FreshFolder::check(path).map_err(|error| named("--out", path, &error.error))?;
        match path.parent() {
            Some(parent) if parent != Path::new("") && !parent.is_dir() => {
                let why = format!("there is no folder {}", parent.display());
                Err(named("--out", path, why))
            }
            _ => Ok(()),
        }
    }
}

impl Trajectory {
    pub(crate) fn parse(path: PathBuf) -> Result<Self, String> {
        match suffix(&path).as_str() {
            "png" => Ok(Self::Strip(path)),
            "gif" => Ok(Self::Animation(path)),
            _ => Err("neither .png nor .gif".into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Strip(path) | Self::Animation(path) => path,
        }
    }

    /// The most images of which as many predictions are kept and drawn.
    pub(crate) fn most(&self, description: &Description, predictions: usize) -> usize {
        let (width, height) = (description.size.width, description.size.height);
        let numbers = elements(description).saturating_mul(predictions);
        let kept = MOST_BYTES / numbers.saturating_mul(size_of::<f32>());
        let drawn = most_of_sheet(width, height);
        kept.min(match self {
            Self::Strip(_) => drawn / MOMENTS,
            Self::Animation(_) => {
                let rows = MOST_GIF_SIDE / cell(width, height).1;
                drawn.min(rows * columns(description))
            }
        })
    }
}

/// Fails where something could not be written, or would be written over what is read or written already.
pub(crate) fn check(
    out: &Out,
    trajectory: Option<&Trajectory>,
    inputs: &[(&str, &Path)],
) -> Result<(), Failure> {
    out.check()?;
    check_input("--out", out.path(), inputs)?;
    let Some(trajectory) = trajectory else {
        return Ok(());
    };
    let path = trajectory.path();
    let place = tried("--trajectory", path)?;
    check_input("--trajectory", path, inputs)?;
    let refused = |why| Err(named("--trajectory", path, why));
    match (out, place) {
        (Out::Folder(folder), Place::File(file)) => {
            let folder = folder.canonicalize();
            match folder.is_ok_and(|folder| file.starts_with(folder)) {
                true => refused("in this folder the images go"),
                false => Ok(()),
            }
        }
        (Out::Grid(images) | Out::Archive(images), place) if Place::of(images)? == place => {
            refused("there the images go")
        }
        _ => Ok(()),
    }
}

/// Fails where this is a file that is read.
fn check_input(option: &str, path: &Path, inputs: &[(&str, &Path)]) -> Result<(), Failure> {
    let Ok(Place::File(file)) = Place::of(path) else {
        return Ok(());
    };
    for (input, read) in inputs {
        if read.canonicalize().is_ok_and(|read| read == file) {
            return Err(named(option, path, format!("this is what {input} reads")));
        }
    }
    Ok(())
}

/// Writes a result. A reader of the standard output that is gone has seen what it wanted.
pub(crate) fn put(
    path: &Path,
    write: impl FnOnce(&mut Writer) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let place = Place::of(path)?;
    let gone = |error: &Failure| {
        let error = error.downcast_ref::<FileError>();
        error.is_some_and(|error| error.error.kind() == io::ErrorKind::BrokenPipe)
    };
    match place.write(write) {
        Err(error) if place == Place::Stdout && gone(&error) => Ok(()),
        written => written,
    }
}

pub(crate) fn put_png(path: &Path, picture: &DynamicImage) -> Result<(), Failure> {
    put(path, |file| Ok(picture.write_to(file, ImageFormat::Png)?))
}

/// What a name ends in behind its last dot, in lower case.
fn suffix(path: &Path) -> String {
    let suffix = path.extension().unwrap_or_default();
    suffix.to_string_lossy().to_lowercase()
}

/// Numbers of an image.
fn elements(description: &Description) -> usize {
    let size = description.size;
    let pixels = size.width.saturating_mul(size.height);
    pixels.saturating_mul(description.unet.in_channels).max(1)
}
