//! Sums of parts, in the order of the parts.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "sum_parts" of 256
    params { elements: u32, parts: u32, first: u32, apart: u32 }
    bindings { part: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    let parts = u64::from(params.parts);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
        .moving(&[(0, parts * numbers), (1, numbers)])
}
