//! Self-attention, the variant of cooperative matrices: a workgroup for 32 or 64 queries of a head, and 64 rows of their
//! output.

use super::attention::{self, Bindings, Params};
use super::attention_shared::{in_blocks, queries};
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

/// Keys of a block.
const KEYS: u32 = 32;

/// Of 16 rows of 32 keys and of the queries, and the shares, in f16; a product of 32 lines in f32.
const fn bytes(form: Form) -> u64 {
    let queries = queries(form.large);
    2 * (16 * (32 + 8) + (16 + 32) * (queries + 8)) + 4 * 32 * queries
}

/// A patch has 16 or 32 lines, and its part of 64 columns.
fn loads_per_product(form: Form) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let own = [queries(form.large) as u32 / 2, 64 / side.patches()];
        let [lines, columns] = own.map(|own| own as f32 / side.length() as f32);
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
    let plain = attention::dispatch(name, params, bindings);
    let blocks = in_blocks(plain, params, KEYS);
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            matrix: Some(side),
            seen: Seen::Quads,
            ..blocks.form
        },
        ..blocks
    }
}
