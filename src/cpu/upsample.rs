//! out\[n, c, y, x\] = in\[n, c, ⌊y/2⌋, ⌊x/2⌋\]: [N, C, H, W] to [N, C, 2H, 2W].

use crate::unet::Extents;

/// Each value four times; `from` are the extents of an image of the input.
pub(crate) fn run(from: Extents, input: &[f32], output: &mut [f32]) {
    let rows = input.chunks_exact(from.width);
    for (pair, row) in output.chunks_exact_mut(4 * from.width).zip(rows) {
        for out in pair.chunks_exact_mut(2 * from.width) {
            for (out, &value) in out.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                *out = [value, value];
            }
        }
    }
}
