//! The statistics of a group normalisation, mean and reciprocal deviation of each group: a workgroup for
//! each.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "group_norm_statistics" of 256 with "group_statistics.wgsl" uses Reductions
    params { batch: u32, groups: u32, group_elements: u32 }
    bindings { input: Activations, statistics: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.groups);
    // Once for the mean, once for the squares about it.
    let numbers = groups * u64::from(params.group_elements);
    dispatch_of(name, params, bindings, groups).moving(&[(0, 2 * numbers)])
}
