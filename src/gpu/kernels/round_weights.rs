//! The rounding of the weights that are trained to f16.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "round_weights" of 256
    params { words: u32 }
    bindings { report: Read, masters: Read, words: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let words = u64::from(params.words);
    dispatch_of(name, params, bindings, words.div_ceil(256))
}
