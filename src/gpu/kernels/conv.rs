//! Convolution, the plain variant: 8 channels at one position for an invocation.

use std::vec::Vec;

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv" of 64 with "conv.wgsl" and "conv_seen.wgsl" and "weight_words.wgsl" and "residual.wgsl"
    params {
        batch: u32, inputs: u32, height: u32, width: u32,
        outputs: u32, out_height: u32, out_width: u32,
        side: u32, stride: u32, upsample: u32, wrap_y: u32, wrap_x: u32, has_shift: u32, has_residual: u32,
        splits: u32, split_inputs: u32, skip_inputs: u32, split_skip: u32, skip_weight: u32, skip_bias: u32,
        first_inputs: u32, is_active: u32, first_skip: u32,
    }
    bindings {
        input: Activations, weight: Weights, bias: Weights, shift: Read, residual: Activations,
        output: Result,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let positions = u64::from(params.out_height) * u64::from(params.out_width);
    let blocks = u64::from(params.batch) * u64::from(params.outputs.div_ceil(8));
    // An invocation reads each number under its position, and eight weights for it.
    let numbers = positions * blocks;
    let seen = numbers * u64::from(params.inputs) * taps(params);
    let skipped = numbers * u64::from(params.skip_inputs);
    dispatch_of(name, params, bindings, positions.div_ceil(64) * blocks)
        .moving(&[(INPUT, seen), (WEIGHT, 8 * (seen + skipped))])
        .moving(&of_residual(params, skipped))
}

/// How many numbers are asked for of a residual that is seen through a kernel.
fn of_residual(params: &Params, skipped: u64) -> Vec<(usize, u64)> {
    let is_skip = params.skip_inputs > 0;
    is_skip.then_some((RESIDUAL, skipped)).into_iter().collect()
}

/// Of the bindings, the places of both factors.
pub(crate) const INPUT: usize = 0;
const WEIGHT: usize = 1;
/// The place of the residual.
pub(crate) const RESIDUAL: usize = 4;
/// The place of the output.
pub(super) const OUTPUT: usize = 5;

fn taps(params: &Params) -> u64 {
    u64::from(params.side) * u64::from(params.side)
}

/// What a workgroup owns of the output as a product of matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tile {
    /// Channels.
    pub(crate) rows: u32,
    /// Positions, counted over the batch.
    pub(crate) columns: u32,
}

/// A dispatch of a kernel whose workgroups own a tile each, and bring both factors of every product of it into their memory
/// once.
pub(super) fn in_tiles(dispatch: Dispatch, params: &Params, tile: Tile) -> Dispatch {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let positions = u64::from(params.batch) * image;
    let seen = taps(params) * u64::from(params.inputs);
    let skipped = u64::from(params.skip_inputs);
    let each = positions * u64::from(params.outputs.div_ceil(tile.rows));
    let weight = positions.div_ceil(tile.columns.into())
        * u64::from(params.outputs.next_multiple_of(4))
        * (seen + skipped);
    dispatch
        .moving(&[(INPUT, each * seen), (WEIGHT, weight)])
        .moving(&of_residual(params, each * skipped))
}

/// Workgroups that own a tile each.
pub(crate) fn tiles(params: &Params, tile: Tile) -> u64 {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let positions = u64::from(params.batch) * image;
    positions.div_ceil(tile.columns.into()) * u64::from(params.outputs.div_ceil(tile.rows))
}

/// How many workgroups share the input channels of one tile.
pub(crate) fn cut(params: &Params, joined: bool) -> u64 {
    if joined { 1 } else { params.splits.into() }
}
