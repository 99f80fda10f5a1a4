//! Group normalisation from known statistics, modulation and SiLU: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "group_norm" of 256 with "group_law.wgsl" and "group_scale.wgsl" and "group_norm.wgsl"
    params { batch: u32, channels: u32, positions: u32, per_group: u32, silu: u32, modulated: u32 }
    bindings {
        input: Activations, statistics: Read, weight: Weights, bias: Weights, scale_shift: Read,
        output: Result,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let planes = u64::from(params.batch) * u64::from(params.channels);
    let numbers = planes * u64::from(params.positions);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
