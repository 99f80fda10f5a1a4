//! The statistics of a group normalisation, mean and reciprocal deviation of each group: a workgroup for
//! each.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;
use crate::unet::config::GROUPS;

kernel! {
    "group_norm_statistics" of 256 uses Reductions
    params { batch: u32, group_elements: u32 }
    bindings { input: Activations, statistics: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(
        name,
        params,
        bindings,
        u64::from(params.batch) * GROUPS as u64,
    )
}
