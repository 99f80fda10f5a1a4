//! Σ over positions, and over images: the gradients of shifts and biases.
//!
//! Sums of stretches of positions are f64 and are added up in one order.

use pulp::Arch;

use super::STRETCH;
use crate::cpu::fast::threads::Threads;
use crate::cpu::interpreter::part;
use crate::cpu::program::Extents;

/// Numbers of room in f64.
pub(crate) fn room(extents: Extents, batch: usize) -> usize {
    batch * extents.positions().div_ceil(STRETCH) * extents.channels
}

/// [N, H, W, C] to [N, C].
pub(crate) fn positions(
    arch: Arch,
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &mut [f64],
    output: &mut [f32],
) {
    let channels = extents.channels;
    let stretches = extents.positions().div_ceil(STRETCH);
    let sums = stretch_sums(arch, threads, extents, grad, sums);
    let images = sums.chunks_exact(stretches * channels);
    for (output, image) in output.chunks_exact_mut(channels).zip(images) {
        for (c, out) in output.iter_mut().enumerate() {
            *out = image.iter().skip(c).step_by(channels).sum::<f64>() as f32;
        }
    }
}

/// [N, H, W, C] to `[C]`.
pub(crate) fn channels(
    arch: Arch,
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &mut [f64],
    output: &mut [f32],
) {
    let sums = stretch_sums(arch, threads, extents, grad, sums);
    for (c, out) in output.iter_mut().enumerate() {
        *out = sums.iter().skip(c).step_by(extents.channels).sum::<f64>() as f32;
    }
}

fn stretch_sums<'s>(
    arch: Arch,
    threads: &Threads,
    extents: Extents,
    grad: &[f32],
    sums: &'s mut [f64],
) -> &'s [f64] {
    let (channels, image) = (extents.channels, extents.elements());
    let stretches = extents.positions().div_ceil(STRETCH);
    let batch = grad.len() / image.max(1);
    let Some(sums) = sums.get_mut(..room(extents, batch)) else {
        return &[];
    };
    threads.chunks(sums, channels, grad.len(), |at, sums| {
        let start = at % stretches * STRETCH * channels;
        let len = (STRETCH * channels).min(image - start);
        let grad = part(grad, at / stretches * image + start, len);
        arch.dispatch(
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
