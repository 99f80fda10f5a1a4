//! The gradients of shifts and biases: sums over positions, and over images.
//!
//! Sums of stretches of positions are f64 and are added up in one order.

use super::{STRETCH, add_up};
use crate::cpu::fast::threads::{Threads, product};
use crate::diffusion::lanes::dispatch;
use crate::part::{part, part_mut};
use crate::unet::Extents;

/// Numbers of room in f64.
pub(crate) fn room(extents: Extents, batch: usize) -> usize {
    product([
        batch,
        extents.positions().div_ceil(STRETCH),
        extents.channels,
    ])
}

/// [N, H, W, C] to [N, C].
pub(crate) fn positions(
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &mut [f64],
    output: &mut [f32],
) {
    let channels = extents.channels;
    let stretches = extents.positions().div_ceil(STRETCH);
    let sums = stretch_sums(threads, extents, grad, sums);
    let images = sums.chunks_exact_mut(stretches * channels);
    for (output, image) in output.chunks_exact_mut(channels).zip(images) {
        for (out, sum) in output.iter_mut().zip(add_up(image, channels)) {
            *out = *sum as f32;
        }
    }
}

/// [N, H, W, C] to `[C]`.
pub(crate) fn channels(
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &mut [f64],
    output: &mut [f32],
) {
    let sums = stretch_sums(threads, extents, grad, sums);
    for (out, sum) in output.iter_mut().zip(add_up(sums, extents.channels)) {
        *out = *sum as f32;
    }
}

fn stretch_sums<'s>(
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &'s mut [f64],
) -> &'s mut [f64] {
    let (channels, image) = (extents.channels, extents.elements());
    let stretches = extents.positions().div_ceil(STRETCH);
    let batch = grad.len() / image.max(1);
    let sums = part_mut(sums, 0, room(extents, batch));
    threads.chunks(sums, channels, grad.len(), |at, sums| {
        let start = at % stretches * STRETCH * channels;
        let len = (STRETCH * channels).min(image - start);
        let grad = part(grad, at / stretches * image + start, len);
        dispatch(
            #[inline(always)]
            || {
                sums.fill(0.0);
                for row in grad.chunks_exact(sums.len()) {
                    for (sum, &value) in sums.iter_mut().zip(row) {
                        *sum += f64::from(value);
                    }
                }
            },
        );
    });
    sums
}
