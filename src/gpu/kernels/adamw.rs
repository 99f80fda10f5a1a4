//! A step of AdamW, by [`OptimizerNumbers`](crate::gpu::OptimizerNumbers), with what follows from the weights that it makes:
//! a moving average of them, and the same in f16.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "adamw" of 256
    params { quads: u32, has_average: u32, has_halves: u32 }
    bindings {
        update: Step, rate: Step, report: Read, gradient: Read, weight: Write, first_moment: Write,
        second_moment: Write, average: Write, halves: Write,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let quads = u64::from(params.quads);
    // These are read and written.
    let kept = [4, 5, 6].map(|at| (at, 8 * quads));
    let average = (7, 8 * quads * u64::from(params.has_average));
    dispatch_of(name, params, bindings, quads.div_ceil(256))
        .moving(&kept)
        .moving(&[average])
}
