//! Images as an archive of arrays, as NumPy and the public evaluators read them.

use std::format;
use std::io::{self, Write};
use std::path::Path;
use std::string::String;
use std::vec::Vec;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::encode::of_archive;
#[cfg(feature = "data")]
use super::encode::put;
use super::kept::Kept;
use crate::Error;
use crate::files::{FileError, Writer};

/// A head ends at a multiple of this.
const ALIGNMENT: usize = 64;

/// `arr_0` [N, H, W, C] and, with classes, `arr_1` [N].
pub(super) fn write(path: &Path, file: &mut Writer, kept: &Kept) -> Result<(), Error> {
    let zip = |error| of_archive(path, error);
    let io = |error| FileError::of("writing", path)(error);
    let labels: Vec<i64> = kept
        .labels
        .iter()
        .flatten()
        .map(|&label| label.into())
        .collect();
    let mut archive = ZipWriter::new(file);
    // Beyond 4 GiB lengths need more room.
    let options = entry().large_file(kept.pixels.len() >= 1 << 31);
    archive.start_file("arr_0.npy", options).map_err(zip)?;
    let image = kept.image;
    let shape = [kept.labels.len(), image.height, image.width, image.channels];
    head(&mut archive, "|u1", &shape).map_err(io)?;
    archive.write_all(&kept.pixels).map_err(io)?;
    if !labels.is_empty() {
        archive.start_file("arr_1.npy", options).map_err(zip)?;
        head(&mut archive, "<i8", &[labels.len()]).map_err(io)?;
        for label in labels {
            archive.write_all(&label.to_le_bytes()).map_err(io)?;
        }
    }
    archive.finish().map_err(zip)?;
    Ok(())
}

/// Writes `arr_0` [N] of f64.
#[cfg(feature = "data")]
pub(in crate::run) fn write_numbers(path: &Path, numbers: &[f64]) -> Result<(), Error> {
    let zip = |error| of_archive(path, error);
    let io = |error| FileError::of("writing", path)(error);
    put(path, |file| {
        let mut archive = ZipWriter::new(file);
        archive.start_file("arr_0.npy", entry()).map_err(zip)?;
        head(&mut archive, "<f8", &[numbers.len()]).map_err(io)?;
        for number in numbers {
            archive.write_all(&number.to_le_bytes()).map_err(io)?;
        }
        archive.finish().map_err(zip)?;
        Ok(())
    })
}

/// An entry without a time of day: the same arrays are the same bytes.
fn entry() -> SimpleFileOptions {
    SimpleFileOptions::default().last_modified_time(zip::DateTime::default())
}

/// An array's head as NumPy's format 1.0 has it.
fn head(out: &mut impl Write, descr: &str, shape: &[usize]) -> io::Result<()> {
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
    // Magic, version and length take 10 bytes, the line's end one.
    let len = (10 + text.len() + 1).next_multiple_of(ALIGNMENT) - 10;
    text.extend(core::iter::repeat_n(' ', len - 1 - text.len()));
    text.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(len as u16).to_le_bytes())?;
    out.write_all(text.as_bytes())
}
