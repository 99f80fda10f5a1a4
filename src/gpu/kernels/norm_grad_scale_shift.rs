//! The gradient of a group normalisation with respect to scale and shift.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_scale_shift" of 64
    params { batch: u32, channels: u32, groups: u32 }
    bindings { sums: Read, weight: Weights, bias: Weights, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.channels);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
