//! The gradients of a group normalisation with scale, shift and SiLU.
//!
//! With x̂ = (x - μ)·ρ, z = x̂·a + b, a = weight·(1 + scale), b = bias·(1 + scale) + shift and
//! ∂z = g·SiLU'(z), everything follows from A = Σ ∂z and B = Σ ∂z·x̂ over the positions of a channel:
//!
//! ```text
//! ∂x = ρ·(∂z·a - m_0 - x̂·m_1)     m_0, m_1 the means of a·A and a·B over a group
//! ```

use super::{STRETCH, add_up};
use crate::cpu::fast::group_norm::{piece_rows, sum_up};
use crate::cpu::fast::threads::{Threads, product};
use crate::cpu::math::{EPSILON, Real};
use crate::diffusion::lanes::dispatch;
use crate::part::{item, part, part_mut};
use crate::unet::Extents;

/// A normalisation and the gradient of its result.
#[derive(Clone, Copy)]
pub(crate) struct NormGrad<'a> {
    pub(crate) extents: Extents,
    pub(crate) batch: usize,
    /// [N, H, W, C].
    pub(crate) input: &'a [f32],
    /// [N, H, W, C].
    pub(crate) grad: &'a [f32],
    /// \[C\].
    pub(crate) weight: &'a [f32],
    /// \[C\].
    pub(crate) bias: &'a [f32],
    /// [N, 2C].
    pub(crate) scale_shift: Option<&'a [f32]>,
    pub(crate) groups: usize,
    pub(crate) silu: bool,
}

/// Numbers of room in f64 that [`sums`] needs.
pub(crate) fn room(extents: Extents, batch: usize) -> usize {
    product([
        2,
        batch,
        extents.positions().div_ceil(STRETCH),
        extents.channels,
    ])
}

/// Numbers of room in f32: six for each channel of each image.
pub(crate) fn table_len(extents: Extents, batch: usize) -> usize {
    product([TABLE, extents.channels, batch])
}

/// Rows of a table: μ, ρ, a, b, m_0, m_1.
const TABLE: usize = 6;
/// Channels whose sums are made together, at most.
const TOGETHER: usize = 32;
/// Rows whose sums are made in f32.
const FEW: usize = 8;

/// Numbers of an image's sums: of each of C channels A and B, of each of G groups μ and ρ.
const fn sums_len([channels, groups]: [usize; 2]) -> usize {
    2 * (channels + groups)
}

impl NormGrad<'_> {
    fn in_group(&self) -> usize {
        // None are refused before anything runs.
        self.extents.channels / self.groups.max(1)
    }

    fn scale(&self, n: usize, c: usize) -> f32 {
        let at = n * 2 * self.extents.channels + c;
        1.0 + self.scale_shift.map_or(0.0, |both| item(both, at))
    }

    fn shift(&self, n: usize, c: usize) -> f32 {
        let at = (2 * n + 1) * self.extents.channels + c;
        self.scale_shift.map_or(0.0, |both| item(both, at))
    }

    /// The tables of all images from their sums: [N, 2C + 2G].
    fn tables<'t>(&self, sums: &[f32], tables: &'t mut [f32]) -> &'t [f32] {
        let channels = self.extents.channels;
        let in_group = self.in_group();
        let count = (in_group * self.extents.positions()) as f32;
        let tables = part_mut(tables, 0, table_len(self.extents, self.batch));
        let images = tables
            .chunks_exact_mut(TABLE * channels)
            .zip(sums.chunks_exact(sums_len([channels, self.groups])));
        for (n, (table, sums)) in images.enumerate() {
            let (of_channels, of_groups) = sums.split_at(2 * channels);
            let (means, inverses) = of_groups.split_at(self.groups);
            let mut rows = table.chunks_exact_mut(channels);
            let mut next = || {
                let row = rows.next();
                debug_assert!(row.is_some(), "a table has {TABLE} rows");
                row.unwrap_or_default()
            };
            let [mean, inverse, a, b, m0, m1] = [next(), next(), next(), next(), next(), next()];
            let parameters = self.weight.iter().zip(self.bias);
            let factors = a.iter_mut().zip(b.iter_mut());
            for (c, ((weight, bias), (a, b))) in parameters.zip(factors).enumerate() {
                let scale = self.scale(n, c);
                *a = weight * scale;
                *b = bias * scale + self.shift(n, c);
            }
            let (plain, normal) = of_channels.split_at(channels);
            for group in 0..self.groups {
                let first = group * in_group;
                let of_group = |sums: &[f32]| {
                    let sums = part(sums, first, in_group);
                    let products = sums.iter().zip(part(a, first, in_group));
                    products.map(|(sum, a)| sum * a).sum::<f32>() / count
                };
                let values = [
                    (&mut *mean, item(means, group)),
                    (&mut *inverse, item(inverses, group)),
                    (&mut *m0, of_group(plain)),
                    (&mut *m1, of_group(normal)),
                ];
                for (row, value) in values {
                    part_mut(row, first, in_group).fill(value);
                }
            }
        }
        tables
    }
}

