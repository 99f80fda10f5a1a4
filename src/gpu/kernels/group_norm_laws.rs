//! How a group normalisation scales each channel of each image, for a convolution that normalises what it reads: a workgroup
//! for each group.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "group_norm_laws" of 256 with "group_scale.wgsl" and "group_norm.wgsl" and "group_statistics.wgsl" uses Reductions
    params { batch: u32, channels: u32, positions: u32, per_group: u32, modulated: u32, first_channels: u32 }
    bindings {
        first: Activations, second: Activations, weight: Weights, bias: Weights, scale_shift: Read, laws: Write,
    }
}

/// Words of a law.
pub(crate) const WORDS: u64 = 4;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let groups = u64::from(params.batch) * u64::from(params.channels / params.per_group.max(1));
    let image = u64::from(params.batch) * u64::from(params.positions);
    let first = image * u64::from(params.first_channels);
    let second = image * u64::from(params.channels - params.first_channels);
    // Read for the mean, and for the deviation.
    let dispatch = dispatch_of(name, params, bindings, groups).moving(&[(0, 2 * first)]);
    match second {
        0 => dispatch,
        _ => dispatch.moving(&[(1, 2 * second)]),
    }
}
