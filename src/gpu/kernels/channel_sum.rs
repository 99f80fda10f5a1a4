//! Sums over images and positions: a workgroup for each channel.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "channel_sum" of 256 uses Reductions
    params { batch: u32, channels: u32, positions: u32 }
    bindings { grad: Activations, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(name, params, bindings, u64::from(params.channels))
}
