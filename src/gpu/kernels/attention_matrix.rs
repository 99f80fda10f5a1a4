//! Self-attention, the variant of cooperative matrices: a workgroup for 32 or 64 queries of a head, and 64 rows of their
//! output.

use super::attention::{self, Bindings, Params};
use super::attention_shared::{is_large, queries};
use super::{Form, Kernel, Memory, Seen, Uses};
use crate::gpu::recording::{Dispatch, Width};
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_matrix",
    source: include_str!("../../../shaders/attention_matrix.wgsl"),
    uses: Uses::OwnMatrices,
    memory: Memory::OfForm(bytes),
    loads_per_product: Some(loads_per_product),
    workgroup: 128,
    ..attention::KERNEL
};

/// Keys of a block, and lines of a product; rows of a stage of the scores; rows of the output.
const KEYS: u64 = 32;
const DEPTH: u64 = 16;
const ROWS: u64 = 64;

/// Of 16 rows of keys and queries, and the shares, in f16; of a product in f32.
const fn bytes(form: Form) -> u64 {
    let queries = queries(form.large);
    2 * (DEPTH * (KEYS + 8) + (DEPTH + KEYS) * (queries + 8)) + 4 * KEYS * queries
}

/// A patch has 16 columns, and 16 or 32 lines.
fn loads_per_product(form: Form) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let [lines, columns] =
            [queries(form.large) / 2, 16].map(|own| own as f32 / side.length() as f32);
        (lines + columns) / (lines * columns)
    })
}

/// Whether its matrices can be read: f16, four at a time.
pub(crate) const fn suits(params: &Params, bindings: &Bindings) -> bool {
    matches!(bindings.qkv.width, Width::Half)
        && matches!(bindings.output.width, Width::Half)
        && params.positions.is_multiple_of(4)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    let rows = u64::from(params.rows);
    let positions = u64::from(params.positions);
    let blocks = rows.div_ceil(ROWS);
    let large = is_large(params);
    let tiles = positions.div_ceil(queries(large));
    let plain = attention::dispatch(name, params, bindings);
    // Each workgroup brings all keys, its own queries for every block of them, and of the values its own rows.
    let times = blocks * tiles + blocks * positions.div_ceil(KEYS) + tiles;
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            matrix: Some(side),
            large,
            seen: Seen::Quads,
            ..plain.form
        },
        workgroups: heads * blocks * tiles,
        ..plain.moving(&[(0, heads * rows * positions * times)])
    }
}
