//! Files on disk.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::string::ToString;

use super::description::Description;
use super::error::CheckpointError;
use super::header::{Dtype, Header};
use super::read::{Checkpoint, Precision, Source};
use super::write::write_to;
use crate::files::{FileError, write_whole};
use crate::unet::Weights;

impl Checkpoint {
    /// Reads a file, tensor by tensor.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes); [`CheckpointError::Io`].
    pub fn open(path: impl AsRef<Path>, precision: Precision) -> Result<Self, CheckpointError> {
        let (mut file, len) = Opened::new(path.as_ref())?;
        Self::read(&mut file, len, None, precision)
    }

    /// Reads a file that does not say what its tensors are, or is not believed.
    ///
    /// # Errors
    /// Those of [`from_bytes_as`](Self::from_bytes_as); [`CheckpointError::Io`].
    pub fn open_as(
        path: impl AsRef<Path>,
        description: Description,
        precision: Precision,
    ) -> Result<Self, CheckpointError> {
        let (mut file, len) = Opened::new(path.as_ref())?;
        Self::read(&mut file, len, Some(description), precision)
    }

    /// Writes a file, whole or not at all; see [`save`].
    ///
    /// # Errors
    /// Those of [`save`].
    pub fn save(&self, path: impl AsRef<Path>, dtype: Dtype) -> Result<(), CheckpointError> {
        save(path, self.description(), self.weights(), dtype)
    }
}

impl Header {
    /// Reads the header of a file and nothing else.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes); [`CheckpointError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let (mut file, len) = Opened::new(path.as_ref())?;
        Self::read(&mut file, len)
    }
}

/// Writes a file, whole or not at all, as [`write_whole`] does it.
///
/// # Errors
/// Those of [`to_bytes`](super::to_bytes); [`CheckpointError::Io`]. `path` is then as it was.
pub fn save(
    path: impl AsRef<Path>,
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    write_whole(path, |file| {
        write_to(description, weights, dtype, |piece| {
            file.write_all(piece)
                .map_err(|error| io("writing", path, &error))
        })
    })
}

impl From<FileError> for CheckpointError {
    fn from(error: FileError) -> Self {
        io(error.action, &error.path, &error.error)
    }
}

struct Opened<'p> {
    path: &'p Path,
    file: File,
}

impl<'p> Opened<'p> {
    fn new(path: &'p Path) -> Result<(Self, u64), CheckpointError> {
        let file = File::open(path).map_err(|error| io("opening", path, &error))?;
        let about = file
            .metadata()
            .map_err(|error| io("opening", path, &error))?;
        Ok((Self { path, file }, about.len()))
    }
}

impl Source for Opened<'_> {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        self.file
            .read_exact(into)
            .map_err(|error| io("reading", self.path, &error))
    }
}

fn io(action: &'static str, path: &Path, error: &io::Error) -> CheckpointError {
    CheckpointError::Io {
        action,
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}
