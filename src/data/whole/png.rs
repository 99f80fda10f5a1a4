//! PNG: eight bytes, then chunks up to `IEND`; the decoder compares their checksums, and stops after the
//! last pixel.
//!
//! ```text
//! length 4 bytes | name 4 | as many bytes | checksum 4
//! ```

use super::cut;
use crate::data::fault::Fault;

/// Whether the last chunk is there.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut chunks = Chunks::of(bytes);
    match chunks.any(|(name, _)| name == b"IEND") {
        true => Ok(()),
        false => Err(cut()),
    }
}

/// What a camera says of the picture; it may come after the pixels.
pub(in crate::data) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut chunks = Chunks::of(bytes);
    chunks.find_map(|(name, data)| (name == b"eXIf").then_some(data))
}

/// The chunks that are there whole.
struct Chunks<'a>(&'a [u8]);

impl<'a> Chunks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        // As few bytes hold no chunk.
        Self(bytes.get(8..).unwrap_or_default())
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (name, rest) = rest.split_first_chunk()?;
        let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let (_checksum, rest) = rest.split_first_chunk::<4>()?;
        self.0 = rest;
        Some((name, data))
    }
}
