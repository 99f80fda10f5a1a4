//! Concatenation: channels of two tensors after each other.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "concat" of 256
    params { batch: u32, first_elements: u32, second_elements: u32 }
    bindings { first: Activations, second: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let image = u64::from(params.first_elements) + u64::from(params.second_elements);
    let numbers = u64::from(params.batch) * image;
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
