//! The gradient of linear layers with respect to the input that they share: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear_grad_input" of 64
    params { batch: u32, inputs: u32, silu: u32, layers: u32, continues: u32 }
    bindings { grad: Read, weight: Weights, input: Read, layers: Read, output: Write }
}

crate::words::words! {
    /// How many rows a layer has; where all begins.
    pub(crate) Row { outputs: u32, grad: u32, weight: u32 }
}

/// The dispatch over layers of so many rows together.
pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings, rows: u32) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.inputs);
    let products = numbers * u64::from(rows);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
        .moving(&[(0, products), (1, products)])
}
