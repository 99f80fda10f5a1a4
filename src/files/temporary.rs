//! The temporary file beside the one that it is to become.
//!
//! `.NAME.tmp` belongs to whoever holds its lock, which the system lets go of with its holder: so a writer
//! takes over what a killed one has left, and passes by what a living one writes, to `.NAME.1.tmp` and on.
//! Where it cannot be told which file has a name ([`kind::TELLS`]), what a killed one has left is passed by
//! too: it may have become the finished file since it was opened.

use std::ffi::OsString;
use std::format;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::{faults, kind};
use crate::diffusion::fingerprint::Fingerprint;

/// Writers of one file at a time.
const MOST: u32 = 64;
/// Bytes of a name that leave room for what is put around it.
const LONGEST: usize = 200;

/// The temporary file; removed where it has not become the other.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Temporary {
    /// An empty file that is this writer's alone.
    pub(super) fn beside(path: &Path) -> Result<Self, FileError> {
        let failed = FileError::of("writing", path);
        let found = (0..MOST).find_map(|slot| Self::take(name(path, slot)).transpose());
        match found {
            Some(Ok(temporary)) => {
                remove_left(path);
                Ok(temporary)
            }
            Some(Err(error)) => Err(failed(error)),
            None => Err(failed(io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{MOST} others are writing it, or names like theirs are in the way"),
            ))),
        }
    }

    /// The file of this name, if nobody else has it.
    fn take(path: PathBuf) -> io::Result<Option<Self>> {
        faults::point()?;
        let new = OpenOptions::new().write(true).create_new(true).open(&path);
        let (file, is_new) = match new {
            Ok(file) => (file, true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A folder, a link, a pipe, another user's: not one of ours.
                if !kind::TELLS || !path.symlink_metadata().is_ok_and(|about| about.is_file()) {
                    return Ok(None);
                }
                match OpenOptions::new().write(true).open(&path) {
                    Ok(file) => (file, false),
                    Err(_) => return Ok(None),
                }
            }
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            // Where files have no locks, a name that was not there is lock enough.
            Err(TryLockError::Error(_)) if is_new => {}
            Err(_) => return Ok(None),
        }
        // Between the opening and the lock its last owner may have renamed it.
        if !kind::is_at(&file, &path) {
            return Ok(None);
        }
        let taken = Self {
            path,
            file,
            kept: false,
        };
        taken.file.set_len(0)?;
        Ok(Some(taken))
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Gives it the place of the other.
    pub(super) fn become_file(mut self, place: &Path) -> io::Result<()> {
        faults::point()?;
        self.file.sync_all()?;
        faults::point()?;
        fs::rename(&self.path, place)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // What matters is why it was not kept; the next writer takes it over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes what killed writers have left beside a file, and nothing that one is writing.
pub(super) fn remove_left(path: &Path) {
    for slot in 0..MOST {
        let name = name(path, slot);
        // Taken and let go of; nothing where another writes it, or it is not ours.
        if name.symlink_metadata().is_ok() {
            drop(Temporary::take(name));
        }
    }
}

fn name(path: &Path, slot: u32) -> PathBuf {
    let mut hidden = OsString::from(".");
    match path.file_name() {
        Some(name) if name.len() <= LONGEST => hidden.push(name),
        long => {
            let mut digest = Fingerprint::new();
            // Absent: nothing is added.
            digest.add_bytes(long.unwrap_or_default().as_encoded_bytes());
            hidden.push(format!("{:016x}", digest.finish()));
        }
    }
    match slot {
        0 => hidden.push(".tmp"),
        slot => hidden.push(format!(".{slot}.tmp")),
    }
    path.with_file_name(hidden)
}
