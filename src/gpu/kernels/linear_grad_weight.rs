//! The gradients of linear layers with respect to weights and biases: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear_grad_weight" of 64
    params { batch: u32, inputs: u32, silu: u32, parameters: u32 }
    bindings { input: Read, grad: Read, parameters: Read, output: Write }
}

crate::words::words! {
    /// Which is the first workgroup of a parameter; how many rows it has, and whether it is a bias; where all begins.
    pub(crate) Row { first: u32, outputs: u32, is_bias: u32, grad: u32, output: u32 }
}

/// How many workgroups so many numbers take.
pub(crate) const fn workgroups(numbers: u32) -> u32 {
    numbers.div_ceil(64)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    workgroups: u32,
) -> Dispatch {
    let products = 64 * u64::from(workgroups) * u64::from(params.batch);
    dispatch_of(name, params, bindings, workgroups.into()).moving(&[(0, products), (1, products)])
}
