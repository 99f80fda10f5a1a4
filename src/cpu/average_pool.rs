//! out\[n, c, y, x\] = ¼·Σ_{i, j < 2} in\[n, c, 2y + i, 2x + j\]; an odd last row or column is left out.

use crate::unet::Extents;

/// The means of 2×2; `from` are the extents of an image of the input.
pub(crate) fn run(from: Extents, input: &[f32], output: &mut [f32]) {
    let planes = input.chunks_exact(from.positions());
    let out_plane = (from.height / 2) * (from.width / 2);
    for (output, plane) in output.chunks_exact_mut(out_plane.max(1)).zip(planes) {
        let pairs = plane.chunks_exact(2 * from.width);
        for (out, pair) in output.chunks_exact_mut(from.width / 2).zip(pairs) {
            let (upper, lower) = pair.split_at(from.width);
            let columns = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks().0);
            for (out, (&[a, b], &[c, d])) in out.iter_mut().zip(columns) {
                *out = 0.25 * ((a + b) + (c + d));
            }
        }
    }
}
