//! out\[n, m, y, x\] = Σ_{k, i, j} W\[m, k, i, j\]·in\[n, k, s·y + i - p, s·x + j - p\] + b\[m\] +
//! shift\[n, m\] + residual\[n, m, y, x\], with p = ⌊kernel/2⌋, and 0 outside of the image.
//!
//! Where the input is upsampled, in\[n, k, u, v\] stands for in\[n, k, ⌊u/2⌋, ⌊v/2⌋\].
//! [N, K, H, W] to [N, M, H', W'].

use super::math::Number;
use super::part::part;
use crate::unet::Extents;

/// Extents of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// [K, H, W].
    pub(crate) from: Extents,
    /// [M, H', W'].
    pub(crate) to: Extents,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) upsample: bool,
    /// How far apart the input's rows and columns lie, with 0 between them: the stride of the
    /// convolution whose input's gradient this is.
    pub(crate) spread: usize,
}

impl Shape {
    /// The row or column of the input under one of the output, of `side` there are.
    #[inline(always)]
    pub(crate) fn source(&self, at: usize, tap: usize, side: usize) -> Option<usize> {
        let at = (at * self.stride + tap).checked_sub(self.kernel / 2)?;
        let at = if self.upsample { at / 2 } else { at };
        let at = match self.spread {
            1 => at,
            spread if at.is_multiple_of(spread) => at / spread,
            _ => return None,
        };
        (at < side).then_some(at)
    }
}

/// The convolution.
pub(crate) fn run<W: Number>(
    shape: &Shape,
    input: &[f32],
    weight: &[W],
    bias: &[W],
    shift: Option<&[f32]>,
    residual: Option<&[f32]>,
    output: &mut [f32],
) {
    let Shape {
        from, to, kernel, ..
    } = *shape;
    let taps = from.channels * kernel * kernel;
    let images = output
        .chunks_exact_mut(to.elements())
        .zip(input.chunks_exact(from.elements()));
    for (n, (image, input)) in images.enumerate() {
        let planes = image.chunks_exact_mut(to.positions());
        let channels = planes.zip(weight.chunks_exact(taps)).zip(bias);
        for (m, ((plane, weight), bias)) in channels.enumerate() {
            let place = n * to.channels + m;
            let shift = shift.and_then(|shift| shift.get(place)).unwrap_or(&0.0);
            plane.fill(bias.value() + shift);
            for (y, row) in plane.chunks_exact_mut(to.width).enumerate() {
                sum_row(shape, input, weight, y, row);
            }
            let residual = residual.map(|r| part(r, place * to.positions(), to.positions()));
            for (out, residual) in plane.iter_mut().zip(residual.unwrap_or_default()) {
                *out += residual;
            }
        }
    }
}

/// Adds Σ_{k, i, j} to row y of a channel.
fn sum_row<W: Number>(shape: &Shape, input: &[f32], weight: &[W], y: usize, row: &mut [f32]) {
    let Shape { from, kernel, .. } = *shape;
    let planes = input.chunks_exact(from.positions());
    for (plane, weight) in planes.zip(weight.chunks_exact(kernel * kernel)) {
        for (i, weight) in weight.chunks_exact(kernel).enumerate() {
            let Some(v) = shape.source(y, i, from.height) else {
                continue;
            };
            let source = part(plane, v * from.width, from.width);
            for (j, weight) in weight.iter().enumerate() {
                let weight = weight.value();
                for (x, out) in row.iter_mut().enumerate() {
                    let under = shape.source(x, j, from.width).and_then(|u| source.get(u));
                    if let Some(value) = under {
                        *out += weight * value;
                    }
                }
            }
        }
    }
}
