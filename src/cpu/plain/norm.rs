//! Group normalisation and its gradients.
//!
//! y = (x - μ)/√(σ² + ε)·w\[c\] + b\[c\], then y·(1 + scale\[n, c\]) + shift\[n, c\], then y/(1 + e^{-y}).
//!
//! μ and σ² (biased) are those of the C/G channels of a group at all positions of an image, in two
//! passes; ε = 1e-5. [N, C, H, W] to the same.
//!
//! With x̂ the normalised input and z = (x̂·w + b)·(1 + scale) + shift what the SiLU is applied to,
//! ∂z = ∂out·f'(z), and of each group ∂in = (g - mean(g) - x̂·mean(g·x̂))/deviation, g = ∂z·w·(1 + scale).

use super::{Real, View, fill, number};
use crate::cpu::math::{EPSILON, Number};
use crate::part::{item, part, parts, split, split_mut};
use crate::unet::{Extents, NormOp, NormParam, Shape};

/// The normalisation.
pub(crate) fn forward<R: Real, W: Number>(
    extents: Extents,
    input: &[R],
    weight: &[W],
    bias: &[W],
    scale_shift: Option<&[R]>,
    (groups, silu): (usize, bool),
    output: &mut [R],
) {
    // None are refused before anything runs.
    let groups = groups.max(1);
    let (channels, positions) = (extents.channels, extents.positions());
    let in_group = channels / groups;
    let len = in_group * positions;
    for (at, (output, input)) in parts(output, len, input, len).enumerate() {
        let (n, group) = (at / groups, at % groups);
        let (mean, deviation) = statistics(input);
        let planes = parts(output, positions, input, positions);
        let parameters = weight.iter().zip(bias).skip(group * in_group);
        for (c, ((output, input), (&weight, &bias))) in planes.zip(parameters).enumerate() {
            let c = group * in_group + c;
            let affine = Affine::<R>::of(mean, deviation, weight, bias).modulated(
                scale_shift.map(|both| part(both, n * 2 * channels, 2 * channels)),
                c,
            );
            for (out, &x) in output.iter_mut().zip(input) {
                let y = affine.at(x);
                *out = if silu { y.silu() } else { y };
            }
        }
    }
}

/// μ and √(σ² + ε).
///
/// About a center near μ, whose distance from μ is taken off again: of f32 the squares are of differences rounded once, so
/// that σ² is off by 3·2^-24 of it at most.
fn statistics<R: Real>(x: &[R]) -> (f64, f64) {
    let count = x.len() as f64;
    let mean = R::total(x, |x| x) / count;
    let center = R::nearest(mean);
    let squares = R::total(x, |x| (x - center) * (x - center)) / count;
    let off = center.exact() - mean;
    let (mean, variance) = if squares.is_finite() {
        (mean, squares - off * off)
    } else {
        exact_statistics(x)
    };
    (mean, libm::sqrt(variance.max(0.0) + EPSILON))
}

/// μ and σ² of numbers too large for sums in f32.
#[cold]
fn exact_statistics<R: Real>(x: &[R]) -> (f64, f64) {
    let count = x.len() as f64;
    let mean = x.iter().map(|x| x.exact()).sum::<f64>() / count;
    let squares = x.iter().map(|x| {
        let from_mean = x.exact() - mean;
        from_mean * from_mean
    });
    (mean, squares.sum::<f64>() / count)
}

/// (x - center)·scale + offset.
#[derive(Clone, Copy)]
pub(crate) struct Affine<R> {
    pub(crate) center: R,
    pub(crate) scale: R,
    pub(crate) offset: R,
}

impl<R: Real> Affine<R> {
    pub(crate) fn of(mean: f64, deviation: f64, weight: impl Number, bias: impl Number) -> Self {
        let (center, scale) = (R::nearest(mean), weight.exact() / deviation);
        Self {
            center,
            scale: R::nearest(scale),
            // What rounding the mean left of it.
            offset: R::nearest(bias.exact() + (center.exact() - mean) * weight.exact() / deviation),
        }
    }

    /// Followed by y·(1 + scale) + shift of channel c, from an image's scales and shifts.
    pub(crate) fn modulated(self, scale_shift: Option<&[R]>, c: usize) -> Self {
        let Some(scale_shift) = scale_shift else {
            return self;
        };
        let (scales, shifts) = split(scale_shift, scale_shift.len() / 2);
        let scale = R::nearest(1.0) + item(scales, c);
        let shift = item(shifts, c);
        Self {
            center: self.center,
            scale: self.scale * scale,
            offset: self.offset * scale + shift,
        }
    }

    #[inline(always)]
    pub(crate) fn at(self, x: R) -> R {
        (x - self.center) * self.scale + self.offset
    }
}

/// A normalisation and the gradient of its result, as they are read.
pub(crate) type Norm<'a, R, W> = NormOp<View<'a, R>, &'a [W]>;

/// Mean and 1/deviation of a group.
#[derive(Clone, Copy)]
struct Law {
    mean: f64,
    inverse: f64,
}

impl<R: Real, W: Number> Norm<'_, R, W> {
    fn in_group(&self) -> usize {
        self.input.shape.channels / self.groups.max(1)
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
            (affine * (1.0 + scale) + shift).silu_slope()
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
        let rows = output.chunks_exact_mut((2 * (channels + self.groups)).max(1));
        for (n, row) in rows.enumerate() {
            let (sums, laws) = split_mut(row, 2 * channels);
            let (zs, products) = split_mut(sums, channels);
            let (means, inverses) = split_mut(laws, self.groups);
            let groups = zs
                .chunks_mut(self.in_group().max(1))
                .zip(products.chunks_mut(self.in_group().max(1)));
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
                inverse: sums.of(n, 2 * shape.channels + self.groups + group),
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
    of: NormParam,
    channels: usize,
    sums: View<'_, R>,
    scale_shift: Option<View<'_, R>>,
    output: &mut [R],
) {
    let start = of.sums_start(channels);
    fill(made, output, |_, c, _, _| {
        let each = (0..sums.shape.batch).map(|n| {
            let scale = scale_shift.map_or(0.0, |both| both.of(n, c));
            sums.of(n, start + c) * (1.0 + scale)
        });
        each.sum()
    });
}
