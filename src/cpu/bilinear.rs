//! out\[n, c, y, x\] = in\[n, c\] at (u, v), linear between the four values around it:
//! u = (y + ½)·H/H' - ½, not below 0; at the last row and column the last value. Corners are not
//! aligned and nothing is smoothed. [N, C, H, W] to [N, C, H', W'].

use super::part::part;
use crate::unet::Extents;

/// The two places that a row or column of the result lies between, and the weight of the second.
pub(crate) struct Between {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) weight: f32,
}

impl Between {
    pub(crate) fn of(at: usize, from: usize, to: usize) -> Self {
        let place = (at as f32 + 0.5) * (from as f32 / to as f32) - 0.5;
        let place = place.max(0.0);
        let first = (place as usize).min(from - 1);
        Self {
            first,
            second: (first + 1).min(from - 1),
            weight: place - first as f32,
        }
    }
}

/// The resizing, from images of `from` to images of `to`.
pub(crate) fn run(from: Extents, to: Extents, input: &[f32], output: &mut [f32]) {
    let planes = input.chunks_exact(from.positions());
    for (output, plane) in output.chunks_exact_mut(to.positions()).zip(planes) {
        for (y, out) in output.chunks_exact_mut(to.width).enumerate() {
            let rows = Between::of(y, from.height, to.height);
            let upper = part(plane, rows.first * from.width, from.width);
            let lower = part(plane, rows.second * from.width, from.width);
            for (x, out) in out.iter_mut().enumerate() {
                let columns = Between::of(x, from.width, to.width);
                let along = |row: &[f32]| {
                    let at = |place| row.get(place).copied().unwrap_or(0.0);
                    (1.0 - columns.weight) * at(columns.first) + columns.weight * at(columns.second)
                };
                *out = (1.0 - rows.weight) * along(upper) + rows.weight * along(lower);
            }
        }
    }
}
