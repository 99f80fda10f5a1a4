//! Numbers that begin at a cache line.

use alloc::vec;
use alloc::vec::Vec;

const LINE: usize = 64;

/// A slice of numbers whose first one begins a cache line.
pub(crate) struct Aligned {
    numbers: Vec<f32>,
    skip: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        let numbers = vec![0.0; len + LINE / size_of::<f32>()];
        let skip = numbers.as_ptr().align_offset(LINE);
        let skip = skip.min(numbers.len() - len);
        Self { numbers, skip, len }
    }

    pub(crate) fn get(&self) -> &[f32] {
        let from = self.numbers.get(self.skip..).unwrap_or_default();
        from.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        let from = self.numbers.get_mut(self.skip..).unwrap_or_default();
        from.get_mut(..self.len).unwrap_or_default()
    }
}
