//! Average pooling: means of 2×2.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "average_pool" of 256
    params { planes: u32, height: u32, width: u32 }
    bindings { input: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plane = u64::from(params.height / 2) * u64::from(params.width / 2);
    let numbers = u64::from(params.planes) * plane;
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
