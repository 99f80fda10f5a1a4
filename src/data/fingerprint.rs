//! A digest of a data set, by which a run knows its own.

use std::io::{self, Read, Write};
use std::path::Path;
use std::string::String;
use std::vec::Vec;

use rayon::prelude::*;

use super::file;
use crate::diffusion::fingerprint::Fingerprint;
use crate::unet::Extents;

/// Of a data set of `len` images, of which `one` has the digest of each.
pub(super) fn of(
    extents: Extents,
    classes: Option<usize>,
    names: Option<&[String]>,
    len: usize,
    one: impl Fn(usize) -> Fingerprint + Sync,
) -> u64 {
    let mut all = Fingerprint::new();
    for side in [extents.channels, extents.height, extents.width, len] {
        all.add_u64(side as u64);
    }
    add_number(&mut all, classes.map(|classes| classes as u64));
    for name in names.unwrap_or_default() {
        add_bytes(&mut all, name.as_bytes());
    }
    let each: Vec<u64> = (0..len)
        .into_par_iter()
        .map(|index| one(index).finish())
        .collect();
    for digest in each {
        all.add_u64(digest);
    }
    all.finish()
}

/// A number, or that there is none.
pub(super) fn add_number(digest: &mut Fingerprint, number: Option<u64>) {
    digest.add_u64(number.is_some().into());
    digest.add_u64(number.unwrap_or(0));
}

/// Bytes, and where they end.
pub(super) fn add_bytes(digest: &mut Fingerprint, bytes: &[u8]) {
    digest.add_u64(bytes.len() as u64);
    digest.add_bytes(bytes);
}

/// The bytes of a file, as far as it can be read, and no further than it was long.
pub(super) fn add_file(digest: &mut Fingerprint, path: &Path) {
    if let Ok((file, bytes)) = file::open(path) {
        digest.add_u64(bytes);
        // What cannot be read is left out: whoever asks for the picture is told why.
        let _ = io::copy(&mut file.take(bytes), &mut Sink(digest));
    }
}

struct Sink<'a>(&'a mut Fingerprint);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
