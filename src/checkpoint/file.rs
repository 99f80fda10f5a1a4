//! Files on disk, written whole or not at all.

use std::format;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::description::Description;
use super::error::CheckpointError;
use super::header::Dtype;
use super::opened::io;
use super::read::Checkpoint;
use super::write::write_to;
use crate::unet::Weights;

impl Checkpoint {
    /// Writes a file, whole or not at all; see [`save`].
    ///
    /// # Errors
    /// Those of [`save`].
    pub fn save(&self, path: impl AsRef<Path>, dtype: Dtype) -> Result<(), CheckpointError> {
        save(path, self.description(), self.weights(), dtype)
    }
}

/// Writes a file, whole or not at all.
///
/// It is written beside `path` under another name, synced to the disk, and then takes the place of
/// what was at `path`: a reader, or a machine that loses power, finds the old file or the new one.
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
    let (temporary, file) = create_beside(path).map_err(|error| io("creating", path, &error))?;
    let written = write_synced(&temporary, file, description, weights, dtype).and_then(|()| {
        fs::rename(&temporary, path).map_err(|error| io("renaming to", path, &error))
    });
    if written.is_err() {
        // What matters is why it was not written; at worst a temporary file stays behind.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    sync_folder(path).map_err(|error| io("syncing the folder of", path, &error))
}

fn write_synced(
    path: &Path,
    file: File,
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
) -> Result<(), CheckpointError> {
    let failed = |error: io::Error| io("writing", path, &error);
    let mut file = BufWriter::with_capacity(1 << 20, file);
    write_to(description, weights, dtype, |piece| {
        file.write_all(piece).map_err(failed)
    })?;
    let file = file.into_inner().map_err(|error| failed(error.into()))?;
    file.sync_all().map_err(failed)
}

/// A new file in the same folder; no other writer has it.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not the name of a file",
        ));
    };
    for attempt in 0_u32.. {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{attempt}.tmp"));
        let temporary = path.with_file_name(hidden);
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary);
        match created {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The new name survives a loss of power once its folder is synced. Where a folder cannot be opened
/// as a file, the system does that itself.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}
