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
    // The last three are read and written.
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
        .moving(&[3, 4, 5].map(|at| (at, 2 * numbers)))
}
