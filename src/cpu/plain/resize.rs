//! Resizings and their gradients.

use super::{Real, View, fill};
use crate::part::{item, part, parts, split};
use crate::unet::{Extents, Shape};

/// out\[n, c, y, x\] = ¼·Σ_{i, j < 2} in\[n, c, 2y + i, 2x + j\]; an odd last row or column is left out.
///
/// The means of 2×2; `from` are the extents of an image of the input.
pub(crate) fn average_pool<R: Real>(from: Extents, input: &[R], output: &mut [R]) {
    let across = from.width / 2;
    let out_plane = (from.height / 2) * across;
    if across == 0 {
        return;
    }
    for (output, plane) in parts(output, out_plane, input, from.positions()) {
        for (out, pair) in parts(output, across, plane, 2 * from.width) {
            let (upper, lower) = split(pair, from.width);
            let columns = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks().0);
            for (out, (&[a, b], &[c, d])) in out.iter_mut().zip(columns) {
                *out = R::nearest(0.25) * ((a + b) + (c + d));
            }
        }
    }
}

/// out\[n, c, y, x\] = in\[n, c, ⌊y/2⌋, ⌊x/2⌋\]: [N, C, H, W] to [N, C, 2H, 2W].
///
/// Each value four times; `from` are the extents of an image of the input.
pub(crate) fn upsample<R: Copy>(from: Extents, input: &[R], output: &mut [R]) {
    for (pair, row) in parts(output, 4 * from.width, input, from.width) {
        for out in pair.chunks_exact_mut((2 * from.width).max(1)) {
            for (out, &value) in out.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                *out = [value, value];
            }
        }
    }
}

/// The two places that a row or column of the result lies between, and the weight of the second.
pub(crate) struct Between<R> {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) weight: R,
}

impl<R: Real> Between<R> {
    pub(crate) fn of(at: usize, from: usize, to: usize) -> Self {
        let [at, from_side, to, half] =
            [at as f64, from as f64, to as f64, 0.5].map(|number| R::nearest(number));
        let place = (at + half) * (from_side / to) - half;
        let place = if place < R::default() {
            R::default()
        } else {
            place
        };
        let first = (place.exact() as usize).min(from - 1);
        Self {
            first,
            second: (first + 1).min(from - 1),
            weight: place - R::nearest(first as f64),
        }
    }
}

/// out\[n, c, y, x\] = in\[n, c\] at (u, v), linear between the four values around it:
/// u = (y + ½)·H/H' - ½, not below 0; at the last row and column the last value. Corners are not
/// aligned and nothing is smoothed. [N, C, H, W] to [N, C, H', W'].
///
/// The resizing, from images of `from` to images of `to`.
pub(crate) fn bilinear<R: Real>(from: Extents, to: Extents, input: &[R], output: &mut [R]) {
    let one = R::nearest(1.0);
    for (output, plane) in parts(output, to.positions(), input, from.positions()) {
        for (y, out) in output.chunks_exact_mut(to.width.max(1)).enumerate() {
            let rows = Between::<R>::of(y, from.height, to.height);
            let upper = part(plane, rows.first * from.width, from.width);
            let lower = part(plane, rows.second * from.width, from.width);
            for (x, out) in out.iter_mut().enumerate() {
                let columns = Between::of(x, from.width, to.width);
                let along = |row: &[R]| {
                    (one - columns.weight) * item(row, columns.first)
                        + columns.weight * item(row, columns.second)
                };
                *out = (one - rows.weight) * along(upper) + rows.weight * along(lower);
            }
        }
    }
}

/// Each value four times, divided by 4; the last row or column of an odd size is 0.
pub(crate) fn average_pool_grad<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    fill(made, output, |n, c, y, x| grad.at(n, c, y / 2, x / 2) / 4.0);
}

/// Sums of 2×2.
pub(crate) fn upsample_grad<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    fill(made, output, |n, c, y, x| {
        let row = |y| grad.at(n, c, y, 2 * x) + grad.at(n, c, y, 2 * x + 1);
        row(2 * y) + row(2 * y + 1)
    });
}
