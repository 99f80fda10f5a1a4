//! The kernel that adds gradients to those since the last step of the optimiser.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "accumulate" of 256
    params { elements: u32 }
    bindings { gradient: Read, sum: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    // The sum is read and written.
    dispatch_of(name, params, bindings, numbers.div_ceil(256)).moving(&[(1, 2 * numbers)])
}
