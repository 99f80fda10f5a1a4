//! The reading of files: regular ones only, and never more of one than it may hold.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::vec::Vec;

use super::contents::HEAD;
use super::fault::Fault;
use crate::files::regular::{self, Opened};
use crate::memory::reserve;

/// A regular file, and its length.
///
/// # Errors
/// [`Fault::Io`], [`Fault::NotRegular`].
pub(super) fn open(path: &Path) -> Result<(File, u64), Fault> {
    match regular::open(path)? {
        Opened::File(file, bytes) => Ok((file, bytes)),
        Opened::Folder => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        Opened::Special => Err(Fault::NotRegular),
    }
}

/// All of a file that holds at most `max` bytes.
///
/// # Errors
/// [`Fault::TooLong`], [`Fault::Memory`]; those of [`open`].
pub(super) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Fault> {
    let (file, bytes) = open(path)?;
    if bytes > max {
        return Err(Fault::TooLong { bytes, max });
    }
    let mut all = Vec::new();
    reserve(&mut all, bytes)?;
    // What is written to it meanwhile is read as well, up to the bound.
    let read = file.take(max + 1).read_to_end(&mut all)? as u64;
    if read > max {
        return Err(Fault::TooLong { bytes: read, max });
    }
    Ok(all)
}

/// The first bytes of a file, as many as tell what it is.
///
/// # Errors
/// Those of [`open`].
pub(super) fn head(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    open(path)?.0.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}
