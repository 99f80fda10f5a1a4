//! A slice: some of the channels of a tensor.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "slice" of 256
    params { batch: u32, input_elements: u32, start: u32, elements: u32 }
    bindings { input: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
