//! The operations on elements, rows or squares of 2×2: sums, channels, resizing, noising, dropout.

use crate::cpu::fast::threads::Threads;
use crate::cpu::plain::pointwise::Dropout;
use crate::diffusion::LossRow;
use crate::diffusion::lanes::dispatch;
use crate::diffusion::noise::philox4x32_10;
use crate::part::{item, part};
use crate::unet::Extents;
use crate::unet::op::kept;

/// Numbers, or rows, of a piece of work.
const PIECE: usize = 1 << 13;
const ROWS: usize = 1 << 7;

/// a + b.
pub(crate) fn add(threads: &Threads, first: &[f32], second: &[f32], output: &mut [f32]) {
    threads.chunks(output, PIECE, first.len(), |at, output| {
        let first = part(first, at * PIECE, output.len());
        let second = part(second, at * PIECE, output.len());
        dispatch(
            #[inline(always)]
            || {
                for (out, (a, b)) in output.iter_mut().zip(first.iter().zip(second)) {
                    *out = a + b;
                }
            },
        );
    });
}

/// Some of the channels of each row.
pub(crate) fn slice(
    threads: &Threads,
    channels: usize,
    start: usize,
    taken: usize,
    input: &[f32],
    output: &mut [f32],
) {
    threads.chunks(output, ROWS * taken, input.len(), |at, output| {
        let rows = input.chunks_exact(channels).skip(at * ROWS);
        for (out, row) in output.chunks_exact_mut(taken).zip(rows) {
            out.copy_from_slice(part(row, start, taken));
        }
    });
}

/// Sums of 2×2; `to` are the extents of an image of the result.
pub(crate) fn upsample_grad(to: Extents, grad: &[f32], output: &mut [f32]) {
    let (channels, row) = (to.channels, to.width * to.channels);
    let rows = output.chunks_exact_mut(row).zip(grad.chunks_exact(4 * row));
    for (out, pair) in rows {
        let (upper, lower) = pair.split_at(2 * row);
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            let upper = part(upper, 2 * x * channels, 2 * channels).split_at(channels);
            let lower = part(lower, 2 * x * channels, 2 * channels).split_at(channels);
            let four = upper.0.iter().zip(upper.1).zip(lower.0.iter().zip(lower.1));
            for (out, ((a, b), (c, d))) in out.iter_mut().zip(four) {
                *out = (a + b) + (c + d);
            }
        }
    }
}

/// Each row four times, divided by 4; `from` and `to` are the extents of an image before and after.
pub(crate) fn average_pool_grad(from: Extents, to: Extents, grad: &[f32], output: &mut [f32]) {
    let channels = to.channels;
    for (at, out) in output.chunks_exact_mut(channels).enumerate() {
        let (n, at) = (at / to.positions(), at % to.positions());
        let (y, x) = (at / to.width / 2, at % to.width / 2);
        if y < from.height && x < from.width {
            let place = (n * from.height + y) * from.width + x;
            for (out, grad) in out.iter_mut().zip(part(grad, place * channels, channels)) {
                *out = 0.25 * grad;
            }
        } else {
            out.fill(0.0);
        }
    }
}

/// x_t of each image.
pub(crate) fn diffuse(
    rows: &[f32],
    x_start: &[f32],
    noise: &[f32],
    image: usize,
    output: &mut [f32],
) {
    let rows = rows.as_chunks::<{ LossRow::LEN }>().0;
    let images = output
        .chunks_exact_mut(image)
        .zip(x_start.chunks_exact(image).zip(noise.chunks_exact(image)));
    for (row, (out, (x_start, noise))) in rows.iter().zip(images) {
        let row = LossRow::from_words(row);
        let (a, b) = (
            row.sqrt_alpha_bar as f32,
            row.sqrt_one_minus_alpha_bar as f32,
        );
        for (out, (x_start, noise)) in out.iter_mut().zip(x_start.iter().zip(noise)) {
            *out = a * x_start + b * noise;
        }
    }
}

/// Elements dropped or divided by the probability of being kept. Elements are numbered as in
/// [C, H, W], so that every executor drops the same ones.
pub(crate) fn dropout(
    dropout: Dropout,
    keys: &[u32],
    extents: Extents,
    input: &[f32],
    output: &mut [f32],
) {
    let scale = (1.0 / kept(dropout.threshold)) as f32;
    let (channels, positions) = (extents.channels, extents.positions());
    let images = output
        .chunks_exact_mut(extents.elements())
        .zip(input.chunks_exact(extents.elements()));
    for (&[low, high, example, step], (output, input)) in keys.as_chunks::<4>().0.iter().zip(images)
    {
        let mut four = (u32::MAX, [0; 4]);
        for c in 0..channels {
            let column = output.iter_mut().skip(c).step_by(channels);
            let values = input.iter().skip(c).step_by(channels);
            for (p, (out, value)) in column.zip(values).enumerate() {
                let element = (c * positions + p) as u32;
                if four.0 != element / 4 {
                    let counter = [element / 4, dropout.layer, example, step];
                    four = (element / 4, philox4x32_10(counter, [low, high]));
                }
                let word = item(&four.1, element as usize % 4);
                *out = if word < dropout.threshold {
                    0.0
                } else {
                    value * scale
                };
            }
        }
    }
}
