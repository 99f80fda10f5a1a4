//! Normal deviates by Philox: an invocation for four of an image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "noise" of 64 with "normals.wgsl"
    params { batch: u32, elements: u32, purpose: u32 }
    bindings { step_numbers: Step, samples: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let blocks = u64::from(params.batch) * u64::from(params.elements.div_ceil(4));
    dispatch_of(name, params, bindings, blocks.div_ceil(64))
}
