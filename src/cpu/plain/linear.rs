//! A linear layer and its gradients.
//!
//! out\[n, m\] = Σ_k W\[m, k\]·f(in\[n, k\]) + b\[m\], f the SiLU or nothing. [N, K] to [N, M].

use super::{Real, View, fill, number};
use crate::cpu::math::Number;
use crate::part::parts;
use crate::unet::Shape;

/// The layer; `inputs` is K.
pub(crate) fn forward<R: Real, W: Number>(
    input: &[R],
    weight: &[W],
    bias: &[W],
    silu: bool,
    inputs: usize,
    output: &mut [R],
) {
    let inputs = inputs.max(1);
    for (row, input) in parts(output, bias.len(), input, inputs) {
        // What sums of numbers begin with.
        row.fill(-R::default());
        for (k, &x) in input.iter().enumerate() {
            let x = if silu { x.silu() } else { x };
            let weights = weight.iter().skip(k).step_by(inputs);
            for (out, weight) in row.iter_mut().zip(weights) {
                *out = *out + x * R::of(*weight);
            }
        }
        for (out, bias) in row.iter_mut().zip(bias) {
            *out = *out + R::of(*bias);
        }
    }
}

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
            input.of(n, k).silu_slope()
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
            grad.of(n, m) * if activates { x.silu() } else { x }
        });
        products.sum()
    });
}
