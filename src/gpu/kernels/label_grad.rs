//! The gradient of a table of labels: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "label_grad" of 64
    params { batch: u32, channels: u32, classes: u32 }
    bindings { grad: Read, labels: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.classes) * u64::from(params.channels);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}
