//! An exponential moving average of the weights, and its rate as a kernel sees it.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;
use crate::words::words;

kernel! {
    "ema" of 256
    params { elements: u32 }
    bindings { rate: Step, report: Read, weight: Read, average: Write }
}

words! {
    /// `Rate` of the shader.
    pub(crate) Rate { rate: f32, rest: f32 }
}

impl Rate {
    pub(crate) fn of(rate: f64) -> Self {
        Self {
            rate: rate as f32,
            rest: (1.0 - rate) as f32,
        }
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(256))
}
