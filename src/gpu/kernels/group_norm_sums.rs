//! The end of a convolution that was cut along its input channels, and the group normalisation behind it: a workgroup for
//! each group.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "group_norm_sums" of 256 with "stretches.wgsl" and "group_law.wgsl" and "group_scale.wgsl" and "group_norm.wgsl" and "group_statistics.wgsl" and "group_norm_made.wgsl" uses Reductions
    params {
        batch: u32, channels: u32, positions: u32, per_group: u32, silu: u32, modulated: u32,
        splits: u32, has_shift: u32, has_residual: u32, skip_bias: u32,
    }
    bindings {
        sums: Read, conv_bias: Weights, residual: Activations, weight: Weights, bias: Weights, scale_shift: Read,
        made: Result, output: Result,
    }
}

/// Of the bindings, the place of what is made of the sums.
const MADE: usize = 6;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.channels / params.per_group.max(1));
    let numbers = groups * u64::from(params.per_group) * u64::from(params.positions);
    // Written once, read for mean, deviation and result.
    dispatch_of(name, params, bindings, groups).moving(&[(MADE, 4 * numbers)])
}
