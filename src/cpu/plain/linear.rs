//! The gradients of a linear layer, and of an embedding of classes.

use super::{Real, View, fill, number, silu, silu_slope};
use crate::cpu::math::Number;
use crate::unet::Shape;

/// ∂in\[n, k\] = f'(in\[n, k\])·Σ_m W\[m, k\]·∂out\[n, m\], f the SiLU or nothing.
pub(crate) fn input<R: Real, W: Number>(
    made: Shape,
    grad: View<'_, R>,
    weight: &[W],
    input: View<'_, R>,
    activates: bool,
    output: &mut [R],
) {
    fill(made, output, |n, k, _, _| {
        let products =
            (0..grad.shape.channels).map(|m| number(weight, m * made.channels + k) * grad.of(n, m));
        let slope = if activates {
            silu_slope(input.of(n, k))
        } else {
            1.0
        };
        slope * products.sum::<f64>()
    });
}

/// ∂W\[m, k\] = Σ_n ∂out\[n, m\]·f(in\[n, k\]).
pub(crate) fn weight<R: Real>(
    made: Shape,
    input: View<'_, R>,
    grad: View<'_, R>,
    activates: bool,
    output: &mut [R],
) {
    // [M, K] is a vector of K numbers for each of M.
    fill(made, output, |m, k, _, _| {
        let products = (0..grad.shape.batch).map(|n| {
            let x = input.of(n, k);
            grad.of(n, m) * if activates { silu(x) } else { x }
        });
        products.sum()
    });
}

/// ∂table\[class, c\] = Σ over the images of the class of ∂out\[n, c\].
pub(crate) fn table<R: Real>(made: Shape, grad: View<'_, R>, labels: &[u32], output: &mut [R]) {
    fill(made, output, |class, c, _, _| {
        let images = labels.iter().enumerate();
        let of_class = images.filter(|&(_, &label)| label as usize == class);
        of_class.map(|(n, _)| grad.of(n, c)).sum()
    });
}
