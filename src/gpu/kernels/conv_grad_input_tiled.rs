//! The gradient of a convolution with respect to its input, the tiled variant: 64 channels at 64 positions
//! for a workgroup, through its memory.

use super::conv_grad_input::{self, Bindings, Params};
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_grad_input_tiled",
    source: include_str!("../../../shaders/conv_grad_input_tiled.wgsl"),
    // Two tiles of 16 rows of 64 numbers.
    memory: Memory::Bytes(2 * 16 * 256),
    loads_per_product: Some(|_| 0.25),
    workgroup: 64,
    ..conv_grad_input::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let image = u64::from(params.height) * u64::from(params.width);
    let positions = u64::from(params.batch) * image;
    let blocks = u64::from(params.inputs.div_ceil(64));
    let tiles = positions.div_ceil(64);
    let workgroups = tiles * blocks;
    let grads = conv_grad_input::seen(params, 64);
    let quads = u64::from(params.outputs.next_multiple_of(4));
    let weights = tiles * conv_grad_input::taps(params) * quads * u64::from(params.inputs);
    let plain = conv_grad_input::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        workgroups,
        ..plain.moving(&[(0, grads), (1, weights)])
    }
}
