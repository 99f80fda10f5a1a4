//! The gradient of a convolution with respect to its input, the tiled variant: 64 channels at 64 positions
//! for a workgroup, through its memory.

use super::conv::Tile;
use super::conv_grad_input::{self, Bindings, Params};
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_grad_input_tiled",
    source: include_str!("../../../shaders/conv_grad_input_tiled.wgsl"),
    // Two tiles of 16 rows of 64 numbers.
    memory: Memory::Bytes(2 * 16 * 256),
    loads_per_product: Some(|_, _| 0.25),
    workgroup: 64,
    ..conv_grad_input::KERNEL
};

/// What a workgroup owns.
const TILE: Tile = Tile {
    rows: 64,
    columns: 64,
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        ..conv_grad_input::in_tiles(name, params, bindings, TILE)
    }
}
