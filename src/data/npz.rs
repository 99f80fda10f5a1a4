//! Images in an archive as the public tools write it (`numpy.savez`): `arr_0`, the images
//! [N, H, W, C] of type u8 with 1 to 4 channels, and, where they have classes, `arr_1`, their labels `[N]`
//! of type i64.

use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;

use zip::ZipArchive;
use zip::result::ZipError;

use super::dataset::Images;
use super::error::DataError;
use super::fault::Fault;
use super::file;
use super::npy::NpyHeader;
use super::picture::MAX_SIDE;
use crate::memory::reserve;
use crate::unet::Extents;

const IMAGES: &str = "arr_0";
const LABELS: &str = "arr_1";

/// No archive holds more bytes for one of its own: the most that deflate can compress.
const MOST_COMPRESSED: u64 = 1032;

/// Most channels of an image.
const MAX_CHANNELS: usize = 4;

/// Names of arrays that an error tells.
const TOLD: usize = 8;

/// Reads the images of an archive that is a file.
///
/// # Errors
/// [`DataError::File`] with any fault of [`read`], or [`Fault::NotRegular`].
pub fn open(path: impl AsRef<Path>) -> Result<Images, DataError> {
    open_as(path.as_ref(), None)
}

/// A file whose images must have these extents, where such are asked for.
pub(super) fn open_as(path: &Path, extents: Option<Extents>) -> Result<Images, DataError> {
    file::open(path)
        .and_then(|(file, _)| read_as(BufReader::new(file), extents))
        .map_err(DataError::file(path))
}

/// Reads the images of an archive, compressed or not. The largest label is the last class.
///
/// # Errors
/// [`Fault::Io`], [`Fault::Archive`]; [`Fault::MissingArray`] for the images;
/// [`Fault::ArrayHeader`], [`Fault::ArrayType`], [`Fault::ArrayShape`], [`Fault::ChannelsFirst`],
/// [`Fault::Sides`], [`Fault::ArrayLength`]; [`Fault::LabelCount`], [`Fault::Label`]; [`Fault::Memory`].
pub fn read(archive: impl Read + Seek) -> Result<Images, Fault> {
    read_as(archive, None)
}

fn read_as(mut archive: impl Read + Seek, asked: Option<Extents>) -> Result<Images, Fault> {
    let bytes = archive.seek(SeekFrom::End(0))?;
    if bytes == 0 {
        let reason = "it is empty".into();
        return Err(Fault::Archive { reason });
    }
    archive.rewind()?;
    let room = bytes.saturating_mul(MOST_COMPRESSED);
    let mut archive = ZipArchive::new(archive).map_err(broken)?;
    let images = array(&mut archive, IMAGES, |entry| pixels(entry, room, asked))?;
    let (extents, pixels) = images.ok_or_else(|| missing(&archive))?;
    let images = pixels.len() / extents.elements();
    let labels = array(&mut archive, LABELS, |entry| labels(entry, images as u64))?;
    Images::checked(extents, pixels, labels, None)
}

fn missing<R: Read + Seek>(archive: &ZipArchive<R>) -> Fault {
    let names = archive.file_names().filter_map(Result::ok);
    let arrays = names.map(|name| String::from(name.trim_end_matches(".npy")));
    let mut found: Vec<String> = arrays.take(TOLD).collect();
    found.sort_unstable();
    Fault::MissingArray {
        name: IMAGES,
        found,
    }
}

fn broken(error: ZipError) -> Fault {
    let reason = match error {
        ZipError::Io(error) => return error.into(),
        ZipError::InvalidArchive(_) => "it is none, or is cut short or damaged".into(),
        other => other.to_string(),
    };
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

/// The images, channels first; nothing is read of such as have not these extents.
fn pixels(
    entry: &mut dyn Read,
    room: u64,
    asked: Option<Extents>,
) -> Result<(Extents, Vec<u8>), Fault> {
    let head = NpyHeader::read(IMAGES, entry)?;
    let (count, extents) = axes(&head, asked)?;
    let mut sides = [extents.height, extents.width, extents.channels].into_iter();
    let len = sides.try_fold(count as u64, |len, side| len.checked_mul(side as u64));
    // A shape that asks for more than the archive can hold is not given room.
    let ended = Fault::ArrayLength {
        name: IMAGES,
        shape: head.shape,
    };
    let len = len.filter(|&len| len <= room).ok_or(ended.clone())?;
    let (mut all, mut image) = (Vec::new(), Vec::new());
    reserve(&mut all, len)?;
    reserve(&mut image, extents.elements() as u64)?;
    image.resize(extents.elements(), 0);
    for _ in 0..count {
        fill(entry, &mut image, &ended)?;
        for channel in 0..extents.channels {
            all.extend(image.iter().skip(channel).step_by(extents.channels));
        }
    }
    end(entry, ended)?;
    Ok((extents, all))
}

/// How many images of which extents an array holds, of whose numbers none is read yet.
fn axes(head: &NpyHeader, asked: Option<Extents>) -> Result<(usize, Extents), Fault> {
    let expected = "[N, H, W, C] with 1 to 4 channels, none of them 0";
    let types: (_, &[_]) = ("|u1", &["<u1", ">u1"]);
    let [count, height, width, channels] = numbers(IMAGES, head, types, expected)?;
    if channels > MAX_CHANNELS {
        let (name, shape) = (IMAGES, head.shape.clone());
        return Err(match height <= MAX_CHANNELS {
            true => Fault::ChannelsFirst { name, shape },
            false => Fault::ArrayShape {
                name,
                shape,
                expected,
            },
        });
    }
    let found = Extents {
        channels,
        height,
        width,
    };
    if let Some(expected) = asked.filter(|&asked| asked != found) {
        return Err(Fault::Extents { found, expected });
    }
    if height.max(width) > MAX_SIDE {
        let max = MAX_SIDE;
        return Err(Fault::Sides { found, max });
    }
    Ok((count, found))
}

fn labels(entry: &mut dyn Read, images: u64) -> Result<Vec<u32>, Fault> {
    let head = NpyHeader::read(LABELS, entry)?;
    let [count] = numbers(LABELS, &head, ("<i8", &[]), "[N], not 0")?;
    let labels = count as u64;
    if labels != images {
        return Err(Fault::LabelCount { labels, images });
    }
    let ended = Fault::ArrayLength {
        name: LABELS,
        shape: head.shape,
    };
    let mut all = Vec::new();
    reserve(&mut all, labels)?;
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
    head: &NpyHeader,
    (due, others): (&'static str, &[&str]),
    expected: &'static str,
) -> Result<[usize; AXES], Fault> {
    let found = head.descr.as_str();
    if found != due && !others.contains(&found) {
        return Err(Fault::ArrayType {
            name,
            found: head.descr.clone(),
            expected: due,
        });
    }
    let axes = head.shape.iter().map(|&axis| usize::try_from(axis).ok());
    let axes = axes.collect::<Option<Vec<usize>>>();
    let axes = axes.and_then(|axes| <[usize; AXES]>::try_from(axes).ok());
    let sound = axes.filter(|axes| !axes.contains(&0));
    if sound.is_some() && AXES > 1 && head.fortran_order {
        return Err(Fault::ArrayOrder { name });
    }
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
