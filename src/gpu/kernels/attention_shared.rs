//! Self-attention: a workgroup for each query of each head.

use super::kernel::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "attention" of 128
    params { batch: u32, heads: u32, rows: u32, positions: u32, scale: f32 }
    bindings { qkv: Read, output: Write }
}

/// The most rows of a head that the kernel has room for.
pub(crate) const MAX_ROWS: usize = 1024;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    dispatch_of(name, params, bindings, heads * u64::from(params.positions))
}
