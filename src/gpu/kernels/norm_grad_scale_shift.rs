//! The gradients of group normalisations with respect to scale and shift: an invocation for each channel of each image.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_scale_shift" of 64
    params { batch: u32, norms: u32 }
    bindings { sums: Read, weight: Weights, bias: Weights, norms: Read, output: Write }
}

crate::words::words! {
    /// Which is the first workgroup of a normalisation; how many channels and groups it has; where all begins.
    pub(crate) Row {
        first: u32, channels: u32, groups: u32, sums: u32, weight: u32, bias: u32, output: u32,
    }
}

/// How many workgroups so many channels of a batch take.
pub(crate) const fn workgroups(batch: u32, channels: u32) -> u32 {
    batch.saturating_mul(channels).div_ceil(64)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    workgroups: u32,
) -> Dispatch {
    dispatch_of(name, params, bindings, workgroups.into())
}
