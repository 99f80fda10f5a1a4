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

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let positions = u64::from(params.batch) * image;
    let blocks = u64::from(params.outputs.div_ceil(64));
    Dispatch {
        kernel: &KERNEL,
        workgroups: positions.div_ceil(64) * blocks,
        ..conv::dispatch(name, params, bindings)
    }
}
