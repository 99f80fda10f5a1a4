//! The gradient of average pooling, that is of means of 2×2.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "average_pool_grad" of 256
    params { planes: u32, height: u32, width: u32 }
    bindings { grad: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.planes) * u64::from(params.height) * u64::from(params.width);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
