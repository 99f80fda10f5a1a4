//! Files on disk, written whole or not at all.

use std::io::{self, Write};
use std::path::Path;
use std::string::ToString;

use super::description::Description;
use super::error::CheckpointError;
use super::format::Dtype;
use super::read::Checkpoint;
use super::write::write_to;
use crate::files::{FileError, write_whole};
use crate::unet::Weights;

impl Checkpoint {
    /// Writes the checkpoint to a file, whole or not at all; see [`save`].
    ///
    /// ```
    /// use iddpm::checkpoint::{Checkpoint, Dtype, WeightType};
    /// let sprites = Checkpoint::open("examples/assets/sprites32.safetensors", WeightType::F32)?;
    /// let path = std::env::temp_dir().join(format!("iddpm-saved-{}.safetensors", std::process::id()));
    /// sprites.save(&path, Dtype::Bf16)?;
    /// let read = Checkpoint::open(&path, WeightType::F32)?;
    /// assert_eq!(read.description(), sprites.description());
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`save`].
    pub fn save(&self, path: impl AsRef<Path>, dtype: Dtype) -> Result<(), CheckpointError> {
        save(path, self.description(), self.weights(), dtype)
    }
}

/// Writes weights and their description to a file, whole or not at all, as [`write_whole`] does it.
///
/// ```
/// use iddpm::checkpoint::{Checkpoint, Dtype, WeightType, save};
/// let sprites = Checkpoint::open("examples/assets/sprites32.safetensors", WeightType::F32)?;
/// // Each weight is halved.
/// let (mut description, _, weights) = sprites.into_parts();
/// let halves: Vec<f32> = weights.into_f32()?.iter().map(|weight| weight / 2.0).collect();
/// description.notes.insert("note".into(), "halved".into());
/// let path = std::env::temp_dir().join(format!("iddpm-halved-{}.safetensors", std::process::id()));
/// save(&path, &description, iddpm::unet::Weights::F32(&halves), Dtype::F32)?;
/// assert_eq!(Checkpoint::open(&path, WeightType::F32)?.description(), &description);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`to_bytes`](super::to_bytes); [`CheckpointError::Io`]. `path` is then as it was.
pub fn save(
    path: impl AsRef<Path>,
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
) -> Result<(), CheckpointError> {
    save_shown(path.as_ref(), description, weights, dtype, |_| ())
}

/// As [`save`]; each piece of the file is shown as it is written.
pub(crate) fn save_shown(
    path: &Path,
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
    mut show: impl FnMut(&[u8]),
) -> Result<(), CheckpointError> {
    let written = write_whole(path, |file| {
        write_to(description, weights, dtype, |piece| {
            show(piece);
            file.write_all(piece)
                .map_err(|error| io("writing", path, &error))
        })
    });
    written.map_err(|error: CheckpointError| error.in_file(path.display()))
}

impl From<FileError> for CheckpointError {
    fn from(error: FileError) -> Self {
        io(error.action, &error.path, &error.error)
    }
}

/// The system refused it.
pub(super) fn io(action: &'static str, path: &Path, error: &io::Error) -> CheckpointError {
    CheckpointError::Io {
        action,
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}
