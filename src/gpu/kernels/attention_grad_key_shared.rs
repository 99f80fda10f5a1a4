//! The gradient of self-attention with respect to k and v, the shared variant: a workgroup for 32 keys of a head, and 64
//! rows of their gradients.

use super::attention_grad_key::{self, Bindings};
use super::attention_grad_query::Params;
use super::{Kernel, Memory};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_grad_key_shared",
    interface: concat!(
        include_str!("../../../shaders/shared/attention_grad.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_each.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_key.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_blocks.wgsl")
    ),
    source: include_str!("../../../shaders/attention_grad_key_shared.wgsl"),
    // Vectors of four: what is multiplied of 16 steps, the factors of 64 queries, their laws.
    memory: Memory::Bytes(16 * (384 + 512 + 64)),
    loads_per_product: Some(|_, _| 0.5),
    workgroup: 128,
    ..attention_grad_key::KERNEL
};

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plain = attention_grad_key::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        ..in_blocks(plain, params, 64)
    }
}

/// The dispatch of a workgroup for 32 keys of a head and 64 rows of their gradients, which walks so many queries at a time.
pub(super) fn in_blocks(plain: Dispatch, params: &Params, walked: u32) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let blocks = u64::from(params.rows.div_ceil(64));
    let tiles = u64::from(params.positions.div_ceil(32));
    let steps = u64::from(params.positions.div_ceil(walked));
    let positions = u64::from(params.positions);
    let numbers = heads * u64::from(params.rows) * positions;
    // Each workgroup brings all queries, their gradients and their laws, then of the former two its own rows; for so many
    // queries its own keys and their values.
    let of_walked = numbers * (blocks * tiles + tiles);
    Dispatch {
        workgroups: heads * blocks * tiles,
        ..plain.moving(&[
            (0, of_walked + numbers * 2 * blocks * steps),
            (1, of_walked),
            (2, heads * 4 * positions * blocks * tiles),
        ])
    }
}
