//! The gradients of a linear layer; few operations, so in plain loops over rows.

use crate::cpu::fast::threads::{Threads, product};
use crate::cpu::math::Real;
use crate::diffusion::lanes::dispatch;
use crate::part::{part, part_mut};

/// Rows of the weight's gradient in a piece of work.
const ROWS: usize = 8;

/// With respect to the input: f'(x)·Wᵀ g, f the SiLU where it came first.
pub(crate) fn input(
    grad: &[f32],
    weight: &[f32],
    x: &[f32],
    (outputs, inputs): (usize, usize),
    activated: bool,
    output: &mut [f32],
) {
    let images = output
        .chunks_exact_mut(inputs)
        .zip(grad.chunks_exact(outputs).zip(x.chunks_exact(inputs)));
    for (out, (grad, x)) in images {
        out.fill(0.0);
        for (row, &grad) in weight.chunks_exact(inputs).zip(grad) {
            for (out, weight) in out.iter_mut().zip(row) {
                *out += weight * grad;
            }
        }
        if activated {
            for (out, &x) in out.iter_mut().zip(x) {
                *out *= x.silu_slope();
            }
        }
    }
}

/// With respect to the weight: g f(x)ᵀ, summed over images; `room` is as long as x.
pub(crate) fn weight(
    threads: &Threads,
    x: &[f32],
    grad: &[f32],
    (outputs, inputs): (usize, usize),
    activated: bool,
    room: &mut [f32],
    output: &mut [f32],
) {
    for (out, &x) in room.iter_mut().zip(x) {
        *out = if activated { x.silu() } else { x };
    }
    let x = part(room, 0, x.len());
    let work = product([2, output.len(), x.len() / inputs.max(1)]);
    threads.chunks(output, ROWS * inputs, work, |at, output| {
        dispatch(
            #[inline(always)]
            || {
                output.fill(0.0);
                for (row, out) in output.chunks_exact_mut(inputs).enumerate() {
                    let grads = grad.iter().skip(at * ROWS + row).step_by(outputs);
                    for (x, grad) in x.chunks_exact(inputs).zip(grads) {
                        for (out, x) in out.iter_mut().zip(x) {
                            *out += grad * x;
                        }
                    }
                }
            },
        );
    });
}

/// With respect to the table of a label embedding.
pub(crate) fn table(grad: &[f32], labels: &[u32], channels: usize, output: &mut [f32]) {
    output.fill(0.0);
    for (grad, &label) in grad.chunks_exact(channels).zip(labels) {
        let row = part_mut(output, label as usize * channels, channels);
        for (out, grad) in row.iter_mut().zip(grad) {
            *out += grad;
        }
    }
}
