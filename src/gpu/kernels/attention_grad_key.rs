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
    let (heads, rows) = (
        u64::from(params.batch) * u64::from(params.heads),
        u64::from(params.rows),
    );
    let (positions, sixteens) = (
        u64::from(params.positions),
        u64::from(params.positions.div_ceil(16)),
    );
    let keys = heads * positions;
    // 16 queries at a time, a key reads their rows and those of their gradients twice, beside its own of k and v, and their
    // laws, of three numbers; what it has gathered of k and of v it adds to in memory.
    let read = keys * rows * 2 * (positions + sixteens);
    let gathered = keys * rows * 2 * (2 * sixteens).saturating_sub(1);
    let query = attention_grad_query::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        ..query.moving(&[
            (0, read),
            (1, keys * rows * 2 * positions),
            (2, keys * 3 * positions),
            (3, gathered),
        ])
    }
}
