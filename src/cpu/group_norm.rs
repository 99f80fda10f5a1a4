//! y = (x - μ)/√(σ² + ε)·w\[c\] + b\[c\], then y·(1 + scale\[n, c\]) + shift\[n, c\], then y/(1 + e^{-y}).
//!
//! μ and σ² (biased) are those of the C/32 channels of a group at all positions of an image, in two
//! passes with f64 sums; ε = 1e-5. [N, C, H, W] to the same.

use super::GROUPS;
use super::math::{EPSILON, Number, silu as f};
use super::part::part;
use crate::unet::Extents;

/// The normalisation.
pub(crate) fn run<W: Number>(
    extents: Extents,
    input: &[f32],
    weight: &[W],
    bias: &[W],
    scale_shift: Option<&[f32]>,
    silu: bool,
    output: &mut [f32],
) {
    let (channels, positions) = (extents.channels, extents.positions());
    let in_group = channels / GROUPS;
    let len = in_group * positions;
    let groups = output
        .chunks_exact_mut(len)
        .zip(input.chunks_exact(len))
        .enumerate();
    for (at, (output, input)) in groups {
        let (n, group) = (at / GROUPS, at % GROUPS);
        let (mean, deviation) = statistics(input);
        let planes = output
            .chunks_exact_mut(positions)
            .zip(input.chunks_exact(positions));
        let parameters = weight.iter().zip(bias).skip(group * in_group);
        for (c, ((output, input), (weight, bias))) in planes.zip(parameters).enumerate() {
            let c = group * in_group + c;
            let affine = Affine::of(mean, deviation, weight.value(), bias.value()).modulated(
                scale_shift.map(|both| part(both, n * 2 * channels, 2 * channels)),
                c,
            );
            for (out, &x) in output.iter_mut().zip(input) {
                let y = affine.at(x);
                *out = if silu { f(y) } else { y };
            }
        }
    }
}

/// μ and √(σ² + ε).
fn statistics(x: &[f32]) -> (f64, f64) {
    let count = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let squares = x.iter().map(|&x| {
        let from_mean = f64::from(x) - mean;
        from_mean * from_mean
    });
    (mean, libm::sqrt(squares.sum::<f64>() / count + EPSILON))
}

/// (x - center)·scale + offset.
#[derive(Clone, Copy)]
pub(crate) struct Affine {
    pub(crate) center: f32,
    pub(crate) scale: f32,
    pub(crate) offset: f32,
}

impl Affine {
    pub(crate) fn of(mean: f64, deviation: f64, weight: f32, bias: f32) -> Self {
        Self {
            center: mean as f32,
            scale: (f64::from(weight) / deviation) as f32,
            // What rounding the mean left of it.
            offset: (f64::from(bias)
                + (f64::from(mean as f32) - mean) * f64::from(weight) / deviation)
                as f32,
        }
    }

    /// Followed by y·(1 + scale) + shift of channel c, from an image's scales and shifts.
    pub(crate) fn modulated(self, scale_shift: Option<&[f32]>, c: usize) -> Self {
        let Some(scale_shift) = scale_shift else {
            return self;
        };
        let (scales, shifts) = scale_shift.split_at(scale_shift.len() / 2);
        let scale = 1.0 + scales.get(c).copied().unwrap_or(0.0);
        let shift = shifts.get(c).copied().unwrap_or(0.0);
        Self {
            center: self.center,
            scale: self.scale * scale,
            offset: self.offset * scale + shift,
        }
    }

    #[inline(always)]
    pub(crate) fn at(self, x: f32) -> f32 {
        (x - self.center) * self.scale + self.offset
    }
}
