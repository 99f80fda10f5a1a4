//! The embedding of labels: a row of a table, by class, added to a vector.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "label_embedding" of 64
    params { batch: u32, channels: u32, classes: u32 }
    bindings { base: Read, labels: Read, table: Weights, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.channels);
    // Of the table the rows of these classes.
    dispatch_of(name, params, bindings, numbers.div_ceil(64)).moving(&[(2, numbers)])
}
