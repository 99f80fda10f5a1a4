//! The sums that the gradients of a group normalisation share: a workgroup for each channel of each image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_sums" of 64 with "norm_grad.wgsl" and "norm_grad_modulated.wgsl" uses Reductions
    params { batch: u32, channels: u32, positions: u32, groups: u32, silu: u32, modulated: u32 }
    bindings { input: Activations, grad: Activations, statistics: Read, weight: Weights, bias: Weights, scale_shift: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(
        name,
        params,
        bindings,
        u64::from(params.batch) * u64::from(params.channels),
    )
}
