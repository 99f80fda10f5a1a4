//! Back by the forward process, where steps are taken again.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "go_back" of 64
    params { count: u32 }
    bindings { step_numbers: Step, normals: Read, x: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.count);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
