//! Where results go.

use std::path::{Path, PathBuf};

use iddpm::checkpoint::Description;

use super::picture::{MOMENTS, columns};
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
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        if text.is_empty() {
            return Err("no name".into());
        }
        if text.ends_with(std::path::is_separator) {
            // Without what it ends in: a file of that name is looked for too.
            return Ok(Self::Folder(path.components().collect()));
        }
        match extension(&path) {
            Some("png") => Ok(Self::Grid(path)),
            Some("npz") => Ok(Self::Archive(path)),
            None => Ok(Self::Folder(path)),
            Some(other) => Err(format!(".{other} is none of .png, .npz, a folder")),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Grid(path) | Self::Archive(path) | Self::Folder(path) => path,
        }
    }

    /// The most images that are kept for it until all are done.
    pub(crate) fn most(&self, description: &Description) -> usize {
        let (width, height) = (description.size.width, description.size.height);
        match self {
            Self::Grid(_) => most_of_sheet(width, height),
            Self::Archive(_) | Self::Folder(_) => {
                MOST_BYTES / (width * height * description.unet.in_channels)
            }
        }
    }

    /// Fails where it could not be written, before anything has been spent on it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Grid(path) | Self::Archive(path) => check_file(path),
            Self::Folder(path) if path.exists() && !path.is_dir() => {
                Err(format!("{}: is a file, not a folder", path.display()).into())
            }
            Self::Folder(path) => check_parent(path),
        }
    }
}

impl Trajectory {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match extension(&path) {
            Some("png") => Ok(Self::Strip(path)),
            Some("gif") => Ok(Self::Animation(path)),
            _ => Err("neither .png nor .gif".into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Strip(path) | Self::Animation(path) => path,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        check_file(self.path())
    }

    /// The most images of which as many predictions are kept and drawn.
    pub(crate) fn most(&self, description: &Description, predictions: usize) -> usize {
        let (width, height) = (description.size.width, description.size.height);
        let numbers = width * height * description.unet.in_channels * predictions;
        let kept = MOST_BYTES / (size_of::<f32>() * numbers);
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

/// Whether two paths, in folders that are there, are one, however they are spelled.
pub(crate) fn same(one: &Path, other: &Path) -> bool {
    place(one).is_some_and(|one| Some(one) == place(other))
}

fn place(path: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(path).ok()?.parent()?.canonicalize();
    Some(folder.ok()?.join(path.file_name()?))
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

fn check_file(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(format!("{}: is a folder, not a file", path.display()).into());
    }
    check_parent(path)
}

fn check_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) if folder != Path::new("") && !folder.is_dir() => {
            Err(format!("{}: there is no such folder", folder.display()).into())
        }
        _ => Ok(()),
    }
}
