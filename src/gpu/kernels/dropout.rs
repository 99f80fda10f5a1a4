//! Dropout, forward and backward: an invocation for four numbers of an image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "dropout" of 64
    params { batch: u32, elements: u32, layer: u32, threshold: u32, gain: f32 }
    bindings { input: Activations, keys: Read, output: Result }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let blocks = u64::from(params.batch) * u64::from(params.elements.div_ceil(4));
    dispatch_of(name, params, bindings, blocks.div_ceil(64))
}
