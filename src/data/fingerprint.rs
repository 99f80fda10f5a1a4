//! The fingerprint of a data set, by which a run knows its own; what becomes of an example that cannot be
//! read.

use std::path::Path;
use std::string::String;
use std::vec::Vec;

use rayon::prelude::*;

use super::error::DataError;
use super::fault::Fault;
use super::file;
use crate::diffusion::fingerprint::Fingerprint;
use crate::files::regular;
use crate::unet::Extents;

/// The rule for an example that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Broken {
    /// An error, which names the example.
    #[default]
    Fatal,
    /// Leaving the example out. In a run the next one of the data that can be read takes its place.
    Skip,
}

/// Of a data set of `len` images, of which `one` has the digest of each.
pub(super) fn of(
    extents: Extents,
    classes: Option<usize>,
    names: Option<&[String]>,
    len: usize,
    one: impl Fn(usize) -> Result<Fingerprint, DataError> + Sync,
) -> Result<u64, DataError> {
    let mut all = Fingerprint::new();
    for side in [extents.channels, extents.height, extents.width, len] {
        all.add_u64(side as u64);
    }
    add_number(&mut all, classes.map(|classes| classes as u64));
    // Unknown: none.
    for name in names.unwrap_or_default() {
        add_bytes(&mut all, name.as_bytes());
    }
    let each = (0..len).into_par_iter();
    let each = each.map(|index| Ok(one(index)?.finish()));
    let each: Vec<u64> = each.collect::<Result<_, DataError>>()?;
    for digest in each {
        all.add_u64(digest);
    }
    Ok(all.finish())
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

/// The bytes of a file, no further than it was long; of one that cannot be read, as many as can.
///
/// # Errors
/// Those of [`file::open`]; [`Fault::Io`].
pub(super) fn add_file(digest: &mut Fingerprint, path: &Path) -> Result<(), Fault> {
    let (file, bytes) = file::open(path)?;
    digest.add_u64(bytes);
    Ok(regular::digest(file, bytes, digest)?)
}
