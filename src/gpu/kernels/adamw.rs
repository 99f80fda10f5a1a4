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
    /// The numbers of one AdamW step, cast to f32 once.
    pub UpdateNumbers {
        /// The factor of the gradients, one over the loss scale.
        unscale: f32,
        /// The largest norm of the gradient; f32's largest where it is not clipped.
        clip: f32,
        /// The factor of weight decay: 1 - lr·weight_decay.
        decay: f32,
        /// The rate β1 of the first moment.
        beta1: f32,
        /// The rate β2 of the second moment.
        beta2: f32,
        /// The share of a new gradient in the first moment: 1 - β1.
        rest1: f32,
        /// The share of a new squared gradient in the second moment: 1 - β2.
        rest2: f32,
        /// The step size, with the first moment's bias corrected: lr/(1 - β1^k).
        step_size: f32,
        /// The bias correction of the second moment's root: √(1 - β2^k).
        root_correction: f32,
        /// The summand ε that keeps the denominator from 0.
        epsilon: f32,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
