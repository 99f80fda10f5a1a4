//! The end of a convolution that was cut along its input channels: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv_sum" of 64 with "stretches.wgsl"
    params {
        batch: u32, outputs: u32, positions: u32, splits: u32, has_shift: u32, has_residual: u32,
        skip_bias: u32,
    }
    bindings { sums: Read, conv_bias: Weights, shift: Read, residual: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let planes = u64::from(params.batch) * u64::from(params.outputs);
    let numbers = planes * u64::from(params.positions);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
