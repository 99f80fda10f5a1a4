//! Which pictures a folder holds, and the class each one's name tells.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

use walkdir::{DirEntry, WalkDir};

use super::error::{DataError, Fault};

/// The pictures of a folder and of all folders within it, in the order of the public implementation:
/// the entries of a folder sorted by name, files and folders mixed, each folder walked in its place.
///
/// A picture is a file whose name ends in `.png`, `.jpg`, `.jpeg` or `.gif`, in upper or lower case; a
/// file name's class is what stands before its first `_`, and the classes are numbered in their sorted
/// order. Links are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    files: Vec<PathBuf>,
    labels: Vec<u32>,
    classes: Vec<String>,
}

impl Listing {
    /// Walks the folder.
    ///
    /// # Errors
    /// [`DataError::EmptyFolder`]; [`DataError::File`] naming the folder or entry that cannot be read, or
    /// a link that leads back to a folder it is in.
    pub fn of(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(folder).to_path_buf();
                let reason = error.to_string();
                DataError::file(path)(Fault::Io { reason })
            })?;
            if is_picture(&entry) {
                files.push(entry.into_path());
            }
        }
        if files.is_empty() {
            let path = folder.to_path_buf();
            return Err(DataError::EmptyFolder { path });
        }
        let names: BTreeSet<String> = files.iter().map(|file| class(file)).collect();
        let classes: Vec<String> = names.into_iter().collect();
        // Every file's class is among the classes.
        let place = |file: &PathBuf| classes.binary_search(&class(file)).unwrap_or_else(|at| at);
        let labels = files.iter().map(|file| place(file) as u32).collect();
        Ok(Self {
            files,
            labels,
            classes,
        })
    }

    /// The pictures; there is at least one.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The class of each picture, a place in [`classes`](Self::classes).
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The names of the classes, sorted.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }
}

fn is_picture(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    // A name that is an extension alone, `.png`, counts, as it does in the public implementation.
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let known = |extension: &str| {
        let extension = extension.to_lowercase();
        matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "gif")
    };
    entry.file_type().is_file() && extension.is_some_and(known)
}

fn class(file: &Path) -> String {
    let name = file
        .file_name()
        .map(OsStr::to_string_lossy)
        .unwrap_or_default();
    let before = name.split('_').next();
    before.unwrap_or_default().to_string()
}
