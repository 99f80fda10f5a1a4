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
    loads_per_product: Some(|_, _| 0.25),
    workgroup: 64,
    ..conv_grad_weight::KERNEL
};

/// Rows of a workgroup, and columns.
const SIDE: u32 = 64;
/// So many workgroups keep a large device busy.
const ENOUGH: u64 = 1024;

/// Into how many parts the positions are best cut.
pub(crate) fn parts(params: &Params) -> u32 {
    conv_grad_weight::parts(params, tiles(params), ENOUGH)
}

fn tiles(params: &Params) -> u64 {
    let padded = u64::from(params.inputs.next_multiple_of(16));
    let columns = padded * u64::from(params.side) * u64::from(params.side);
    columns.div_ceil(SIDE.into()) * u64::from(params.rows.div_ceil(SIDE))
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        ..conv_grad_weight::in_tiles(name, params, bindings, tiles(params), SIDE)
    }
}
