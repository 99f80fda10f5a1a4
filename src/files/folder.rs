//! Folders: made, moved, removed, synced, and held by one writer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::vec::Vec;

use super::error::FileError;
use super::{faults, kind};

/// The file in a folder that its writer holds.
pub(super) const LOCK: &str = ".lock";
/// Times that the file of a lock may be removed by its holder while the lock is taken.
const MOST_REMOVALS: usize = 100;

/// Makes a folder, and those it lies in, where they are not there.
///
/// # Errors
/// [`FileError`].
pub fn create_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    faults::point()
        .and_then(|()| fs::create_dir_all(path))
        .map_err(|error| match error.kind() {
            // `create_dir_all` takes a folder that is there.
            io::ErrorKind::AlreadyExists => no_folder(path),
            _ => FileError::of("making the folder", path)(error),
        })
}

/// What stands where a folder should.
pub(super) fn no_folder(path: &Path) -> FileError {
    let why = match path.is_file() {
        true => "this is a file, not a folder",
        false => "this is no folder",
    };
    FileError::refused(path, io::ErrorKind::NotADirectory, why)
}

/// Gives a file or a folder another name in the same folder; what had it is replaced, where it is a file or
/// an empty folder.
///
/// # Errors
/// [`FileError`].
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), FileError> {
    let to = to.as_ref();
    faults::point()
        .and_then(|()| fs::rename(from, to))
        .map_err(FileError::of("renaming to", to))
}

/// Removes a folder and all that is in it.
///
/// # Errors
/// [`FileError`]; not where there is no such folder.
pub fn remove_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    gone(faults::point().and_then(|()| fs::remove_dir_all(path)))
        .map_err(FileError::of("removing", path))
}

/// Removes a file.
///
/// # Errors
/// [`FileError`]; not where there is no such file.
pub fn remove_file(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    gone(faults::point().and_then(|()| fs::remove_file(path)))
        .map_err(FileError::of("removing", path))
}

/// Removes a folder in which nothing is.
///
/// # Errors
/// [`FileError`], as where something is in it; not where there is no such folder.
pub fn remove_empty_folder(path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    gone(faults::point().and_then(|()| fs::remove_dir(path)))
        .map_err(FileError::of("removing", path))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes new names of a folder survive a loss of power; where a folder cannot be opened as a file, the system
/// does that itself.
///
/// # Errors
/// [`FileError`].
pub fn sync_folder(folder: impl AsRef<Path>) -> Result<(), FileError> {
    let folder = folder.as_ref();
    let sync = || match File::open(folder) {
        Ok(open) => {
            faults::point()?;
            open.sync_all()
        }
        Err(_) => Ok(()),
    };
    sync().map_err(FileError::of("syncing the folder", folder))
}

/// The right to write in a folder, which one holder has at a time, in this process or another.
///
/// It ends when it is dropped, and with its process, however that ends: the system lets go of the lock of the
/// file `.lock` in the folder, which stays there.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct FolderLock {
    held: Arc<Held>,
}

/// The file of a lock.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    file: File,
}

/// The locks of this process, so that whoever is refused one learns whose it is: the system does not tell.
static OURS: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());

fn ours() -> MutexGuard<'static, Vec<Weak<Held>>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FolderLock {
    /// Takes the right to write in a folder, or `None` where another has it.
    ///
    /// # Errors
    /// [`FileError`] where the folder cannot be written to, or its file system knows no locks.
    pub fn take(folder: impl AsRef<Path>) -> Result<Option<Self>, FileError> {
        let path = folder.as_ref().join(LOCK);
        for _ in 0..MOST_REMOVALS {
            let file = faults::point().and_then(|()| {
                // Neither read nor changed: what counts is who holds it.
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(false).open(&path)
            });
            let file = file.map_err(FileError::of("locking", &path))?;
            match file.try_lock() {
                Ok(()) if kind::is_at(&file, &path) => {
                    let held = Arc::new(Held { path, file });
                    let mut ours = ours();
                    ours.retain(|held| held.strong_count() > 0);
                    ours.push(Arc::downgrade(&held));
                    return Ok(Some(Self { held }));
                }
                // Its last holder has removed it in between.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Err(FileError::of("locking", &path)(error));
                }
            }
        }
        let why = "it is removed as often as it is made";
        let error = io::Error::new(io::ErrorKind::ResourceBusy, why);
        Err(FileError::of("locking", &path)(error))
    }

    /// Whether the folder is still where it was: one that was moved or removed in the meantime is not, and
    /// another may have been made in its place.
    pub fn is_in_place(&self) -> bool {
        kind::is_at(&self.held.file, &self.held.path)
    }

    /// Whether it is this process that has the right to write in a folder. Where it cannot be told which file has a
    /// name, as on systems that are not like Unix, it goes by the path that was given when it was taken.
    pub fn is_held_here(folder: impl AsRef<Path>) -> bool {
        let path = folder.as_ref().join(LOCK);
        let is_there =
            |held: Arc<Held>| (kind::TELLS || held.path == path) && kind::is_at(&held.file, &path);
        ours().iter().filter_map(Weak::upgrade).any(is_there)
    }

    /// Gives the right back, and removes the file `.lock` too, where that can be.
    pub fn remove(self) {
        let _ = remove_file(&self.held.path);
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // At once, though a process that is just being begun may still hold a copy of the open file.
        let _ = self.held.file.unlock();
    }
}
