//! The images once more behind themselves, for a network that sees each twice.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "twice" of 64
    params { count: u32 }
    bindings { x: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.count);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
