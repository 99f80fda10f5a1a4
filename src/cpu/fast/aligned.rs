//! Buffers of numbers that begin at a cache line.

use alloc::vec::Vec;

use crate::memory::{MemoryError, bytes_of, zeros};
use crate::part::{part, part_mut};

const LINE: usize = 64;

/// So many numbers, and those before the first line.
const fn with_gap(len: usize) -> usize {
    len.saturating_add(LINE / size_of::<f32>())
}

/// A slice of numbers whose first one begins a cache line.
pub(crate) struct Aligned {
    numbers: Vec<f32>,
    skip: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Result<Self, MemoryError> {
        let numbers: Vec<f32> = zeros(with_gap(len))?;
        let skip = numbers.as_ptr().align_offset(LINE);
        let skip = skip.min(numbers.len() - len);
        Ok(Self { numbers, skip, len })
    }

    /// Bytes that so many numbers take.
    pub(crate) const fn bytes(len: usize) -> u64 {
        bytes_of::<f32>(with_gap(len))
    }

    pub(crate) fn get(&self) -> &[f32] {
        part(&self.numbers, self.skip, self.len)
    }

    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        part_mut(&mut self.numbers, self.skip, self.len)
    }
}
