//! The numbers of each row that the gradients of self-attention share: an invocation for each query of each
//! head.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "attention_rows" of 64
    params { batch: u32, heads: u32, rows: u32, positions: u32, scale: f32 }
    bindings { qkv: Activations, made: Activations, grad: Activations, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let tiles = u64::from(params.positions.div_ceil(64));
    let (rows, positions) = (u64::from(params.rows), u64::from(params.positions));
    // A query goes through all keys, beside a number of its own for four of them.
    let of_a_query = rows * (positions + positions.div_ceil(4));
    dispatch_of(name, params, bindings, heads * tiles)
        .moving(&[(0, heads * positions * of_a_query)])
}
