//! The backward pass of a group normalisation but for its parameters, and what is added to it: a workgroup for each group,
//! where groups are small.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

/// Invocations of a workgroup.
const LANES: u32 = 256;

kernel! {
    "norm_grad_whole" of 256 with "norm_grad.wgsl" and "norm_grad_modulated.wgsl" and "norm_grad_added.wgsl" and "group_statistics.wgsl" and "norm_grad_group.wgsl" uses Reductions
    holds 2048
    params {
        batch: u32, channels: u32, positions: u32, groups: u32, silu: u32, modulated: u32, has_addend: u32, lanes: u32,
    }
    bindings {
        input: Activations, grad: Activations, weight: Weights, bias: Weights, scale_shift: Read, addend: Activations,
        sums: Write, output: Result,
    }
}

/// How many invocations share a channel of so many in a group.
pub(crate) fn lanes(per_group: u32) -> u32 {
    1 << (LANES / per_group.clamp(1, LANES)).ilog2()
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.groups);
    let planes = u64::from(params.batch) * u64::from(params.channels);
    let numbers = planes * u64::from(params.positions);
    // The input for mean, deviation, sums and result, the gradient for the last two.
    dispatch_of(name, params, bindings, groups).moving(&[(0, 4 * numbers), (1, 2 * numbers)])
}
