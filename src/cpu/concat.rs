//! out\[n\] = [first\[n\], second\[n\]]: channels of the one, then of the other.

/// The concatenation of images of `a` and of `b` elements.
pub(crate) fn run(a: usize, b: usize, first: &[f32], second: &[f32], output: &mut [f32]) {
    let images = first
        .chunks_exact(a.max(1))
        .zip(second.chunks_exact(b.max(1)));
    for (out, (first, second)) in output.chunks_exact_mut((a + b).max(1)).zip(images) {
        let (front, back) = out.split_at_mut(a);
        front.copy_from_slice(first);
        back.copy_from_slice(second);
    }
}
