//! The bound of dynamic thresholding: a workgroup for each image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "threshold" of 256
    holds 1024
    params {
        batch: u32, elements: u32, output_elements: u32, rank: u32, fraction: f32, max: f32,
    }
    bindings { step_numbers: Step, x: Read, output: Read, bounds: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(name, params, bindings, u64::from(params.batch))
}
