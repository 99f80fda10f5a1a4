//! The norm of the gradient, and whether and how a step is taken: one workgroup.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "gradient_norm" of 256 uses Reductions
    params { count: u32 }
    bindings { update: Step, parts: Read, report: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    dispatch_of(name, params, bindings, 1)
}
