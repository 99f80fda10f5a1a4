//! The gradient of a linear layer with respect to its input: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear_grad_input" of 64
    params { batch: u32, inputs: u32, outputs: u32, silu: u32 }
    bindings { grad: Read, weight: Weights, input: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.inputs);
    let products = numbers * u64::from(params.outputs);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
        .moving(&[(0, products), (1, products)])
}
