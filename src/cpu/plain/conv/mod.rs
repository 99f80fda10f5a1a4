//! A convolution and its gradients.
//!
//! out\[n, m, y, x\] = Σ_{k, i, j} W\[m, k, i, j\]·in\[n, k, s·y + i - p, s·x + j - p\] + b\[m\] +
//! shift\[n, m\] + residual\[n, m, y, x\], with p = ⌊kernel/2⌋. Outside of the image there is 0, or the other side
//! of it where it goes round.
//!
//! Where the input is upsampled, in\[n, k, u, v\] stands for in\[n, k, ⌊u/2⌋, ⌊v/2⌋\].
//! [N, K, H, W] to [N, M, H', W'].

mod forward;
mod rows;

pub(crate) use forward::forward;

use super::{Real, View, fill, number, total};
use crate::cpu::math::Number;
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
    #[cfg(feature = "std")]
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
            spread if at.is_multiple_of(spread) => at.checked_div(spread),
            _ => None,
        }
    }
}

/// The row or column so many before another, of `side` there are; where they go round, the last is before the first
/// and the first behind the last.
const fn before(at: usize, pad: usize, side: usize, wraps: bool) -> Option<usize> {
    if wraps && side > 0 {
        Some((at + side - pad) % side)
    } else {
        at.checked_sub(pad)
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
            let row = over(y, tap / kernel.max(1), way, made.height, wrap.rows());
            let column = over(x, tap % kernel.max(1), way, made.width, wrap.columns());
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
