//! Group normalisation of rows of channels: sums by channel over stretches of positions, each
//! group's statistics from them, then one pass that normalises.
//!
//! Sums of x and x² are f64, in which the square of an f32 is exact: what is lost in E x² - μ² is
//! below 1e-15 of μ².

use super::threads::{Threads, product};
use crate::cpu::math::{EPSILON, Real};
use crate::cpu::plain::norm::Affine;
use crate::diffusion::lanes::dispatch;
use crate::part::{part, part_mut};
use crate::unet::Extents;

/// Positions that are summed up together; fixed, so that sums do not depend on threads.
const STRETCH: usize = 32;

/// A normalisation with all it reads.
pub(crate) struct GroupNorm<'a> {
    pub(crate) extents: Extents,
    pub(crate) batch: usize,
    /// [N, H, W, C].
    pub(crate) input: &'a [f32],
    /// \[C\].
    pub(crate) weight: &'a [f32],
    /// \[C\].
    pub(crate) bias: &'a [f32],
    /// [N, 2C].
    pub(crate) scale_shift: Option<&'a [f32]>,
    pub(crate) groups: usize,
    pub(crate) silu: bool,
}

/// Numbers of room in f64: sums for each stretch, and in f32: center, scale and offset.
pub(crate) fn room(extents: Extents, batch: usize) -> (usize, usize) {
    let stretches = extents.positions().div_ceil(STRETCH);
    let channels = product([batch, extents.channels]);
    (product([2, stretches, channels]), product([3, channels]))
}

/// The normalisation.
pub(crate) fn run(
    threads: &Threads,
    norm: &GroupNorm<'_>,
    sums: &mut [f64],
    affine: &mut [f32],
    output: &mut [f32],
) {
    let channels = norm.extents.channels;
    let image = norm.extents.elements();
    let stretches = norm.extents.positions().div_ceil(STRETCH);
    let (doubles, singles) = room(norm.extents, norm.batch);
    let sums = part_mut(sums, 0, doubles);
    let affine = part_mut(affine, 0, singles);
    threads.chunks(
        sums,
        2 * channels,
        product([4, output.len()]),
        |at, sums| {
            let image_at = at / stretches * image;
            let start = at % stretches * STRETCH * channels;
            let len = (STRETCH * channels).min(image - start);
            let input = part(norm.input, image_at + start, len);
            dispatch(
                #[inline(always)]
                || sum_up(input, channels, sums),
            );
        },
    );
    for (n, affine) in affine.chunks_exact_mut(3 * channels).enumerate() {
        let len = stretches * 2 * channels;
        let sums = part_mut(sums, n * len, len);
        parameters(norm, n, sums, affine);
    }
    let affine = &*affine;
    let piece = piece_rows(norm.extents);
    threads.chunks(
        output,
        piece * channels,
        product([16, norm.input.len()]),
        |at, output| {
            let n = at * piece * channels / image;
            let affine = part(affine, n * 3 * channels, 3 * channels);
            let input = part(norm.input, at * piece * channels, output.len());
            dispatch(
                #[inline(always)]
                || apply(input, channels, affine, norm.silu, output),
            );
        },
    );
}

/// Positions of a piece of work: it lies within one image.
pub(crate) fn piece_rows(extents: Extents) -> usize {
    let rows = (1 << 13) / extents.channels;
    // Of an image without positions there are no pieces.
    (1..=rows.max(1))
        .rev()
        .find(|&rows| extents.positions().is_multiple_of(rows))
        .unwrap_or(1)
}

/// Σ x and Σ x² of each channel.
#[inline(always)]
pub(crate) fn sum_up(input: &[f32], channels: usize, sums: &mut [f64]) {
    sums.fill(0.0);
    let (plain, squares) = sums.split_at_mut(channels);
    for row in input.chunks_exact(channels) {
        for (&x, (plain, square)) in row.iter().zip(plain.iter_mut().zip(squares.iter_mut())) {
            let x = f64::from(x);
            *plain += x;
            *square += x * x;
        }
    }
}

/// Center, scale and offset of each channel of an image.
fn parameters(norm: &GroupNorm<'_>, n: usize, sums: &mut [f64], affine: &mut [f32]) {
    let channels = norm.extents.channels;
    let in_group = channels / norm.groups.max(1); // None are refused before anything runs.
    let count = (in_group * norm.extents.positions()) as f64;
    let (first, others) = sums.split_at_mut(2 * channels);
    for other in others.chunks_exact(2 * channels) {
        for (sum, other) in first.iter_mut().zip(other) {
            *sum += other;
        }
    }
    let (plain, squares) = first.split_at(channels);
    let (centers, rest) = affine.split_at_mut(channels);
    let (scales, offsets) = rest.split_at_mut(channels);
    let modulation = norm
        .scale_shift
        .map(|both| part(both, n * 2 * channels, 2 * channels));
    for group in 0..norm.groups {
        let start = group * in_group;
        let mean = part(plain, start, in_group).iter().sum::<f64>() / count;
        let square = part(squares, start, in_group).iter().sum::<f64>() / count;
        let variance = (square - mean * mean).max(0.0);
        let deviation = libm::sqrt(variance + EPSILON);
        let parameters = norm.weight.iter().zip(norm.bias).enumerate();
        let places = centers
            .iter_mut()
            .zip(scales.iter_mut().zip(offsets.iter_mut()));
        let channels = parameters.zip(places).skip(start).take(in_group);
        for ((c, (&weight, &bias)), (center, (scale, offset))) in channels {
            let affine = Affine::of(mean, deviation, weight, bias).modulated(modulation, c);
            (*center, *scale, *offset) = (affine.center, affine.scale, affine.offset);
        }
    }
}

#[inline(always)]
fn apply(input: &[f32], channels: usize, affine: &[f32], silu: bool, output: &mut [f32]) {
    let (centers, rest) = affine.split_at(channels);
    let (scales, offsets) = rest.split_at(channels);
    let rows = output
        .chunks_exact_mut(channels)
        .zip(input.chunks_exact(channels));
    for (output, input) in rows {
        let parameters = centers.iter().zip(scales.iter().zip(offsets));
        let values = output.iter_mut().zip(input.iter().zip(parameters));
        if silu {
            for (out, (&x, (&center, (&scale, &offset)))) in values {
                *out = ((x - center) * scale + offset).silu();
            }
        } else {
            for (out, (&x, (&center, (&scale, &offset)))) in values {
                *out = (x - center) * scale + offset;
            }
        }
    }
}
