//! Bilinear resizing.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "bilinear" of 256
    params { planes: u32, height: u32, width: u32, out_height: u32, out_width: u32 }
    bindings { input: Activations, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plane = u64::from(params.out_height) * u64::from(params.out_width);
    let numbers = u64::from(params.planes) * plane;
    dispatch_of(name, params, bindings, numbers.div_ceil(256)).moving(&[(0, 4 * numbers)])
}
