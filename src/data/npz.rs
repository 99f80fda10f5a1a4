//! Images in an archive as the public tools write it (`numpy.savez`): `arr_0`, the images
//! [N, H, W, C] of type u8, and, where they have classes, `arr_1`, their labels `[N]` of type i64.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use zip::ZipArchive;
use zip::result::ZipError;

use super::dataset::Images;
use super::error::{DataError, Fault};
use super::npy::Header;
use crate::unet::Extents;

const IMAGES: &str = "arr_0";
const LABELS: &str = "arr_1";

/// No archive holds more bytes for one of its own: the most that deflate can compress.
const MOST_COMPRESSED: u64 = 1032;

/// Reads a file.
///
/// # Errors
/// [`DataError::File`] with any fault of [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Images, DataError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(Fault::from);
    file.and_then(|file| read(BufReader::new(file)))
        .map_err(DataError::file(path))
}

/// Reads an archive, compressed or not. The largest label is the last class.
///
/// # Errors
/// [`Fault::Io`], [`Fault::Archive`]; [`Fault::MissingArray`] for the images;
/// [`Fault::ArrayHeader`], [`Fault::ArrayType`], [`Fault::ArrayShape`], [`Fault::ArrayLength`];
/// [`Fault::LabelCount`], [`Fault::Label`]; [`Fault::Memory`].
pub fn read(mut archive: impl Read + Seek) -> Result<Images, Fault> {
    let bytes = archive.seek(SeekFrom::End(0))?;
    archive.rewind()?;
    let room = bytes.saturating_mul(MOST_COMPRESSED);
    let mut archive = ZipArchive::new(archive).map_err(broken)?;
    let images = array(&mut archive, IMAGES, |entry| pixels(entry, room))?;
    let (extents, pixels) = images.ok_or(Fault::MissingArray { name: IMAGES })?;
    let images = pixels.len() / extents.elements();
    let labels = array(&mut archive, LABELS, |entry| labels(entry, images as u64))?;
    Images::checked(extents, pixels, labels, None)
}

fn broken(error: ZipError) -> Fault {
    let reason = error.to_string();
    Fault::Archive { reason }
}

/// What `read` makes of an array; nothing where there is no such array.
fn array<R: Read + Seek, T>(
    archive: &mut ZipArchive<R>,
    name: &str,
    read: impl FnOnce(&mut dyn Read) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    match archive.by_name(&(String::from(name) + ".npy")) {
        Ok(mut entry) => read(&mut entry).map(Some),
        Err(ZipError::FileNotFound) => Ok(None),
        Err(error) => Err(broken(error)),
    }
}

/// The images, channels first.
fn pixels(entry: &mut dyn Read, room: u64) -> Result<(Extents, Vec<u8>), Fault> {
    let head = Header::read(IMAGES, entry)?;
    let expected = "[N, H, W, C] with C varying fastest and none of them 0";
    let [count, height, width, channels] =
        numbers(IMAGES, &head, &["|u1", "<u1", ">u1"], expected)?;
    let extents = Extents {
        channels,
        height,
        width,
    };
    let mut sides = [height, width, channels].into_iter();
    let len = sides.try_fold(count, |len, side| len.checked_mul(side));
    // A shape that asks for more than the archive can hold is not given room.
    let ended = Fault::ArrayLength {
        name: IMAGES,
        shape: head.shape,
    };
    let len = len.filter(|&len| len as u64 <= room).ok_or(ended.clone())?;
    let mut all = Vec::new();
    let bytes = len as u64;
    all.try_reserve_exact(len)
        .map_err(|_| Fault::Memory { bytes })?;
    let mut image = vec![0; extents.elements()];
    for _ in 0..count {
        fill(entry, &mut image, &ended)?;
        let channel = |c| image.iter().skip(c).step_by(channels).copied();
        all.extend((0..channels).flat_map(channel));
    }
    end(entry, ended)?;
    Ok((extents, all))
}

fn labels(entry: &mut dyn Read, images: u64) -> Result<Vec<u32>, Fault> {
    let head = Header::read(LABELS, entry)?;
    let [count] = numbers(LABELS, &head, &["<i8"], "[N], not 0")?;
    let labels = count as u64;
    if labels != images {
        return Err(Fault::LabelCount { labels, images });
    }
    let ended = Fault::ArrayLength {
        name: LABELS,
        shape: head.shape,
    };
    let mut all = Vec::new();
    for index in 0..count {
        let mut word = [0; 8];
        fill(entry, &mut word, &ended)?;
        let label = i64::from_le_bytes(word);
        all.push(u32::try_from(label).map_err(|_| Fault::Label {
            index,
            label,
            classes: 1 << 32,
        })?);
    }
    end(entry, ended)?;
    Ok(all)
}

/// The axes of an array that has as many, is of one of these types, and is stored row by row.
fn numbers<const AXES: usize>(
    name: &'static str,
    head: &Header,
    types: &[&'static str],
    expected: &'static str,
) -> Result<[usize; AXES], Fault> {
    if !types.contains(&head.descr.as_str()) {
        return Err(Fault::ArrayType {
            name,
            found: head.descr.clone(),
            expected: types.first().copied().unwrap_or_default(),
        });
    }
    let axes = head.shape.iter().map(|&axis| usize::try_from(axis).ok());
    let axes = axes.collect::<Option<Vec<usize>>>().unwrap_or_default();
    let axes = <[usize; AXES]>::try_from(axes).ok();
    let sound = axes.filter(|axes| !axes.contains(&0) && (AXES == 1 || !head.fortran_order));
    sound.ok_or_else(|| Fault::ArrayShape {
        name,
        shape: head.shape.clone(),
        expected,
    })
}

fn fill(entry: &mut dyn Read, into: &mut [u8], ended: &Fault) -> Result<(), Fault> {
    entry.read_exact(into).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => ended.clone(),
        _ => error.into(),
    })
}

/// Nothing may follow the last number; reading to the end also compares the archive's checksum.
fn end(entry: &mut dyn Read, ended: Fault) -> Result<(), Fault> {
    match entry.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(ended),
        Err(error) => Err(error.into()),
    }
}
