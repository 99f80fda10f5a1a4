//! The gradient of a convolution with respect to its weight, the plain variant: 4 rows of one column for an
//! invocation.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv_grad_weight" of 64 with "conv_grad_weight.wgsl"
    params { batch: u32, inputs: u32, height: u32, width: u32, outputs: u32, out_height: u32, out_width: u32, side: u32, stride: u32, upsample: u32, wrap_y: u32, wrap_x: u32, rows: u32, row_stride: u32, column_stride: u32, parts: u32, part_stride: u32, bias: u32 }
    bindings { input: Activations, grad: Activations, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let columns = u64::from(params.inputs) * u64::from(params.side) * u64::from(params.side);
    let blocks = u64::from(params.rows.div_ceil(4));
    // An invocation reads a number of the input at each position, and four gradients.
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let seen = columns * blocks * u64::from(params.batch) * image;
    dispatch_of(name, params, bindings, columns.div_ceil(64) * blocks)
        .moving(&[(INPUT, seen), (GRAD, 4 * seen)])
}

/// Of the bindings, the places of both factors.
pub(super) const INPUT: usize = 0;
pub(super) const GRAD: usize = 1;
/// And of the result.
const OUTPUT: usize = 2;

/// A part has at least so many positions, or its sum is not worth the writing.
const POSITIONS_OF_A_PART: u64 = 256;
/// All parts together have at most so many numbers: 64 MiB.
const NUMBERS_OF_PARTS: u64 = 1 << 24;

/// Into how many parts the positions are best cut, where so many tiles cover the result, and so many workgroups keep a
/// large device busy.
pub(super) fn parts(params: &Params, tiles: u64, enough: u64) -> u32 {
    let wanted = enough.div_ceil(tiles.max(1));
    let sensible = positions(params).div_ceil(POSITIONS_OF_A_PART);
    let fitting = NUMBERS_OF_PARTS / numbers(params).max(1);
    wanted.min(sensible).min(fitting).max(1) as u32
}

/// Numbers of the result.
pub(crate) fn numbers(params: &Params) -> u64 {
    u64::from(params.rows) * columns(params)
}

/// Numbers of one row of it.
fn columns(params: &Params) -> u64 {
    u64::from(params.inputs) * u64::from(params.side) * u64::from(params.side)
}

/// Those that are summed over.
fn positions(params: &Params) -> u64 {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    u64::from(params.batch) * image
}

/// The dispatch of a variant whose workgroups own so many columns and rows each, of which there are so many tiles: all parts
/// together go through all positions, for the columns of a tile with the gradients of all rows, for its rows with the inputs
/// of all columns.
pub(super) fn in_tiles(
    name: &str,
    params: &Params,
    bindings: Bindings,
    tiles: u64,
    rows: u32,
) -> Dispatch {
    let blocks = u64::from(params.rows.div_ceil(rows));
    let grads = tiles / blocks.max(1) * positions(params) * u64::from(params.outputs);
    let inputs = blocks * positions(params) * columns(params);
    dispatch_of(name, params, bindings, tiles * u64::from(params.parts)).moving(&[
        (INPUT, inputs),
        (GRAD, grads),
        (OUTPUT, made(params)),
    ])
}

/// Numbers that are written: those of all parts, each with the bias's where it has such.
fn made(params: &Params) -> u64 {
    let of_bias = match params.bias {
        0 => 0,
        _ => params.outputs,
    };
    u64::from(params.parts) * (numbers(params) + u64::from(of_bias))
}
