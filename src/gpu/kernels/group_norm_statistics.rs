//! The statistics of a group normalisation, mean and reciprocal deviation of each group: a workgroup for
//! each.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "group_norm_statistics" of 256 uses Reductions
    params { batch: u32, groups: u32, group_elements: u32 }
    bindings { input: Activations, statistics: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.groups);
    dispatch_of(name, params, bindings, groups)
}
