//! Convolutions as products of matrices: what lies under each position beside the weights.

use std::vec::Vec;

use nalgebra::{DMatrixView, DMatrixViewMut};

use super::tensor::Tensor;
use super::window::Window;
use crate::memory::{MemoryError, zeros};
use crate::part::part_mut;

/// Numbers that lie under positions and are multiplied at once.
const AT_ONCE: usize = 1 << 18;

/// A convolution with its normalisation, which is a part of its weights, and ReLU.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) window: Window,
    pub(super) from: usize,
    pub(super) to: usize,
    /// \[tap\]\[channel before\]\[channel\].
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Kernel {
    /// The taps of a position, and channels before it: what lies under it.
    const fn depth(&self) -> usize {
        self.window.taps() * self.from
    }

    /// The convolution of an image of as many channels.
    pub(super) fn apply(&self, input: &Tensor) -> Result<Tensor, MemoryError> {
        let (height, width) = self.window.size(input);
        let mut output = Tensor::zeros(height, width, self.to)?;
        let depth = self.depth();
        let block = (AT_ONCE / depth).max(1).min(output.positions());
        let mut room = zeros(block * depth)?;
        for (at, output) in output.numbers.chunks_mut(block * self.to).enumerate() {
            let under = part_mut(&mut room, 0, output.len() / self.to * depth);
            for (place, under) in under.chunks_exact_mut(depth).enumerate() {
                let place = at * block + place;
                let seen = self.window.under(input, place / width, place % width);
                for (under, channels) in under.chunks_exact_mut(self.from).zip(seen) {
                    match channels {
                        Some(channels) => under.copy_from_slice(channels),
                        None => under.fill(0.0),
                    }
                }
            }
            self.multiply(under, output);
        }
        Ok(output)
    }

    /// Weights times what lies under positions, bias and ReLU.
    fn multiply(&self, under: &[f32], output: &mut [f32]) {
        let (depth, count) = (self.depth(), output.len() / self.to);
        let weights = DMatrixView::from_slice(&self.weights, self.to, depth);
        let under = DMatrixView::from_slice(under, depth, count);
        let mut products = DMatrixViewMut::from_slice(output, self.to, count);
        products.gemm(1.0, &weights, &under, 0.0);
        for output in output.chunks_exact_mut(self.to) {
            for (out, bias) in output.iter_mut().zip(&self.bias) {
                let sum = *out + bias;
                // A number that is none stays so, and is found.
                *out = if sum < 0.0 { 0.0 } else { sum };
            }
        }
    }
}
