//! Files as they are read: regular ones alone.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What a path leads to, for who wants to read it.
pub(crate) enum Opened {
    /// A regular file, and its length.
    File(File, u64),
    /// A folder.
    Folder,
    /// A pipe, which would be waited for, a device, which has no end, or a socket.
    Special,
}

/// Opens a regular file; whatever else there is is not opened.
pub(crate) fn open(path: &Path) -> io::Result<Opened> {
    let kind = fs::metadata(path)?;
    if kind.is_dir() {
        return Ok(Opened::Folder);
    }
    if !kind.is_file() {
        return Ok(Opened::Special);
    }
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    Ok(Opened::File(file, bytes))
}
