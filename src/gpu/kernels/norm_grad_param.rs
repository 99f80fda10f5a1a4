//! The gradients of group normalisations with respect to weights and biases: an invocation for each number.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "norm_grad_param" of 64
    params { batch: u32, norms: u32 }
    bindings { sums: Read, scale_shift: Read, norms: Read, output: Write }
}

crate::words::words! {
    /// Which is the first workgroup of a gradient; how many numbers it has, and sums an image; where all begins.
    pub(crate) Row {
        first: u32, channels: u32, stride: u32, modulated: u32, sums: u32, scale_shift: u32, output: u32,
    }
}

/// How many workgroups so many channels take.
pub(crate) const fn workgroups(channels: u32) -> u32 {
    channels.div_ceil(64)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    workgroups: u32,
) -> Dispatch {
    dispatch_of(name, params, bindings, workgroups.into())
}
