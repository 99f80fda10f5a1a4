//! CIFAR-10 in its binary version: files of records, each a label and a picture.
//!
//! ```text
//! label 1 byte, 0..=9 | red 32·32 bytes, row after row | green | blue
//! ```

use std::format;
use std::fs;
use std::path::{Path, PathBuf};
use std::vec::Vec;

use super::dataset::Images;
use super::error::{DataError, Fault};
use crate::unet::Extents;

/// Of every image.
pub const EXTENTS: Extents = Extents {
    channels: 3,
    height: 32,
    width: 32,
};

/// Airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.
pub const CLASSES: usize = 10;

/// Bytes of a record.
const RECORD: usize = 1 + EXTENTS.elements();

/// Files of the training set.
const BATCHES: usize = 5;

/// The training set: `data_batch_1.bin` to `data_batch_5.bin` of a folder.
///
/// # Errors
/// [`DataError::File`] with [`Fault::Io`], [`Fault::Length`] or [`Fault::Label`].
pub fn train(folder: impl AsRef<Path>) -> Result<Images, DataError> {
    let folder = folder.as_ref();
    let path = |batch| folder.join(format!("data_batch_{batch}.bin"));
    files((1..=BATCHES).map(path))
}

/// Any of the files, such as `test_batch.bin`, one after the other.
///
/// # Errors
/// [`DataError::File`] with [`Fault::Io`], [`Fault::Length`] or [`Fault::Label`].
pub fn files(paths: impl IntoIterator<Item = PathBuf>) -> Result<Images, DataError> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for path in paths {
        let bytes = fs::read(&path).map_err(Fault::from);
        bytes
            .and_then(|bytes| append(&bytes, &mut pixels, &mut labels))
            .map_err(DataError::file(path))?;
    }
    Images::new(EXTENTS, pixels, Some(labels), Some(CLASSES))
}

/// A file's bytes.
///
/// # Errors
/// [`Fault::Length`], [`Fault::Label`].
pub fn from_bytes(bytes: &[u8]) -> Result<Images, Fault> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    append(bytes, &mut pixels, &mut labels)?;
    Images::checked(EXTENTS, pixels, Some(labels), Some(CLASSES))
}

fn append(bytes: &[u8], pixels: &mut Vec<u8>, labels: &mut Vec<u32>) -> Result<(), Fault> {
    let (records, rest) = bytes.as_chunks::<RECORD>();
    if records.is_empty() || !rest.is_empty() {
        return Err(Fault::Length {
            bytes: bytes.len() as u64,
            record: RECORD as u64,
        });
    }
    pixels.reserve(records.len() * EXTENTS.elements());
    for (index, [label, image @ ..]) in records.iter().enumerate() {
        if usize::from(*label) >= CLASSES {
            return Err(Fault::Label {
                index,
                label: (*label).into(),
                classes: CLASSES as u64,
            });
        }
        labels.push((*label).into());
        pixels.extend_from_slice(image);
    }
    Ok(())
}
