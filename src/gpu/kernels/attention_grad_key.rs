//! The gradient of self-attention with respect to k and v: an invocation for each key.

use super::Kernel;
use super::attention_grad_query::{self, Bindings, Params};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the gradient with respect to q.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_grad_key",
    source: include_str!("../../../shaders/attention_grad_key.wgsl"),
    ..attention_grad_query::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    Dispatch {
        kernel: &KERNEL,
        ..attention_grad_query::dispatch(name, params, bindings)
    }
}
