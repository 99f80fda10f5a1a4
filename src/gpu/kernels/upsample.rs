//! Nearest-neighbour upsampling: each value four times.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "upsample" of 256
    params { planes: u32, height: u32, width: u32 }
    bindings { input: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plane = 4 * u64::from(params.height) * u64::from(params.width);
    let numbers = u64::from(params.planes) * plane;
    dispatch_of(name, params, bindings, numbers.div_ceil(256)).moving(&[(0, numbers)])
}
