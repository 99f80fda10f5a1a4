//! An exponential moving average of the weights, beside the one that their step brings along.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "ema" of 256
    params { elements: u32 }
    bindings { rate: Step, report: Read, weight: Read, average: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.elements);
    // The average is read and written.
    dispatch_of(name, params, bindings, numbers.div_ceil(256)).moving(&[(3, 2 * numbers)])
}
