//! The gradient of self-attention with respect to q: an invocation for each query of each head.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "attention_grad_query" of 64 with "attention_grad.wgsl"
    params { batch: u32, heads: u32, rows: u32, positions: u32, scale: f32 }
    bindings { qkv: Activations, grad: Activations, laws: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let tiles = u64::from(params.positions.div_ceil(64));
    let (rows, positions) = (u64::from(params.rows), u64::from(params.positions));
    let (sixteens, queries) = (positions.div_ceil(16), heads * positions);
    // 16 keys at a time, a query reads their rows twice and those of their values once, beside its own of q and of the
    // gradient; what it has gathered it adds to in memory.
    let read = queries * rows * (3 * positions + sixteens);
    let gathered = queries * rows * (2 * sixteens).saturating_sub(1);
    dispatch_of(name, params, bindings, heads * tiles).moving(&[
        (0, read),
        (1, queries * rows * sixteens),
        (3, gathered),
    ])
}
