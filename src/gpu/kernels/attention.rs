//! Self-attention, the plain variant: an invocation for each query of each head.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "attention" of 64 with "attention.wgsl"
    params { batch: u32, heads: u32, rows: u32, positions: u32, scale: f32 }
    bindings { qkv: Activations, output: Result }
}

/// Rows of the output that an invocation gathers at once.
const BLOCK: u32 = 64;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let tiles = u64::from(params.positions.div_ceil(64));
    let (rows, positions) = (u64::from(params.rows), u64::from(params.positions));
    // A query goes through all keys for every block of its output's rows, beside a number of its own for 16 of them; then
    // through the values of that block.
    let keys = rows * positions;
    let queries = rows * positions.div_ceil(16);
    let blocks = rows.div_ceil(BLOCK.into());
    let of_a_query = blocks * (keys + queries) + keys;
    dispatch_of(name, params, bindings, heads * tiles)
        .moving(&[(0, heads * positions * of_a_query)])
}
