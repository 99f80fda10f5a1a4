//! A step of AdamW, by [`OptimizerNumbers`](crate::gpu::OptimizerNumbers).

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "adamw" of 256
    params { elements: u32 }
    bindings {
        update: Step, report: Read, gradient: Read,
        weight: Write, first_moment: Write, second_moment: Write,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
