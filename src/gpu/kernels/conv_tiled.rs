//! Convolution, the tiled variant: 64 channels at 64 positions for a workgroup, through its memory.

use super::conv::{self, Bindings, Params, Tile};
use super::{Form, Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_tiled",
    source: include_str!("../../../shaders/conv_tiled.wgsl"),
    uses: Uses::Stretches,
    // Two tiles of 16 rows of 64 numbers.
    memory: Memory::Bytes(2 * 16 * 256),
    loads_per_product: Some(|_, _| 0.25),
    workgroup: 64,
    ..conv::KERNEL
};

/// What a workgroup owns.
pub(crate) const TILE: Tile = Tile {
    rows: 64,
    columns: 64,
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings, joined: bool) -> Dispatch {
    let plain = conv::in_tiles(conv::dispatch(name, params, bindings), params, TILE);
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            joined,
            ..plain.form
        },
        workgroups: conv::tiles(params, TILE) * conv::cut(params, joined),
        ..plain
    }
}
