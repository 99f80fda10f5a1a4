//! Group normalisation with its statistics, modulation and SiLU: a workgroup for each group, where groups are small.

use super::group_norm::{self, Params};
use super::{Access, Kernel, Uses};
use crate::gpu::recording::{Binding, Dispatch};

/// Parameters are those of the normalisation from known statistics.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "group_norm_whole",
    interface: concat!(
        include_str!("../../../shaders/shared/group_law.wgsl"),
        include_str!("../../../shaders/shared/group_scale.wgsl"),
        include_str!("../../../shaders/shared/group_norm.wgsl"),
        include_str!("../../../shaders/shared/group_statistics.wgsl")
    ),
    source: include_str!("../../../shaders/group_norm_whole.wgsl"),
    uses: Uses::Reductions,
    bindings: &[
        ("input", Access::Activations),
        ("weight", Access::Weights),
        ("bias", Access::Weights),
        ("scale_shift", Access::Read),
        ("output", Access::Result),
    ],
    ..group_norm::KERNEL
};

/// What one dispatch binds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bindings {
    pub(crate) input: Binding,
    pub(crate) weight: Binding,
    pub(crate) bias: Binding,
    pub(crate) scale_shift: Binding,
    pub(crate) output: Binding,
}

/// The most numbers of a group: 64 for an invocation. Of more, an image has too few groups to keep a GPU busy with all of
/// its numbers.
const MOST: u64 = 16_384;

/// Whether groups are so small that one dispatch is better than two.
pub(crate) fn suits(per_group: u32, positions: u32) -> bool {
    u64::from(per_group) * u64::from(positions) <= MOST
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let Bindings {
        input,
        weight,
        bias,
        scale_shift,
        output,
    } = bindings;
    let bindings = [input, weight, bias, scale_shift, output].into();
    let groups = u64::from(params.batch) * u64::from(params.channels / params.per_group.max(1));
    let numbers = groups * u64::from(params.per_group) * u64::from(params.positions);
    Dispatch::new(name, &KERNEL, params.words(), bindings, groups).moving(&[(0, 3 * numbers)])
}
