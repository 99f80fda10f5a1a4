//! The gradient of self-attention with respect to q, the plain variant: an invocation for each query of each head.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "attention_grad_query" of 64
        with "attention_grad.wgsl" and "attention_grad_each.wgsl" and "attention_grad_query.wgsl"
    params { batch: u32, heads: u32, rows: u32, positions: u32, scale: f32 }
    bindings { qkv: Activations, grad: Activations, laws: Write, output: Result, made: Activations }
}

/// Rows of the output that an invocation gathers at once.
const BLOCK: u32 = 128;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let tiles = u64::from(params.positions.div_ceil(64));
    let (rows, positions) = (u64::from(params.rows), u64::from(params.positions));
    // For every block of its output's rows, a query goes through all keys and all values, beside a number of its own and
    // one of its gradient for 16 of them; then through the keys of that block.
    let (keys, sixteens) = (rows * positions, rows * positions.div_ceil(16));
    let blocks = u64::from(params.rows.div_ceil(BLOCK));
    let queries = heads * positions;
    dispatch_of(name, params, bindings, heads * tiles).moving(&[
        (0, queries * (blocks * (2 * keys + sixteens) + keys)),
        (1, queries * (blocks * sixteens + rows)),
        (3, queries * rows),
    ])
}
