//! Sums of squares of the gradient: a workgroup for 16,384 numbers.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "square_sums" of 256 uses Reductions
    params { elements: u32, first: u32 }
    bindings { update: Step, gradient: Read, parts: Write }
}

/// What one workgroup sums.
pub(crate) const NUMBERS_OF_A_PART: u32 = 16_384;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(
        name,
        params,
        bindings,
        u64::from(params.elements.div_ceil(NUMBERS_OF_A_PART)),
    )
}
