//! The reading of files: regular ones only.

use std::format;
use std::fs::{self, File};
#[cfg(feature = "data")]
use std::io::Write;
use std::io::{self, Read, Take};
use std::path::Path;
use std::string::String;
use std::vec::Vec;

use super::error::FileError;
#[cfg(feature = "data")]
use crate::diffusion::fingerprint::Fingerprint;

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

/// Opens a regular file, and tells its length.
///
/// # Errors
/// [`FileError`], for a folder, a pipe and the like too.
pub(crate) fn open_file(path: &Path) -> Result<(File, u64), FileError> {
    let opened = open(path).and_then(|opened| match opened {
        Opened::File(file, bytes) => Ok((file, bytes)),
        Opened::Folder => Err(io::ErrorKind::IsADirectory.into()),
        Opened::Special => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is a pipe, a device or a socket, not a regular file",
        )),
    });
    opened.map_err(FileError::of("reading", path))
}

/// Adds the bytes of an open file to a digest, `bytes` at most: what is written to it meanwhile is none of it.
#[cfg(feature = "data")]
pub(crate) fn digest(file: File, bytes: u64, digest: &mut Fingerprint) -> io::Result<()> {
    io::copy(&mut file.take(bytes), &mut Sink(digest)).map(drop)
}

/// Bytes on their way into a digest.
#[cfg(feature = "data")]
struct Sink<'a>(&'a mut Fingerprint);

#[cfg(feature = "data")]
impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the text of a regular file that holds at most `max` bytes; what else a path leads to, a pipe or a
/// device, is not waited for.
///
/// # Errors
/// [`FileError`], for a longer file and for one that is not regular too.
pub fn read_text(path: impl AsRef<Path>, max: u64) -> Result<String, FileError> {
    let path = path.as_ref();
    let mut text = String::new();
    read(path, max, |file| file.read_to_string(&mut text))?;
    Ok(text)
}

/// Reads the bytes of a regular file as [`read_text`] reads its text.
///
/// # Errors
/// Those of [`read_text`].
pub fn read_bytes(path: impl AsRef<Path>, max: u64) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    let mut all = Vec::new();
    read(path, max, |file| file.read_to_end(&mut all))?;
    Ok(all)
}

/// Reads what is written to the file meanwhile as well, up to the bound.
fn read(
    path: &Path,
    max: u64,
    all: impl FnOnce(&mut Take<File>) -> io::Result<usize>,
) -> Result<(), FileError> {
    let (file, bytes) = open_file(path)?;
    let within = |bytes: u64| match bytes > max {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it holds {bytes} bytes, at most {max} are due"),
        )),
        false => Ok(()),
    };
    let read = || {
        within(bytes)?;
        within(all(&mut file.take(max + 1))? as u64)
    };
    read().map_err(FileError::of("reading", path))
}
