//! Sums over positions: a workgroup for each channel of each image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "position_sum" of 64 uses Reductions
    params { planes: u32, positions: u32 }
    bindings { grad: Activations, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(name, params, bindings, u64::from(params.planes))
}
