//! The backward pass of a group normalisation of a concatenation but for its parameters, and what is added to it: a workgroup
//! for each group, where groups are small.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_concat" of 256 with "norm_grad.wgsl" and "norm_grad_added.wgsl" and "group_statistics.wgsl" and "norm_grad_group.wgsl" uses Reductions
    holds 2048
    params {
        batch: u32, channels: u32, positions: u32, groups: u32, silu: u32, has_addend: u32, lanes: u32,
        first_channels: u32,
    }
    bindings {
        input: Activations, grad: Activations, weight: Weights, bias: Weights, addend: Activations, sums: Write,
        first: Result, second: Result,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.groups);
    let planes = u64::from(params.batch) * u64::from(params.channels);
    let numbers = planes * u64::from(params.positions);
    // The input for mean, deviation, sums and result, the gradient for the last two.
    dispatch_of(name, params, bindings, groups).moving(&[(0, 4 * numbers), (1, 2 * numbers)])
}
