//! The writing of a file, whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::FileError;
use super::folder::sync_folder;
use super::place::{Buffer, Place, parent};
use super::temporary::Temporary;
use super::{faults, kind};

/// Bytes that are written at once.
const PIECE: usize = 1 << 18;

/// Writes a file whole or not at all; nothing is left of one that failed.
///
/// What `write` hands to its [`Writer`] becomes the file once it has returned `Ok`. See
/// [the module](super) for links, modes, streams and several writers.
///
/// # Errors
/// Whatever `write` returns; [`FileError`] where a place is none ([`Place::of`]), or where writing to it failed:
/// then that is told, whatever `write` made of it. The file is as it was.
pub fn write_whole<E: From<FileError>>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), E> {
    Place::of(path)?.write(write)
}

impl Place {
    /// Writes a file whole or not at all as [`write_whole`], to a place that is known already.
    ///
    /// # Errors
    /// Those of [`write_whole`].
    pub fn write<E: From<FileError>>(
        &self,
        write: impl FnOnce(&mut Writer) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut writer = match self {
            Self::File(path) => Writer::beside(path)?,
            Self::Pipe(_) | Self::Stdout => {
                Writer::new(PathBuf::new(), To::Memory(Buffer::default()))
            }
        };
        let written = write(&mut writer);
        if let Some(error) = writer.failed.take() {
            return Err(FileError::of("writing", &writer.path)(error).into());
        }
        written?;
        match writer.to {
            To::File(file) => Ok(finish(file, &writer.path)?),
            To::Memory(bytes) => Ok(self.stream(bytes.get_ref())?),
        }
    }
}

/// A writer that takes the bytes of a file that is being written.
///
/// Its first failure is what [`write_whole`] tells; what a signal has interrupted is none. After it all is taken and nothing written, at the place
/// where it would be: whoever goes on to tidy up, as an archive does that is dropped, does not fail once more.
#[derive(Debug)]
pub struct Writer {
    /// What the file is to become.
    path: PathBuf,
    to: To,
    failed: Option<io::Error>,
    /// The place of the next byte, and that behind the last.
    at: u64,
    end: u64,
}

#[derive(Debug)]
enum To {
    File(BufWriter<Guarded>),
    Memory(Buffer),
}

impl Writer {
    const fn new(path: PathBuf, to: To) -> Self {
        Self {
            path,
            to,
            failed: None,
            at: 0,
            end: 0,
        }
    }

    fn beside(path: &Path) -> Result<Self, FileError> {
        let temporary = Temporary::beside(path)?;
        // Before the first byte: what was private is so at any moment.
        if let Ok(there) = fs::metadata(path) {
            kind::give(temporary.file(), &there);
            let mode = temporary.file().set_permissions(there.permissions());
            mode.map_err(FileError::of("writing", path))?;
        }
        let file = BufWriter::with_capacity(PIECE, Guarded(temporary));
        Ok(Self::new(path.into(), To::File(file)))
    }

    /// Does something, unless something has failed before.
    fn attempt<T>(
        &mut self,
        otherwise: T,
        act: impl FnOnce(&mut To) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.failed.is_some() {
            return Ok(otherwise);
        }
        act(&mut self.to).map_err(|error| {
            // Whoever writes all of something tries once more.
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let told = io::Error::new(error.kind(), std::format!("{error}"));
            self.failed = Some(error);
            told
        })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.attempt(bytes.len(), |to| match to {
            To::File(file) => file.write(bytes),
            To::Memory(buffer) => buffer.write(bytes),
        })?;
        self.at = self.at.saturating_add(written as u64);
        self.end = self.end.max(self.at);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), |to| match to {
            To::File(file) => file.flush(),
            To::Memory(buffer) => buffer.flush(),
        })
    }
}

impl Seek for Writer {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let would_be = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(by) => self.end.saturating_add_signed(by),
        };
        self.at = self.attempt(would_be, |place| match place {
            To::File(file) => file.seek(to),
            To::Memory(buffer) => buffer.seek(to),
        })?;
        Ok(self.at)
    }
}

/// The file itself, each write of which can be made to fail.
#[derive(Debug)]
struct Guarded(Temporary);

impl Write for Guarded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        faults::point()?;
        self.0.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file().flush()
    }
}

impl Seek for Guarded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.file().seek(to)
    }
}

fn finish(file: BufWriter<Guarded>, path: &Path) -> Result<(), FileError> {
    let flushed = file.into_inner().map_err(|error| {
        let (error, buffered) = error.into_parts();
        // What could not be written is not tried again.
        let (file, _) = buffered.into_parts();
        drop(file);
        error
    });
    flushed
        .and_then(|file| file.0.become_file(path))
        .map_err(FileError::of("writing", path))?;
    sync_folder(parent(path))
}
