//! What a step of the optimiser is told, and what it keeps: the same for the processor and a GPU.

use crate::words::words;

/// A slice that a run keeps beside its graph, as long as all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The weights that are trained.
    Weights,
    /// The first moment of AdamW: the mean of the gradients.
    FirstMoment,
    /// The second moment of AdamW: the mean of the gradients' squares.
    SecondMoment,
    /// A moving average of the weights, by its number from 0.
    Ema(usize),
}

words! {
    /// The numbers of one AdamW step, cast to f32 once, as every executor reads them; but the processor makes
    /// the gradient's factor of `unscale` and `clip` as they are before that, in f64.
    pub OptimizerNumbers {
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

words! {
    /// The rate of a moving average, cast to f32 once: average ← rate·average + rest·weight.
    pub(crate) AverageRate { rate: f32, rest: f32 }
}

impl AverageRate {
    pub(crate) fn of(rate: f64) -> Self {
        Self {
            rate: rate as f32,
            rest: (1.0 - rate) as f32,
        }
    }
}