/// A, B, and each group's μ and ρ: [N, 2C + 2G].
pub(crate) fn sums(
    threads: &Threads,
    norm: &NormGrad<'_>,
    doubles: &mut [f64],
    tables: &mut [f32],
    output: &mut [f32],
) {
    let (extents, channels) = (norm.extents, norm.extents.channels);
    let image = extents.elements();
    let stretches = extents.positions().div_ceil(STRETCH);
    let doubles = part_mut(doubles, 0, room(extents, norm.batch));
    let stretch = |at: usize| {
        let start = at % stretches * STRETCH * channels;
        let len = (STRETCH * channels).min(image - start);
        [norm.input, norm.grad].map(|numbers| part(numbers, at / stretches * image + start, len))
    };
    threads.chunks(
        doubles,
        2 * channels,
        product([4, norm.input.len()]),
        |at, sums| {
            let [input, _] = stretch(at);
            dispatch(
                #[inline(always)]
                || sum_up(input, channels, sums),
            );
        },
    );
    let width = sums_len([channels, norm.groups]);
    let of_image = 2 * stretches * channels;
    let images = output
        .chunks_exact_mut(width)
        .zip(doubles.chunks_exact_mut(of_image));
    for (output, doubles) in images {
        statistics(norm, doubles, output);
    }
    let tables = norm.tables(output, tables);
    threads.chunks(
        doubles,
        2 * channels,
        product([16, norm.input.len()]),
        |at, sums| {
            let [input, grad] = stretch(at);
            let n = at / stretches;
            let table = part(tables, n * TABLE * channels, TABLE * channels);
            dispatch(
                #[inline(always)]
                || sum_gradients(input, grad, table, channels, norm.silu, sums),
            );
        },
    );
    let images = output
        .chunks_exact_mut(width)
        .zip(doubles.chunks_exact_mut(of_image));
    for (output, doubles) in images {
        for (out, sum) in output.iter_mut().zip(add_up(doubles, 2 * channels)) {
            *out = *sum as f32;
        }
    }
}

/// μ and ρ of each group of an image, behind its channels, from Σ x and Σ x² of its stretches.
fn statistics(norm: &NormGrad<'_>, doubles: &mut [f64], output: &mut [f32]) {
    let channels = norm.extents.channels;
    let in_group = norm.in_group();
    let count = (in_group * norm.extents.positions()) as f64;
    let (plain, squares) = add_up(doubles, 2 * channels).split_at(channels);
    let groups = part_mut(output, 2 * channels, 2 * norm.groups);
    let (means, inverses) = groups.split_at_mut(norm.groups);
    for (group, (mean, inverse)) in means.iter_mut().zip(inverses).enumerate() {
        let of_group = |sums: &[f64]| part(sums, group * in_group, in_group).iter().sum::<f64>();
        let center = of_group(plain) / count;
        let variance = (of_group(squares) / count - center * center).max(0.0);
        *mean = center as f32;
        *inverse = (1.0 / libm::sqrt(variance + EPSILON)) as f32;
    }
}

/// Some channels at a time.
#[inline(always)]
fn sum_gradients(
    input: &[f32],
    grad: &[f32],
    table: &[f32],
    channels: usize,
    silu: bool,
    sums: &mut [f64],
) {
    let (plain, normal) = sums.split_at_mut(channels);
    let places = plain.chunks_mut(TOGETHER).zip(normal.chunks_mut(TOGETHER));
    for (at, (plain, normal)) in places.enumerate() {
        let (numbers, first) = ([input, grad], at * TOGETHER);
        // Of a number that the compiler knows, the sums stay in registers.
        match plain.len() {
            TOGETHER => sum_some(
                numbers,
                table,
                channels,
                silu,
                (first, TOGETHER),
                [plain, normal],
            ),
            len => sum_some(
                numbers,
                table,
                channels,
                silu,
                (first, len),
                [plain, normal],
            ),
        }
    }
}

