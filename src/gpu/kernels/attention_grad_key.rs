//! The gradient of self-attention with respect to k and v, the plain variant: an invocation for each key of each head.

use super::attention_grad_query::{self, Params};
use super::{Access, Kernel};
use crate::gpu::recording::{Binding, Dispatch};

/// Parameters are those of the gradient with respect to q.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_grad_key",
    interface: concat!(
        include_str!("../../../shaders/shared/attention_grad.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_each.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_key.wgsl")
    ),
    source: include_str!("../../../shaders/attention_grad_key.wgsl"),
    bindings: &[
        ("qkv", Access::Activations),
        ("grad", Access::Activations),
        ("laws", Access::Read),
        ("output", Access::Result),
    ],
    ..attention_grad_query::KERNEL
};

/// What one dispatch binds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bindings {
    pub(crate) qkv: Binding,
    pub(crate) grad: Binding,
    pub(crate) laws: Binding,
    pub(crate) output: Binding,
}

/// Rows of either gradient that an invocation gathers at once.
const BLOCK: u32 = 128;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let Bindings {
        qkv,
        grad,
        laws,
        output,
    } = bindings;
    let bindings = [qkv, grad, laws, output].into();
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let tiles = u64::from(params.positions.div_ceil(64));
    let (rows, positions) = (u64::from(params.rows), u64::from(params.positions));
    // For every block of its gradients' rows, a key goes through all queries, their gradients and their laws, of three
    // numbers, beside its own of k and v for 16 of them; then through the queries and gradients of that block.
    let (queries, sixteens) = (rows * positions, rows * positions.div_ceil(16));
    let blocks = u64::from(params.rows.div_ceil(BLOCK));
    let keys = heads * positions;
    Dispatch::new(name, &KERNEL, params.words(), bindings, heads * tiles).moving(&[
        (0, keys * (blocks * (queries + 2 * sixteens) + queries)),
        (1, keys * (blocks * queries + queries)),
        (2, keys * blocks * 3 * positions),
        (3, keys * 2 * rows),
    ])
}
