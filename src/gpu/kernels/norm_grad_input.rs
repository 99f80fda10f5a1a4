//! The gradient of a group normalisation with respect to its input, and what is added to it: an invocation for 8 positions.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_input" of 64 with "norm_grad.wgsl" and "norm_grad_modulated.wgsl" and "norm_grad_added.wgsl"
    params { batch: u32, channels: u32, positions: u32, groups: u32, silu: u32, modulated: u32, has_addend: u32 }
    bindings {
        input: Activations, grad: Activations, sums: Read, weight: Weights, bias: Weights, scale_shift: Read,
        addend: Activations, output: Result,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let planes = u64::from(params.batch) * u64::from(params.channels);
    let tiles = u64::from(params.positions.div_ceil(512));
    dispatch_of(name, params, bindings, planes * tiles)
}
