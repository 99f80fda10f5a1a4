//! A convolution and its gradients.
//!
//! out\[n, m, y, x\] = Σ_{k, i, j} W\[m, k, i, j\]·in\[n, k, s·y + i - p, s·x + j - p\] + b\[m\] +
//! shift\[n, m\] + residual\[n, m, y, x\], with p = ⌊kernel/2⌋. Outside of the image there is 0, or the other side
//! of it where it goes round.
//!
//! Where the input is upsampled, in\[n, k, u, v\] stands for in\[n, k, ⌊u/2⌋, ⌊v/2⌋\].
//! [N, K, H, W] to [N, M, H', W'].

use super::{Real, View, fill, number, total};
use crate::cpu::math::Number;
use crate::part::{item, part};
use crate::unet::{Extents, Shape, Wrap};

/// Extents of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct Window {
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
    pub(crate) wrap: Wrap,
}

/// How a convolution goes over its input, as its gradients are told.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) upsample: bool,
    pub(crate) wrap: Wrap,
}

impl Window {
    /// The row of the input under one of the output.
    #[inline(always)]
    pub(crate) fn row(&self, y: usize, tap: usize) -> Option<usize> {
        let side = self.from.height;
        match self.inside(y, tap, side) {
            None if self.wrap.rows() => self.around(y, tap, side),
            found => found,
        }
    }

    /// The column of the input under one of the output.
    #[inline(always)]
    pub(crate) fn column(&self, x: usize, tap: usize) -> Option<usize> {
        let side = self.from.width;
        match self.inside(x, tap, side) {
            None if self.wrap.columns() => self.around(x, tap, side),
            found => found,
        }
    }

    /// The column that is under one of the output, inside of the image.
    #[inline(always)]
    pub(crate) fn column_inside(&self, x: usize, tap: usize) -> Option<usize> {
        self.inside(x, tap, self.from.width)
    }

    /// The column of the output whose column of the input lies across an edge, and that: a kernel of 3 reaches
    /// one column further.
    #[inline(always)]
    pub(crate) fn across(&self, tap: usize) -> Option<(usize, usize)> {
        if !self.wrap.columns() {
            return None;
        }
        let mut ends = [0, self.to.width - 1].into_iter();
        let x = ends.find(|&x| self.column_inside(x, tap).is_none())?;
        Some((x, self.column(x, tap)?))
    }

    /// The row or column of the input under one of the output, of `side` there are.
    #[inline(always)]
    fn inside(&self, at: usize, tap: usize, side: usize) -> Option<usize> {
        let at = (at * self.stride + tap).checked_sub(self.kernel / 2)?;
        let at = if self.upsample { at / 2 } else { at };
        let at = self.unspread(at)?;
        (at < side).then_some(at)
    }

    /// The same where the last is followed by the first.
    fn around(&self, at: usize, tap: usize, side: usize) -> Option<usize> {
        let seen = if self.upsample { 2 * side } else { side } * self.spread;
        let at = before(at * self.stride + tap, self.kernel / 2, seen, true)?;
        self.unspread(if self.upsample { at / 2 } else { at })
    }

    /// Where one that lies so far apart from others is among them.
    #[inline(always)]
    const fn unspread(&self, at: usize) -> Option<usize> {
        match self.spread {
            1 => Some(at),
            spread if at.is_multiple_of(spread) => Some(at / spread),
            _ => None,
        }
    }
}

/// The row or column so many before another, of `side` there are; where they go round, the last is before the first
/// and the first behind the last.
const fn before(at: usize, pad: usize, side: usize, wraps: bool) -> Option<usize> {
    if wraps {
        Some((at + side - pad) % side)
    } else {
        at.checked_sub(pad)
    }
}

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
    let taps = from.channels * kernel * kernel;
    let across = [0, 1, 2].map(|tap| shape.across(tap));
    let images = output
        .chunks_exact_mut(to.elements())
        .zip(input.chunks_exact(from.elements()));
    for (n, (image, input)) in images.enumerate() {
        let planes = image.chunks_exact_mut(to.positions());
        let channels = planes.zip(weight.chunks_exact(taps)).zip(bias);
        for (m, ((plane, weight), bias)) in channels.enumerate() {
            let place = n * to.channels + m;
            // Absent: 0.
            let shift = shift.map(|shift| item(shift, place)).unwrap_or_default();
            plane.fill(R::of(*bias) + shift);
            for (y, row) in plane.chunks_exact_mut(to.width).enumerate() {
                sum_row(shape, across, input, weight, y, row);
            }
            let Some(residual) = residual else { continue };
            let residual = part(residual, place * to.positions(), to.positions());
            for (out, &residual) in plane.iter_mut().zip(residual) {
                *out = *out + residual;
            }
        }
    }
}

