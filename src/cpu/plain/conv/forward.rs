//! The convolution itself.
//!
//! The numbers of an output are added up in the order of the formula, whatever else goes first: k, then i, then j, the
//! residual last. So it has the same bits whatever is made together with it.
//!
//! What is asked of an image, of a row or of its edges is asked outside of the loop over columns, and for several channels
//! of the result at once; a weight is widened once.

use super::super::Real;
use super::Window;
use super::rows::{Kernel, add_all, add_channel};
use crate::cpu::math::Number;
use crate::part::{item, part, parts};
use crate::unet::Extents;

/// Channels of the result that are made at once.
const BLOCK: usize = 16;

/// The convolution.
pub(crate) fn forward<R: Real, W: Number>(
    shape: &Window,
    input: &[R],
    weight: &[W],
    bias: &[W],
    shift: Option<&[R]>,
    residual: Option<&[R]>,
    output: &mut [R],
) {
    let Window {
        from, to, kernel, ..
    } = *shape;
    let positions = to.positions();
    let taps = from.channels * kernel * kernel;
    let images = parts(output, to.elements(), input, from.elements());
    for (n, (image, input)) in images.enumerate() {
        let blocks = image.chunks_mut(positions.saturating_mul(BLOCK).max(1));
        let parameters = weight
            .chunks(taps.saturating_mul(BLOCK).max(1))
            .zip(bias.chunks(BLOCK));
        for (b, (block, (weight, bias))) in blocks.zip(parameters).enumerate() {
            let first = n * to.channels + b * BLOCK;
            let planes = block
                .chunks_exact_mut(positions.max(1))
                .zip(bias)
                .enumerate();
            for (m, (plane, bias)) in planes {
                // Absent: 0.
                let shift = shift.map(|shift| item(shift, first + m));
                plane.fill(R::of(*bias) + shift.unwrap_or_default());
            }
            add_image(shape, input, weight, block);
            let Some(residual) = residual else { continue };
            let residual = part(residual, first * positions, block.len());
            for (out, &residual) in block.iter_mut().zip(residual) {
                *out = *out + residual;
            }
        }
    }
}

/// Adds Σ_{k, i, j} to a block of channels.
fn add_image<R: Real, W: Number>(shape: &Window, image: &[R], weight: &[W], block: &mut [R]) {
    let Window {
        from,
        kernel,
        stride,
        upsample,
        ..
    } = *shape;
    if (kernel, stride, upsample) == (1, 1, false) {
        return add_pointwise(from, image, weight, block);
    }
    let taps = kernel * kernel;
    let mut kernels = [Kernel::default(); BLOCK];
    for (k, source) in image.chunks_exact(from.positions().max(1)).enumerate() {
        let weights = weight.chunks_exact((from.channels * taps).max(1));
        for (all, weight) in kernels.iter_mut().zip(weights) {
            *all = widened(kernel, part(weight, k * taps, taps));
        }
        add_channel(shape, &kernels, source, block);
    }
}

/// Adds the channels of an image, each by its weight: four at a time, so that a sum is held for as long.
fn add_pointwise<R: Real, W: Number>(from: Extents, image: &[R], weight: &[W], block: &mut [R]) {
    for (plane, weight) in parts(block, from.positions(), weight, from.channels) {
        let mut inputs = image.chunks_exact(from.positions().max(1));
        let mut next = || inputs.next().unwrap_or_default().iter();
        let (cells, _) = plane.as_chunks_mut::<1>();
        let (fours, others) = weight.as_chunks::<4>();
        for weights in fours {
            let four = next().zip(next()).zip(next().zip(next()));
            let under = four.map(|((a, b), (c, d))| [a, b, c, d].map(|&number| [[number]]));
            add_all(cells, &weights.map(|weight| [R::of(weight)]), under);
        }
        for &weight in others {
            add_all(cells, &[[R::of(weight)]], next().map(|&a| [[[a]]]));
        }
    }
}

/// The weights of a kernel; one of side 1 has the first place.
#[inline(always)]
fn widened<R: Real, W: Number>(side: usize, weight: &[W]) -> Kernel<R> {
    let mut all = Kernel::default();
    for (row, weight) in all.iter_mut().zip(weight.chunks_exact(side.max(1))) {
        for (out, weight) in row.iter_mut().zip(weight) {
            *out = R::of(*weight);
        }
    }
    all
}
