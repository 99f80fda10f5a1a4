//! Data sets: what is in files is what is given out; what is wrong with a file is said by an error that
//! names it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/archive.rs"]
#[allow(dead_code)]
mod archive;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod alpha;
mod archives;
mod bounds;
mod cifar10;
mod classes;
mod fingerprints;
mod folders;
mod jpeg;
mod memory;
mod opened;
mod pictures;
mod split;
mod turned;
mod whole;

use std::path::Path;

use iddpm::data::{DataError, Fault};
use iddpm::unet::Extents;
use image::{GrayImage, ImageFormat, Luma};

const fn extents(channels: usize, height: usize, width: usize) -> Extents {
    Extents {
        channels,
        height,
        width,
    }
}

/// A picture of 4x4 pixels of one grey value, in a folder that is made where it is not there yet.
fn grey(path: &Path, value: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(4, 4, Luma([value]))
        .save_with_format(path, ImageFormat::Png)
        .unwrap();
}

/// The fault of a file, whose name the error's text begins with.
fn fault<T: std::fmt::Debug>(result: Result<T, DataError>, name: &str) -> Fault {
    let error = result.unwrap_err();
    let DataError::File { path, fault } = &error else {
        panic!("no file's error: {error}");
    };
    assert_eq!(path.file_name().unwrap(), name);
    assert_eq!(error.to_string(), format!("{}: {fault}", path.display()));
    fault.clone()
}
