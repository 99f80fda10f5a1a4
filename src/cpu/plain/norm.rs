//! The gradients of a group normalisation.
//!
//! With x̂ the normalised input and z = (x̂·w + b)·(1 + scale) + shift what the SiLU is applied to,
//! ∂z = ∂out·f'(z), and of each group ∂in = (g - mean(g) - x̂·mean(g·x̂))/deviation, g = ∂z·w·(1 + scale).

use super::{Real, View, fill, number, silu_slope};
use crate::cpu::math::{EPSILON, Number};
use crate::unet::{GROUPS, NormOp, NormParam, Shape};

/// A normalisation and the gradient of its result, as they are read.
pub(crate) type Norm<'a, R, W> = NormOp<View<'a, R>, &'a [W]>;

/// Mean and 1/deviation of a group.
#[derive(Clone, Copy)]
struct Law {
    mean: f64,
    inverse: f64,
}

impl<R: Real, W: Number> Norm<'_, R, W> {
    const fn in_group(&self) -> usize {
        self.input.shape.channels / GROUPS
    }

    fn law(&self, n: usize, group: usize) -> Law {
        let shape = self.input.shape;
        let first = group * self.in_group();
        let count = (self.in_group() * shape.positions()) as f64;
        let mean_of = |term: &dyn Fn(f64) -> f64| {
            let mut sum = 0.0;
            for c in first..first + self.in_group() {
                for y in 0..shape.height {
                    for x in 0..shape.width {
                        sum += term(self.input.at(n, c, y, x));
                    }
                }
            }
            sum / count
        };
        let mean = mean_of(&|x| x);
        let variance = mean_of(&|x| (x - mean) * (x - mean));
        Law {
            mean,
            inverse: 1.0 / libm::sqrt(variance + EPSILON),
        }
    }

    /// w·(1 + scale).
    fn gain(&self, n: usize, c: usize) -> f64 {
        let scale = self.scale_shift.map_or(0.0, |both| both.of(n, c));
        number(self.weight, c) * (1.0 + scale)
    }

    /// x̂ and ∂z.
    fn at(&self, law: Law, [n, c, y, x]: [usize; 4]) -> (f64, f64) {
        let normal = (self.input.at(n, c, y, x) - law.mean) * law.inverse;
        let channels = self.input.shape.channels;
        let scale = self.scale_shift.map_or(0.0, |both| both.of(n, c));
        let shift = self
            .scale_shift
            .map_or(0.0, |both| both.of(n, channels + c));
        let affine = normal * number(self.weight, c) + number(self.bias, c);
        let slope = if self.silu {
            silu_slope(affine * (1.0 + scale) + shift)
        } else {
            1.0
        };
        (normal, self.grad.at(n, c, y, x) * slope)
    }

    /// For each image Σ ∂z and Σ ∂z·x̂ of each channel, then mean and 1/deviation of each group.
    pub(crate) fn sums(&self, output: &mut [R]) {
        let Shape {
            channels,
            height,
            width,
            ..
        } = self.input.shape;
        let rows = output.chunks_exact_mut(2 * (channels + GROUPS));
        for (n, row) in rows.enumerate() {
            let (sums, laws) = row.split_at_mut(2 * channels);
            let (zs, products) = sums.split_at_mut(channels);
            let (means, inverses) = laws.split_at_mut(GROUPS);
            let groups = zs
                .chunks_mut(self.in_group())
                .zip(products.chunks_mut(self.in_group()));
            let laws = means.iter_mut().zip(inverses);
            for (group, ((mean, inverse), (zs, products))) in laws.zip(groups).enumerate() {
                let law = self.law(n, group);
                *mean = R::nearest(law.mean);
                *inverse = R::nearest(law.inverse);
                let first = group * self.in_group();
                for (c, (z, product)) in zs.iter_mut().zip(products).enumerate() {
                    let (mut sum, mut sum_of_products) = (0.0, 0.0);
                    for y in 0..height {
                        for x in 0..width {
                            let (normal, d_z) = self.at(law, [n, first + c, y, x]);
                            sum += d_z;
                            sum_of_products += d_z * normal;
                        }
                    }
                    *z = R::nearest(sum);
                    *product = R::nearest(sum_of_products);
                }
            }
        }
    }

    /// The gradient of the input, from the sums.
    pub(crate) fn grad_input(&self, sums: View<'_, R>, output: &mut [R]) {
        let shape = self.input.shape;
        let count = (self.in_group() * shape.positions()) as f64;
        fill(shape, output, |n, c, y, x| {
            let group = c / self.in_group().max(1);
            let law = Law {
                mean: sums.of(n, 2 * shape.channels + group),
                inverse: sums.of(n, 2 * shape.channels + GROUPS + group),
            };
            let first = group * self.in_group();
            let mean = |start: usize| {
                let channels = first..first + self.in_group();
                let terms = channels.map(|c| self.gain(n, c) * sums.of(n, start + c));
                terms.sum::<f64>() / count
            };
            let (normal, d_z) = self.at(law, [n, c, y, x]);
            law.inverse * (d_z * self.gain(n, c) - mean(0) - normal * mean(shape.channels))
        });
    }
}

/// The gradients of scale and shift: w·Σ ∂z·x̂ + b·Σ ∂z, then Σ ∂z.
pub(crate) fn scale_shift<R: Real, W: Number>(
    made: Shape,
    channels: usize,
    sums: View<'_, R>,
    [weight, bias]: [&[W]; 2],
    output: &mut [R],
) {
    fill(made, output, |n, c, _, _| match c.checked_sub(channels) {
        None => number(weight, c) * sums.of(n, channels + c) + number(bias, c) * sums.of(n, c),
        Some(c) => sums.of(n, c),
    });
}

/// The gradient of weight or bias: Σ_n (1 + scale)·(Σ ∂z·x̂ or Σ ∂z).
pub(crate) fn parameter<R: Real>(
    made: Shape,
    (of, channels): (NormParam, usize),
    sums: View<'_, R>,
    scale_shift: Option<View<'_, R>>,
    output: &mut [R],
) {
    let start = match of {
        NormParam::Weight => channels,
        NormParam::Bias => 0,
    };
    fill(made, output, |_, c, _, _| {
        let each = (0..sums.shape.batch).map(|n| {
            let scale = scale_shift.map_or(0.0, |both| both.of(n, c));
            sums.of(n, start + c) * (1.0 + scale)
        });
        each.sum()
    });
}
