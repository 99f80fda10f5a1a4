//! The gradient of a convolution with respect to its input, the plain variant: 8 channels at one position for
//! an invocation.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv_grad_input" of 64 with "conv_grad_input.wgsl"
    params { batch: u32, inputs: u32, height: u32, width: u32, outputs: u32, out_height: u32, out_width: u32, side: u32, stride: u32, wrap_y: u32, wrap_x: u32, has_addend: u32 }
    bindings { grad: Activations, weight: Weights, addend: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let positions = u64::from(params.height) * u64::from(params.width);
    let blocks = u64::from(params.batch) * u64::from(params.inputs.div_ceil(8));
    // An invocation reads each gradient over its position, and eight weights for it.
    let seen = seen(params, 8);
    dispatch_of(name, params, bindings, positions.div_ceil(64) * blocks)
        .moving(&[(0, seen), (1, 8 * seen)])
}

/// Gradients that lie over all positions, once for each block of so many channels: of columns that are a stride apart one
/// has a gradient over it.
pub(super) fn seen(params: &Params, channels: u32) -> u64 {
    let positions = u64::from(params.height) * u64::from(params.width);
    let blocks = u64::from(params.batch) * u64::from(params.inputs.div_ceil(channels));
    let strides = u64::from(params.stride) * u64::from(params.stride);
    positions * blocks * u64::from(params.outputs) * taps(params) / strides.max(1)
}

pub(super) fn taps(params: &Params) -> u64 {
    u64::from(params.side) * u64::from(params.side)
}
