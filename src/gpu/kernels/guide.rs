//! Guidance without a classifier: two outputs of each image become one.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "guide" of 64
    params { batch: u32, elements: u32, output_elements: u32 }
    bindings { output: Read, scales: Read, guided: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.output_elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
