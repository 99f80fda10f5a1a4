//! The gradient of a convolution with respect to its input, the plain variant: 8 channels at one position for
//! an invocation.

use super::conv::Tile;
use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv_grad_input" of 64 with "conv_grad_input.wgsl" and "weight_words.wgsl"
    params { batch: u32, inputs: u32, height: u32, width: u32, outputs: u32, out_height: u32, out_width: u32, side: u32, stride: u32, wrap_y: u32, wrap_x: u32, has_addend: u32 }
    bindings { grad: Activations, weight: Weights, addend: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let positions = u64::from(params.height) * u64::from(params.width);
    let blocks = u64::from(params.batch) * u64::from(params.inputs.div_ceil(8));
    // An invocation reads each gradient over its position, and eight weights for it.
    let seen = seen(params, 8);
    dispatch_of(name, params, bindings, positions.div_ceil(64) * blocks)
        .moving(&[(GRAD, seen), (WEIGHT, 8 * seen)])
}

/// Workgroups that own a tile each.
pub(crate) fn tiles(params: &Params, tile: Tile) -> u64 {
    columns(params, tile) * u64::from(params.inputs.div_ceil(tile.rows))
}

/// Tiles beside each other.
fn columns(params: &Params, tile: Tile) -> u64 {
    let image = u64::from(params.height) * u64::from(params.width);
    (u64::from(params.batch) * image).div_ceil(tile.columns.into())
}

/// The dispatch of a variant whose workgroups own a tile each, and bring both factors of every product of it into their
/// memory once.
pub(super) fn in_tiles(name: &str, params: &Params, bindings: Bindings, tile: Tile) -> Dispatch {
    let grads = seen(params, tile.rows);
    let outputs = u64::from(params.outputs.next_multiple_of(4));
    let weights = columns(params, tile) * taps(params) * outputs * u64::from(params.inputs);
    dispatch_of(name, params, bindings, tiles(params, tile))
        .moving(&[(GRAD, grads), (WEIGHT, weights)])
}

/// Of the bindings, the places of both factors.
pub(super) const GRAD: usize = 0;
const WEIGHT: usize = 1;

/// Gradients that lie over all positions, once for each block of so many channels: of columns that are a stride apart one
/// has a gradient over it.
fn seen(params: &Params, channels: u32) -> u64 {
    let positions = u64::from(params.height) * u64::from(params.width);
    let blocks = u64::from(params.batch) * u64::from(params.inputs.div_ceil(channels));
    let strides = u64::from(params.stride) * u64::from(params.stride);
    positions * blocks * u64::from(params.outputs) * taps(params) / strides.max(1)
}

fn taps(params: &Params) -> u64 {
    u64::from(params.side) * u64::from(params.side)
}
