//! A folder for the files of one run.

use std::format;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::folder::{FolderLock, LOCK, create_folder, no_folder, remove_empty_folder, remove_file};

/// A folder that was new or empty when it was taken, and into which nobody else writes as this one does.
///
/// What had been in it before would be taken for what this run makes.
#[derive(Debug)]
pub struct FreshFolder {
    path: PathBuf,
    lock: Option<FolderLock>,
    /// Whether it was made for this run.
    is_new: bool,
}

impl FreshFolder {
    /// Makes a folder, and those it lies in, where it is not there; and takes it.
    ///
    /// # Errors
    /// [`FileError`] where it is a file, holds something, cannot be written to, or another has it.
    pub fn take(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Self::check(path)?;
        let is_new = !path.exists();
        let taken = Self::hold(path, is_new);
        if taken.is_err() && is_new {
            // Only an empty one goes.
            let _ = remove_empty_folder(path);
        }
        taken
    }

    fn hold(path: &Path, is_new: bool) -> Result<Self, FileError> {
        create_folder(path)?;
        let lock = match FolderLock::take(path) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => {
                let why = "another process writes into this folder";
                return Err(FileError::refused(path, io::ErrorKind::ResourceBusy, why));
            }
            // Such a file system has no locks: it is empty all the same.
            Err(error) if error.error.kind() == io::ErrorKind::Unsupported => None,
            Err(error) => return Err(error),
        };
        let taken = Self {
            path: path.into(),
            lock,
            is_new,
        };
        // Another may have been faster, and be done.
        Self::check(path).map(|()| taken)
    }

    /// Checks whether a folder could be taken, by what is there now; makes nothing.
    ///
    /// # Errors
    /// [`FileError`] where it is a file, or holds something.
    pub fn check(path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let failed = FileError::of("writing", path);
        match fs::metadata(path) {
            Ok(about) if !about.is_dir() => Err(no_folder(path)),
            Ok(_) => is_empty(path).map_err(failed),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            Err(error) if path.is_symlink() => {
                let why = "this link leads nowhere";
                Err(FileError::refused(path, error.kind(), why))
            }
            Err(_) => Ok(()),
        }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FreshFolder {
    fn drop(&mut self) {
        match self.lock.take() {
            Some(lock) => lock.remove(),
            // Where there are no locks, their file is there all the same.
            None => drop(remove_file(self.path.join(LOCK))),
        }
        // Only an empty one goes: a run that made nothing leaves nothing.
        if self.is_new {
            let _ = remove_empty_folder(&self.path);
        }
    }
}

/// An error that names what is in a folder; what the lock of a killed writer has left does not count.
fn is_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != LOCK {
            let name = Path::new(&name).display();
            return Err(io::Error::new(
                io::ErrorKind::DirectoryNotEmpty,
                format!("this folder is not empty, {name} is in it: a new or empty one is needed"),
            ));
        }
    }
    Ok(())
}
