//! The sum of two tensors, transposed where the weights of a convolution lie so.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "add" of 256
    params { rows: u32, columns: u32, padded: u32 }
    bindings { first: Activations, second: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.columns) * u64::from(params.padded);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
