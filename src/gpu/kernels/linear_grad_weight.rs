//! The gradient of a linear layer with respect to its weight: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear_grad_weight" of 64
    params { batch: u32, inputs: u32, outputs: u32, silu: u32 }
    bindings { input: Read, grad: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.outputs) * u64::from(params.inputs);
    let products = numbers * u64::from(params.batch);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
        .moving(&[(0, products), (1, products)])
}
