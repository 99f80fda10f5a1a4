//! A linear layer, a matrix times a vector, behind a SiLU or not: a workgroup for each number of the
//! result.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear" of 64 uses Reductions
    params { batch: u32, inputs: u32, outputs: u32, silu: u32 }
    bindings { input: Read, weight: Weights, bias: Weights, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.outputs);
    // Each has the products of a row of both by itself.
    let products = numbers * u64::from(params.inputs);
    dispatch_of(name, params, bindings, numbers).moving(&[(0, products), (1, products)])
}