/// Of `len` channels, at most [`TOGETHER`]. A few rows are summed up in f32, which adds no more than the rounding
/// of each number does, the sums of those in f64.
#[inline(always)]
fn sum_some(
    [input, grad]: [&[f32]; 2],
    table: &[f32],
    channels: usize,
    silu: bool,
    (first, len): (usize, usize),
    [plain, normal]: [&mut [f64]; 2],
) {
    plain.fill(0.0);
    normal.fill(0.0);
    let row = |at: usize| part(table, at * channels + first, len);
    let [mean, inverse, a, b] = [row(0), row(1), row(2), row(3)];
    let few = input
        .chunks(FEW * channels)
        .zip(grad.chunks(FEW * channels));
    for (input, grad) in few {
        let (mut some_plain, mut some_normal) = ([0.0_f32; TOGETHER], [0.0_f32; TOGETHER]);
        let rows = input
            .chunks_exact(channels)
            .zip(grad.chunks_exact(channels));
        for (input, grad) in rows {
            let values = part(input, first, len).iter().zip(part(grad, first, len));
            let table = mean.iter().zip(inverse).zip(a.iter().zip(b));
            let places = some_plain.iter_mut().zip(&mut some_normal);
            for (((&x, &g), ((&mean, &inverse), (&a, &b))), (plain, normal)) in
                values.zip(table).zip(places)
            {
                let hat = (x - mean) * inverse;
                let d = if silu {
                    g * (hat * a + b).silu_slope()
                } else {
                    g
                };
                *plain += d;
                *normal += d * hat;
            }
        }
        for (sum, some) in plain.iter_mut().zip(some_plain) {
            *sum += f64::from(some);
        }
        for (sum, some) in normal.iter_mut().zip(some_normal) {
            *sum += f64::from(some);
        }
    }
}

/// ∂x.
pub(crate) fn input(
    threads: &Threads,
    norm: &NormGrad<'_>,
    sums: &[f32],
    tables: &mut [f32],
    output: &mut [f32],
) {
    let (channels, image) = (norm.extents.channels, norm.extents.elements());
    let tables = norm.tables(sums, tables);
    let chunk = piece_rows(norm.extents) * channels;
    threads.chunks(
        output,
        chunk,
        product([24, norm.input.len()]),
        |at, output| {
            let n = at * chunk / image;
            let table = part(tables, n * TABLE * channels, TABLE * channels);
            let input = part(norm.input, at * chunk, output.len());
            let grad = part(norm.grad, at * chunk, output.len());
            dispatch(
                #[inline(always)]
                || apply(input, grad, table, channels, norm.silu, output),
            );
        },
    );
}

#[inline(always)]
fn apply(
    input: &[f32],
    grad: &[f32],
    table: &[f32],
    channels: usize,
    silu: bool,
    output: &mut [f32],
) {
    let row = |at: usize| part(table, at * channels, channels);
    let [mean, inverse, a, b, m0, m1] = [row(0), row(1), row(2), row(3), row(4), row(5)];
    let rows = output.chunks_exact_mut(channels).zip(
        input
            .chunks_exact(channels)
            .zip(grad.chunks_exact(channels)),
    );
    for (output, (input, grad)) in rows {
        let table = mean.iter().zip(inverse).zip(a.iter().zip(b));
        let table = table.zip(m0.iter().zip(m1));
        let values = output.iter_mut().zip(input.iter().zip(grad)).zip(table);
        for ((out, (&x, &g)), (((&mean, &inverse), (&a, &b)), (&m0, &m1))) in values {
            let hat = (x - mean) * inverse;
            let d = if silu {
                g * (hat * a + b).silu_slope()
            } else {
                g
            };
            *out = inverse * (d * a - m0 - hat * m1);
        }
    }
}

/// With respect to scale and shift, [N, 2C].
pub(crate) fn scale_shift(
    [channels, groups]: [usize; 2],
    sums: &[f32],
    weight: &[f32],
    bias: &[f32],
    output: &mut [f32],
) {
    let images = output
        .chunks_exact_mut(2 * channels)
        .zip(sums.chunks_exact(sums_len([channels, groups])));
    for (output, sums) in images {
        let (scales, shifts) = output.split_at_mut(channels);
        let (plain, rest) = sums.split_at(channels);
        shifts.copy_from_slice(plain);
        let parameters = weight.iter().zip(bias);
        let values = parameters.zip(plain.iter().zip(rest));
        for (out, ((weight, bias), (plain, normal))) in scales.iter_mut().zip(values) {
            *out = weight * normal + bias * plain;
        }
    }
}

/// With respect to the weight (from B, `start` C) or the bias (from A, `start` 0), \[C\].
pub(crate) fn parameter(
    [channels, groups]: [usize; 2],
    start: usize,
    sums: &[f32],
    scale_shift: Option<&[f32]>,
    output: &mut [f32],
) {
    output.fill(0.0);
    for (n, sums) in sums.chunks_exact(sums_len([channels, groups])).enumerate() {
        let scales = scale_shift.map(|both| part(both, n * 2 * channels, channels));
        for (c, (out, sum)) in output
            .iter_mut()
            .zip(part(sums, start, channels))
            .enumerate()
        {
            let scale = 1.0 + scales.map_or(0.0, |scales| item(scales, c));
            *out += sum * scale;
        }
    }
}
