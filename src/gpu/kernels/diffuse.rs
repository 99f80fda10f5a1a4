//! Noising: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "diffuse" of 256
    params { batch: u32, elements: u32 }
    bindings { x_start: Read, noise: Read, rows: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
