//! The gradient of a group normalisation with respect to weight or bias.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_param" of 64
    params { batch: u32, channels: u32, groups: u32, start: u32, modulated: u32 }
    bindings { sums: Read, scale_shift: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.channels);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
