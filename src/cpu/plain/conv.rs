//! The gradients of a convolution, and of what it adds.

use super::{Real, View, fill, number, total};
use crate::cpu::math::Number;
use crate::unet::Shape;

/// ∂in\[n, k, y, x\] = Σ over output channels m and the taps (i, j) under which (y, x) lies of
/// W\[m, k, i, j\]·∂out\[n, m, y', x'\].
pub(crate) fn input<R: Real, W: Number>(
    made: Shape,
    grad: View<'_, R>,
    weight: &[W],
    (kernel, stride): (usize, usize),
    output: &mut [R],
) {
    fill(made, output, |n, k, y, x| {
        let mut sum = 0.0;
        for tap in 0..kernel * kernel {
            let row = over(y, tap / kernel, kernel, stride);
            let column = over(x, tap % kernel, kernel, stride);
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

/// The output whose tap lies on an input, if there is one.
fn over(at: usize, tap: usize, kernel: usize, stride: usize) -> Option<usize> {
    let shifted = (at + kernel / 2).checked_sub(tap)?;
    shifted
        .is_multiple_of(stride)
        .then_some(shifted / stride.max(1))
}

/// ∂W\[m, k, i, j\] = Σ over images and positions of ∂out\[n, m, y, x\]·in\[n, k, y', x'\], each value of the
/// input repeated 2×2 where it is upsampled.
pub(crate) fn weight<R: Real>(
    made: Shape,
    input: View<'_, R>,
    grad: View<'_, R>,
    (stride, upsample): (usize, bool),
    output: &mut [R],
) {
    let kernel = made.height;
    let each = if upsample { 2 } else { 1 };
    let under = |at: usize, tap: usize| (at * stride + tap).checked_sub(kernel / 2);
    fill(made, output, |m, k, i, j| {
        total(grad.shape, |n, y, x| match (under(y, i), under(x, j)) {
            (Some(row), Some(column)) => {
                grad.at(n, m, y, x) * input.at(n, k, row / each, column / each)
            }
            _ => 0.0,
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
