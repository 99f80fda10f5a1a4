//! Convolution, the tiled variant: 64 channels at 64 positions for a workgroup, through its memory.

use super::Kernel;
use super::conv::{self, Bindings, Params};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_tiled",
    source: include_str!("../../../shaders/conv_tiled.wgsl"),
    workgroup: 64,
    ..conv::KERNEL
};

/// Channels, and positions, of a workgroup.
pub(crate) const TILE: u32 = 64;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        workgroups: conv::tiles(params, TILE) * u64::from(params.splits),
        ..conv::dispatch(name, params, bindings)
    }
}
