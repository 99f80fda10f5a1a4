//! What is kept of a picture, put in place after a step.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "keep" of 64
    params { batch: u32, elements: u32 }
    bindings {
        step_numbers: Step, picture: Read, mask: Read, normals: Read, x: Write, x_start: Write,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
