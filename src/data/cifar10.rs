//! The data set CIFAR-10 in its binary version: files of records, each a label and a picture.
//!
//! ```text
//! label 1 byte, 0..=9 | red 32·32 bytes, row after row | green | blue
//! ```

use std::ffi::OsStr;
use std::format;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::dataset::Images;
use super::error::DataError;
use super::fault::Fault;
use super::file;
use super::listing::Listing;
use super::passed::Passed;
use crate::memory::reserve;
use crate::unet::Extents;

/// The extents of every image of CIFAR-10.
pub const EXTENTS: Extents = Extents {
    channels: 3,
    height: 32,
    width: 32,
};

/// The number of classes of CIFAR-10: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.
pub const CLASSES: usize = 10;

/// Bytes of a record.
const RECORD: usize = 1 + EXTENTS.elements();

/// Files of the training set.
const BATCHES: usize = 5;

/// Reads the training set: `data_batch_1.bin` to `data_batch_5.bin` of a folder.
///
/// # Errors
/// Those of [`files`].
pub fn train(folder: impl AsRef<Path>) -> Result<Images, DataError> {
    let folder = folder.as_ref();
    files((1..=BATCHES).map(|batch| folder.join(batch_name(batch))))
}

/// Whether a folder holds any of the training set's files.
pub(super) fn is_folder(folder: &Path) -> bool {
    (1..=BATCHES).any(|batch| folder.join(batch_name(batch)).exists())
}

/// What else there is in a folder of the training set.
pub(super) fn others(folder: &Path) -> Result<Passed, DataError> {
    let mut passed = Listing::everything(folder)?;
    if let Some(files) = passed.suffixes.get_mut(".bin") {
        *files = files.saturating_sub(BATCHES);
    }
    Ok(passed)
}

/// Whether a file has the name of a batch of CIFAR-10 for Python.
pub(super) fn is_python(file: &Path) -> bool {
    let name = file.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| {
        let number = name.strip_prefix("data_batch_");
        name == "test_batch" || number.is_some_and(|number| number.parse::<u8>().is_ok())
    })
}

/// Whether a folder holds such a file.
pub(super) fn holds_python(folder: &Path) -> bool {
    folder.join("data_batch_1").is_file()
}

fn batch_name(batch: usize) -> String {
    format!("data_batch_{batch}.bin")
}

/// Reads any of the files, such as `test_batch.bin`, one after the other.
///
/// # Errors
/// [`DataError::File`] with [`Fault::Io`], [`Fault::NotRegular`], [`Fault::Length`], [`Fault::Label`] or
/// [`Fault::Memory`].
pub fn files(paths: impl IntoIterator<Item = PathBuf>) -> Result<Images, DataError> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for path in paths {
        let opened = file::open(&path);
        opened
            .and_then(|(file, bytes)| append(BufReader::new(file), bytes, &mut pixels, &mut labels))
            .map_err(DataError::file(path))?;
    }
    Images::new(EXTENTS, pixels, Some(labels), Some(CLASSES))
}

/// Reads the images from the bytes of a file.
///
/// # Errors
/// [`Fault::Length`], [`Fault::Label`], [`Fault::Memory`].
pub fn from_bytes(bytes: &[u8]) -> Result<Images, Fault> {
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    append(bytes, bytes.len() as u64, &mut pixels, &mut labels)?;
    Images::checked(EXTENTS, pixels, Some(labels), Some(CLASSES))
}

/// The records of a file of so many bytes.
fn append(
    mut file: impl Read,
    bytes: u64,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u32>,
) -> Result<(), Fault> {
    let record = RECORD as u64;
    if bytes == 0 || !bytes.is_multiple_of(record) {
        return Err(Fault::Length { bytes, record });
    }
    let images = bytes / record;
    reserve(labels, images)?;
    reserve(pixels, images * EXTENTS.elements() as u64)?;
    let mut one = [0; RECORD];
    for index in 0..images {
        file.read_exact(&mut one)?;
        let [label, image @ ..] = &one;
        if usize::from(*label) >= CLASSES {
            return Err(Fault::Label {
                index: index as usize,
                label: (*label).into(),
                classes: CLASSES as u64,
            });
        }
        labels.push((*label).into());
        pixels.extend_from_slice(image);
    }
    Ok(())
}
