//! A step of AdamW, and its numbers as a kernel sees them.

use super::declare::{kernel, words};
use crate::gpu::recording::Dispatch;

kernel! {
    "adamw" of 256
    params { elements: u32 }
    bindings {
        update: Step, report: Read, gradient: Read,
        weight: Write, first_moment: Write, second_moment: Write,
    }
}

words! {
    /// What a step of the optimiser is, cast once.
    pub UpdateNumbers {
        /// 1/(the factor that the loss was scaled by).
        unscale: f32,
        /// The largest norm of the gradient; f32's largest where it is not clipped.
        clip: f32,
        /// 1 - lr·weight_decay.
        decay: f32,
        /// β1.
        beta1: f32,
        /// β2.
        beta2: f32,
        /// 1 - β1.
        rest1: f32,
        /// 1 - β2.
        rest2: f32,
        /// lr/(1 - β1^k).
        step_size: f32,
        /// √(1 - β2^k).
        root_correction: f32,
        /// ε.
        epsilon: f32,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
