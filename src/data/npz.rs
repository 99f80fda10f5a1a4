//! Images in an archive as the public tools write it (`numpy.savez`): `arr_0`, the images
//! [N, H, W, C] of type u8 with 1 to 4 channels, and, where they have classes, `arr_1`, their labels `[N]`
//! of type i64.
//!
//! Of 2 and of 4 channels the last is alpha, and straight as in pictures: the images that are read are premultiplied,
//! as all data is. [`open`](super::open()) paints them over a ground instead where it is asked to.

use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;

use zip::ZipArchive;
use zip::result::ZipError;

use super::alpha::{Alpha, Transparency};
use super::dataset::Images;
use super::error::DataError;
use super::fault::Fault;
use super::file;
use super::npy::NpyHeader;
use super::picture::MAX_SIDE;
use crate::diffusion::pixels::has_alpha;
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
    let (images, _) = open_as(path.as_ref(), Asked::default())?;
    Ok(images)
}

/// What is asked of images.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    /// What they must have, once it is done with their transparency what is asked.
    pub(super) extents: Option<Extents>,
    /// What becomes of their transparency; `None` where it is kept if they have alpha.
    pub(super) alpha: Option<Alpha>,
}

/// The images of a file, and what became of their transparency, where they have alpha.
pub(super) fn open_as(
    path: &Path,
    asked: Asked,
) -> Result<(Images, Option<Transparency>), DataError> {
    file::open(path)
        .and_then(|(file, _)| read_as(BufReader::new(file), asked))
        .map_err(DataError::file(path))
}

/// Reads the images of an archive, compressed or not. The largest label is the last class.
///
/// # Errors
/// [`Fault::Io`], [`Fault::Archive`]; [`Fault::MissingArray`] for the images;
/// [`Fault::ArrayHeader`], [`Fault::ArrayType`], [`Fault::ArrayShape`], [`Fault::ChannelsFirst`],
/// [`Fault::Sides`], [`Fault::ArrayLength`]; [`Fault::LabelCount`], [`Fault::Label`]; [`Fault::Memory`].
pub fn read(archive: impl Read + Seek) -> Result<Images, Fault> {
    let (images, _) = read_as(archive, Asked::default())?;
    Ok(images)
}

fn read_as(
    mut archive: impl Read + Seek,
    asked: Asked,
) -> Result<(Images, Option<Transparency>), Fault> {
    let bytes = archive.seek(SeekFrom::End(0))?;
    if bytes == 0 {
        let reason = "it is empty".into();
        return Err(Fault::Archive { reason });
    }
    archive.rewind()?;
    let room = bytes.saturating_mul(MOST_COMPRESSED);
    let mut archive = ZipArchive::new(archive).map_err(broken)?;
    let images = array(&mut archive, IMAGES, |entry| pixels(entry, room, asked))?;
    let Pixels {
        extents,
        pixels,
        transparency,
    } = images.ok_or_else(|| missing(&archive))?;
    let images = pixels.len() / extents.elements();
    let labels = array(&mut archive, LABELS, |entry| labels(entry, images as u64))?;
    let images = Images::checked(extents, pixels, labels, None)?;
    Ok((images, transparency))
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

/// Images, channels first.
struct Pixels {
    extents: Extents,
    pixels: Vec<u8>,
    transparency: Option<Transparency>,
}

/// Reads them; nothing of such as have not the extents that are asked for.
fn pixels(entry: &mut dyn Read, room: u64, asked: Asked) -> Result<Pixels, Fault> {
    let head = NpyHeader::read(IMAGES, entry)?;
    let (count, found, alpha) = axes(&head, asked)?;
    let mut sides = [found.height, found.width, found.channels].into_iter();
    let len = sides.try_fold(count as u64, |len, side| len.checked_mul(side as u64));
    // A shape that asks for more than the archive can hold is not given room.
    let ended = Fault::ArrayLength {
        name: IMAGES,
        shape: head.shape,
    };
    let len = len.filter(|&len| len <= room).ok_or(ended.clone())?;
    let (mut all, mut image) = (Vec::new(), Vec::new());
    reserve(&mut image, found.elements() as u64)?;
    image.resize(found.elements(), 0);
    let extents = alpha.map_or(found, |alpha| alpha.extents(found));
    reserve(
        &mut all,
        len / found.channels as u64 * extents.channels as u64,
    )?;
    let mut transparent = 0;
    for _ in 0..count {
        fill(entry, &mut image, &ended)?;
        let channel = |channel| image.iter().skip(channel).step_by(found.channels);
        match alpha {
            None => (0..found.channels).for_each(|at| all.extend(channel(at))),
            Some(alpha) => {
                let mut alphas = channel(found.channels - 1);
                transparent += usize::from(alphas.any(|&alpha| alpha < u8::MAX));
                alpha.append(&image, (found.channels, extents.channels), &mut all);
            }
        }
    }
    end(entry, ended)?;
    Ok(Pixels {
        extents,
        pixels: all,
        transparency: alpha.map(|alpha| Transparency {
            images: transparent,
            alpha,
        }),
    })
}

/// How many images of which extents an array holds, of whose numbers none is read yet; and what becomes of their
/// transparency, where they have alpha.
fn axes(head: &NpyHeader, asked: Asked) -> Result<(usize, Extents, Option<Alpha>), Fault> {
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
    let alpha = has_alpha(channels).then(|| asked.alpha.unwrap_or(Alpha::Keep));
    let made = alpha.map_or(found, |alpha| alpha.extents(found));
    if let Some(expected) = asked.extents.filter(|&asked| asked != made) {
        return Err(Fault::Extents { found, expected });
    }
    if height.max(width) > MAX_SIDE {
        let max = MAX_SIDE;
        return Err(Fault::Sides { found, max });
    }
    Ok((count, found, alpha))
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
