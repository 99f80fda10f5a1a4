//! The gradient of self-attention with respect to q, the shared variant: a workgroup for 32 queries of a head, and 64 rows
//! of their gradient.

use super::attention_grad_query::{self, Bindings, Params};
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_grad_query_shared",
    interface: concat!(
        include_str!("../../../shaders/shared/attention_grad.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_each.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_query.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_blocks.wgsl")
    ),
    source: include_str!("../../../shaders/attention_grad_query_shared.wgsl"),
    // Vectors of four: what is multiplied of 16 steps, the factors of 64 keys, one of each invocation.
    memory: Memory::Bytes(16 * (384 + 512 + 128)),
    loads_per_product: Some(|_, _| 0.5),
    workgroup: 128,
    ..attention_grad_query::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plain = attention_grad_query::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        ..in_blocks(plain, params, 64)
    }
}

/// The dispatch of a workgroup for 32 queries of a head and 64 rows of their gradient, which walks so many keys at a time.
pub(super) fn in_blocks(plain: Dispatch, params: &Params, walked: u32) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let blocks = u64::from(params.rows.div_ceil(64));
    let tiles = u64::from(params.positions.div_ceil(32));
    let steps = u64::from(params.positions.div_ceil(walked));
    let numbers = heads * u64::from(params.rows) * u64::from(params.positions);
    // Each workgroup brings all keys and all values, then of the keys its own rows; for so many keys its own queries and
    // their gradients, which like what they made it has read once before.
    Dispatch {
        workgroups: heads * blocks * tiles,
        ..plain.moving(&[
            (0, numbers * (2 * blocks * tiles + tiles + blocks * steps)),
            (1, numbers * (blocks * steps + blocks)),
            (4, numbers * blocks),
        ])
    }
}
