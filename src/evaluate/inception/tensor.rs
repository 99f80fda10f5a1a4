//! An image, or what a layer makes of one.

use std::vec::Vec;

use crate::memory::{MemoryError, zeros};
use crate::part::part;

/// Numbers at each position: [H, W, C].
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) numbers: Vec<f32>,
}

impl Tensor {
    pub(super) fn zeros(height: usize, width: usize, channels: usize) -> Result<Self, MemoryError> {
        Ok(Self {
            height,
            width,
            channels,
            numbers: zeros(height * width * channels)?,
        })
    }

    pub(super) const fn positions(&self) -> usize {
        self.height * self.width
    }

    /// The channels at a row and column; none outside of the image.
    pub(super) fn at(&self, row: usize, column: usize) -> Option<&[f32]> {
        let inside = row < self.height && column < self.width;
        let first = (row * self.width + column) * self.channels;
        inside.then(|| part(&self.numbers, first, self.channels))
    }

    /// Images of one size as one, the channels of one behind those of another.
    pub(super) fn beside(images: &[Self]) -> Result<Self, MemoryError> {
        let (height, width) = images
            .first()
            .map_or((0, 0), |image| (image.height, image.width));
        let channels = images.iter().map(|image| image.channels).sum();
        let mut all = Self::zeros(height, width, channels)?;
        let mut first = 0;
        for image in images {
            let rows = image.numbers.chunks_exact(image.channels);
            for (all, row) in all.numbers.chunks_exact_mut(channels).zip(rows) {
                for (out, number) in all.iter_mut().skip(first).zip(row) {
                    *out = *number;
                }
            }
            first += image.channels;
        }
        Ok(all)
    }
}