/// Adds Σ_{k, i, j} to row y of a channel; `across` an edge lies what [`Window::across`] finds under each tap.
fn sum_row<R: Real, W: Number>(
    shape: &Window,
    across: [Option<(usize, usize)>; 3],
    input: &[R],
    weight: &[W],
    y: usize,
    row: &mut [R],
) {
    let Window { from, kernel, .. } = *shape;
    let planes = input.chunks_exact(from.positions());
    for (plane, weight) in planes.zip(weight.chunks_exact(kernel * kernel)) {
        for (i, weight) in weight.chunks_exact(kernel).enumerate() {
            let Some(v) = shape.row(y, i) else {
                continue;
            };
            let source = part(plane, v * from.width, from.width);
            for ((j, weight), across) in weight.iter().enumerate().zip(across) {
                let weight = R::of(*weight);
                for (x, out) in row.iter_mut().enumerate() {
                    let under = shape.column_inside(x, j).and_then(|u| source.get(u));
                    if let Some(&value) = under {
                        *out = *out + weight * value;
                    }
                }
                let Some((x, u)) = across else {
                    continue;
                };
                if let (Some(out), Some(&value)) = (row.get_mut(x), source.get(u)) {
                    *out = *out + weight * value;
                }
            }
        }
    }
}

/// ∂in\[n, k, y, x\] = Σ over output channels m and the taps (i, j) under which (y, x) lies of
/// W\[m, k, i, j\]·∂out\[n, m, y', x'\], before the upsampling where there is one.
pub(crate) fn input<R: Real, W: Number>(
    made: Shape,
    grad: View<'_, R>,
    weight: &[W],
    way: Way,
    output: &mut [R],
) {
    let Way { kernel, wrap, .. } = way;
    fill(made, output, |n, k, y, x| {
        let mut sum = 0.0;
        for tap in 0..kernel * kernel {
            let row = over(y, tap / kernel, way, made.height, wrap.rows());
            let column = over(x, tap % kernel, way, made.width, wrap.columns());
            if let (Some(row), Some(column)) = (row, column) {
                for m in 0..grad.shape.channels {
                    let weight = number(weight, (m * made.channels + k) * kernel * kernel + tap);
                    sum += weight * grad.at(n, m, row, column);
                }
            }
        }
        sum
    });
}

/// The output whose tap lies on an input, of `side` there are, if there is one.
fn over(at: usize, tap: usize, way: Way, side: usize, wraps: bool) -> Option<usize> {
    let shifted = before(at + way.kernel / 2, tap, side, wraps)?;
    shifted
        .is_multiple_of(way.stride)
        .then_some(shifted / way.stride.max(1))
}

/// ∂W\[m, k, i, j\] = Σ over images and positions of ∂out\[n, m, y, x\]·in\[n, k, y', x'\], each value of the
/// input repeated 2×2 where it is upsampled.
pub(crate) fn weight<R: Real>(
    made: Shape,
    input: View<'_, R>,
    grad: View<'_, R>,
    way: Way,
    output: &mut [R],
) {
    let each = if way.upsample { 2 } else { 1 };
    let Shape { height, width, .. } = input.shape;
    let under = |at: usize, tap: usize, side: usize, wraps: bool| {
        before(at * way.stride + tap, way.kernel / 2, each * side, wraps)
    };
    fill(made, output, |m, k, i, j| {
        total(grad.shape, |n, y, x| {
            let row = under(y, i, height, way.wrap.rows());
            let column = under(x, j, width, way.wrap.columns());
            match (row, column) {
                (Some(row), Some(column)) => {
                    grad.at(n, m, y, x) * input.at(n, k, row / each, column / each)
                }
                _ => 0.0,
            }
        })
    });
}

/// Σ over images and positions, the gradient of a bias.
pub(crate) fn channel_sum<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    fill(made, output, |_, c, _, _| {
        total(grad.shape, |n, y, x| grad.at(n, c, y, x))
    });
}

/// Σ over positions, the gradient of a shift.
pub(crate) fn position_sum<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    let image = Shape {
        batch: 1,
        ..grad.shape
    };
    fill(made, output, |n, c, _, _| {
        total(image, |_, y, x| grad.at(n, c, y, x))
    });
}
