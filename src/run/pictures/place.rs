//! Where images go, as a path says it.

use std::format;
use std::io;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::sync::Arc;

use crate::files::{FileError, is_folder_name};
use crate::run::model::Look;

/// A place for images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AlbumPlace {
    /// All in one picture.
    Grid(PathBuf),
    /// A frame each.
    Animation(PathBuf),
    /// An archive of arrays.
    Archive(PathBuf),
    /// A picture each, in a folder.
    Folder(PathBuf),
}

impl AlbumPlace {
    pub(super) fn of(path: &Path) -> Result<Self, FileError> {
        if path == Path::new("") {
            return Err(refused(path, "no path at all"));
        }
        if path == Path::new("-") {
            return Ok(Self::Grid(path.into()));
        }
        if is_folder_name(path) {
            // Without what it ends in: a file of that name is looked for too.
            return Ok(Self::Folder(path.components().collect()));
        }
        let kinds = [".png", ".gif", ".npz"];
        match suffix(path).as_str() {
            "png" => Ok(Self::Grid(path.into())),
            "gif" => Ok(Self::Animation(path.into())),
            "npz" => Ok(Self::Archive(path.into())),
            "" if kinds.iter().any(|kind| path.ends_with(kind)) => {
                Err(refused(path, "a suffix without a name"))
            }
            "" => Ok(Self::Folder(path.into())),
            other => {
                let path_shown = path.display();
                let why = format!(
                    ".{other} is none of .png, .gif and .npz; a folder is written with a slash at its end: {path_shown}/"
                );
                Err(refused(path, why))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Grid(path) | Self::Animation(path) | Self::Archive(path) | Self::Folder(path) => {
                path
            }
        }
    }
}

/// What a path ends in behind its last dot, in lower case.
pub(super) fn suffix(path: &Path) -> String {
    let suffix = path.extension().unwrap_or_default();
    suffix.to_string_lossy().to_lowercase()
}

/// Refuses images that are not as those of the others at a place: of another size, or of other classes.
pub(super) fn check_look(path: &Path, found: &Arc<Look>, due: &Arc<Look>) -> Result<(), FileError> {
    if Arc::ptr_eq(found, due) || found == due {
        return Ok(());
    }
    let shown = |look: &Look| match found.image == due.image {
        true => look.classes_shown(),
        false => look.image.to_string(),
    };
    let (found, due) = (shown(found), shown(due));
    let why = format!("an image of {found}, among those of {due}");
    Err(refused(path, why))
}

/// A path that cannot be written to, whether that is known of its name or from the system.
pub(super) fn refused(path: &Path, why: impl ToString) -> FileError {
    let why = io::Error::new(io::ErrorKind::InvalidInput, why.to_string());
    FileError::of("writing", path)(why)
}
