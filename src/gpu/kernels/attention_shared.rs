//! Self-attention, the shared variant: a workgroup for 32 or 64 queries of a head, and 64 rows of their output.

use super::attention::{self, Bindings, Params};
use super::{Form, Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_shared",
    source: include_str!("../../../shaders/attention_shared.wgsl"),
    uses: Uses::Blocks,
    memory: Memory::OfForm(bytes),
    loads_per_product: Some(|form, _| if form.large { 0.375 } else { 0.5 }),
    workgroup: 128,
    ..attention::KERNEL
};

/// Vectors of four: 16 rows of 64 keys and of the queries, shares of so many keys and queries as fit.
const fn bytes(form: Form) -> u64 {
    16 * (16 * (64 + queries(form.large)) / 4 + 512)
}

/// The queries of a workgroup.
pub(super) const fn queries(large: bool) -> u64 {
    if large { 64 } else { 32 }
}

/// So many workgroups keep a large GPU busy.
const ENOUGH: u64 = 256;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let plain = attention::dispatch(name, params, bindings);
    Dispatch {
        kernel: &KERNEL,
        ..in_blocks(plain, params, 64)
    }
}

/// The dispatch of a workgroup for 32 or 64 queries of a head and 64 rows of their output, which walks so many keys at a time.
pub(super) fn in_blocks(plain: Dispatch, params: &Params, keys: u32) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let blocks = u64::from(params.rows.div_ceil(64));
    let tiles_of = |large| u64::from(params.positions).div_ceil(queries(large));
    // The same bits in either form, so that the batch may choose. Half a block of queries is half of the work for nothing.
    let large = heads * blocks * tiles_of(true) >= ENOUGH && tiles_of(false) > tiles_of(true);
    let tiles = tiles_of(large);
    // Each workgroup brings all keys, its own queries for so many keys, and of the values its own rows.
    let steps = u64::from(params.positions.div_ceil(keys));
    let times = blocks * tiles + blocks * steps + tiles;
    let brought = heads * u64::from(params.rows) * u64::from(params.positions) * times;
    Dispatch {
        form: Form {
            large,
            ..plain.form
        },
        workgroups: heads * blocks * tiles,
        ..plain.moving(&[(0, brought)])
    }
}
