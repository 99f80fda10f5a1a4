//! The gradient of a convolution with respect to its weight, the tiled variant: 64 rows × 64 columns for a
//! workgroup, through its memory, and the positions cut into parts where that makes too few of them.

use super::conv_grad_weight::{self, Bindings, Params};
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_grad_weight_tiled",
    source: include_str!("../../../shaders/conv_grad_weight_tiled.wgsl"),
    // Two tiles of 16 rows of 68 numbers.
    memory: Memory::Bytes(2 * 16 * 272),
    loads_per_product: Some(|_| 0.25),
    workgroup: 64,
    ..conv_grad_weight::KERNEL
};

/// So many workgroups keep a large device busy.
const ENOUGH: u64 = 1024;
/// A part has at least so many positions, or its sum is not worth the writing.
const POSITIONS_OF_A_PART: u64 = 256;
/// All parts together have at most so many numbers: 64 MiB.
const NUMBERS_OF_PARTS: u64 = 1 << 24;

/// Into how many parts the positions are best cut.
pub(crate) fn parts(params: &Params) -> u32 {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let positions = u64::from(params.batch) * image;
    let numbers = u64::from(params.rows) * columns(params);
    let wanted = ENOUGH.div_ceil(blocks(params).max(1));
    let sensible = positions.div_ceil(POSITIONS_OF_A_PART);
    let fitting = NUMBERS_OF_PARTS / numbers.max(1);
    wanted.min(sensible).min(fitting).max(1) as u32
}

/// Numbers of one row of the result.
pub(crate) fn columns(params: &Params) -> u64 {
    u64::from(params.inputs) * u64::from(params.side) * u64::from(params.side)
}

fn blocks(params: &Params) -> u64 {
    let padded = u64::from(params.inputs.next_multiple_of(16));
    let columns = padded * u64::from(params.side) * u64::from(params.side);
    columns.div_ceil(64) * u64::from(params.rows.div_ceil(64))
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    // All parts together go through all positions: for every 64 columns with the gradients of all rows, for every 64 rows with
    // the inputs of all columns.
    let positions = u64::from(params.batch) * image;
    let rows = u64::from(params.rows.div_ceil(64));
    let grads = blocks(params) / rows.max(1) * positions * u64::from(params.outputs);
    let inputs = rows * positions * columns(params);
    let plain = conv_grad_weight::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        workgroups: blocks(params) * u64::from(params.parts),
        ..plain.moving(&[(0, inputs), (1, grads)])
    }
}
