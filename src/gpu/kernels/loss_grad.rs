//! The gradient of the loss: an invocation for an element and its variance channel.

use super::loss::{self, Bindings, Params};
use super::{Kernel, Uses};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the loss.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "loss_grad",
    source: include_str!("../../../shaders/loss_grad.wgsl"),
    uses: Uses::Nothing,
    ..loss::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.elements);
    Dispatch {
        kernel: &KERNEL,
        workgroups: numbers.div_ceil(256),
        ..loss::dispatch(name, params, bindings)
    }
}
