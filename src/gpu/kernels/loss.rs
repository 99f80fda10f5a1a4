//! The loss of each image: a workgroup for each.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "loss" of 256 with "loss.wgsl" uses Reductions
    params { batch: u32, elements: u32, predicted_elements: u32 }
    bindings { predicted: Read, x_start: Read, noise: Read, x: Read, rows: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(name, params, bindings, u64::from(params.batch))
}
