//! Finished images that are kept until all are there.

use std::vec::Vec;

use crate::Error;
use crate::memory::{self, reserve};
use crate::unet::Extents;

/// Bytes of images, or of predictions, that are kept: more than 32-bit machines can count.
const MOST_BYTES: u64 = 1 << 32;

/// The most images of so many bytes each that are kept.
pub(super) fn most_kept(bytes: usize) -> usize {
    usize::try_from(MOST_BYTES / (bytes as u64).max(1)).unwrap_or(usize::MAX)
}

/// Finished images, 8 bits a value, [N, H, W, C], and their classes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) image: Extents,
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Vec<Option<u32>>,
}

impl Kept {
    pub(super) fn new(image: Extents, count: usize) -> Result<Self, Error> {
        let bytes = (image.elements() as u64).saturating_mul(count as u64);
        memory::check(bytes)?;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        reserve(&mut pixels, bytes)?;
        reserve(&mut labels, count as u64)?;
        Ok(Self {
            image,
            pixels,
            labels,
        })
    }
}
