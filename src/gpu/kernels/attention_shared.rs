//! Self-attention, the shared variant: a workgroup for 32 queries of a head, and 64 rows of their output.

use super::attention::{self, Bindings, Params};
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_shared",
    source: include_str!("../../../shaders/attention_shared.wgsl"),
    // Vectors of four: 16 rows of the factors of scores, the shares of 64 keys, one of each invocation.
    memory: Memory::Bytes(16 * (384 + 512 + 128)),
    loads_per_product: Some(|_| 0.5),
    workgroup: 128,
    ..attention::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let blocks = u64::from(params.rows.div_ceil(64));
    let tiles = u64::from(params.positions.div_ceil(32));
    let plain = attention::dispatch(name, params, bindings);
    // Each workgroup brings all keys, its own queries for every 64 keys, and of the values its own rows.
    let steps = u64::from(params.positions.div_ceil(64));
    let times = blocks * tiles + blocks * steps + tiles;
    let brought = heads * u64::from(params.rows) * u64::from(params.positions) * times;
    Dispatch {
        kernel: &KERNEL,
        workgroups: heads * blocks * tiles,
        ..plain.moving(&[(0, brought)])
    }
}
