//! The windows that convolutions and pools look through.

use super::tensor::Tensor;

/// A window that goes over an image: rows, columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    kernel: [usize; 2],
    stride: usize,
    /// Rows above and below, columns before and behind the image.
    padding: [usize; 2],
}

impl Window {
    /// At every position, its middle there.
    pub(super) const fn same(kernel: [usize; 2]) -> Self {
        let [rows, columns] = kernel;
        Self {
            kernel,
            stride: 1,
            padding: [rows / 2, columns / 2],
        }
    }

    /// At every position or every other one, where all of it lies within the image.
    pub(super) const fn valid(kernel: [usize; 2], stride: usize) -> Self {
        Self {
            kernel,
            stride,
            padding: [0; 2],
        }
    }

    pub(super) const fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    /// The positions that it looks at one after the other.
    pub(super) const fn taps(&self) -> usize {
        let [rows, columns] = self.kernel;
        rows * columns
    }

    /// Rows and columns of what is made through it.
    pub(super) fn size(&self, input: &Tensor) -> (usize, usize) {
        let [rows, columns] = self.kernel;
        let [above, before] = self.padding;
        let side = |side: usize, kernel: usize, padding: usize| {
            (side + 2 * padding).saturating_sub(kernel) / self.stride + 1
        };
        (
            side(input.height, rows, above),
            side(input.width, columns, before),
        )
    }

    /// The channels under each of its taps where it makes this row and column; `None` outside of the image.
    pub(super) fn under<'t>(
        &self,
        input: &'t Tensor,
        row: usize,
        column: usize,
    ) -> impl Iterator<Item = Option<&'t [f32]>> {
        let Self {
            kernel: [_, columns],
            stride,
            padding: [above, before],
        } = *self;
        (0..self.taps()).map(move |tap| {
            let row = (row * stride + tap / columns).checked_sub(above)?;
            let column = (column * stride + tap % columns).checked_sub(before)?;
            input.at(row, column)
        })
    }
}
