//! Self-attention, the variant of cooperative matrices: a workgroup for 32 or 64 queries of a head, and 64 rows of their
//! output.

use super::attention::{self, Bindings, Params};
use super::attention_shared::{in_blocks, queries};
use super::{Form, Kernel, Memory, Named, Seen, Uses};
use crate::gpu::recording::{Binding, Dispatch, Width};
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_matrix",
    interface: concat!(
        include_str!("../../../shaders/shared/attention.wgsl"),
        include_str!("../../../shaders/shared/attention_products.wgsl")
    ),
    source: include_str!("../../../shaders/attention_matrix.wgsl"),
    uses: Uses::BlockMatrices,
    memory: Memory::OfForm(|form| bytes_of(queries(form.large), 1)),
    loads_per_product: Some(loads_per_product),
    workgroup: 128,
    ..attention::KERNEL
};

/// Positions of a block, keys or of gradients queries.
pub(super) const WALKED: u32 = 32;

/// Of a workgroup that owns so many positions: of 16 rows of those and of the ones that it walks, and the factors, in f16; in
/// f32 so many products of 32 lines.
pub(super) const fn bytes_of(owned: u64, products: u64) -> u64 {
    2 * (16 * (32 + 8) + (16 + 32) * (owned + 8)) + 4 * products * 32 * owned
}

/// A patch has 16 or 32 lines, and its part of 64 columns.
pub(super) fn loads_per_product(form: Form, _: Named<'_>) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let own = [queries(form.large) as u32 / 2, 64 / side.patches()];
        let [lines, columns] = own.map(|own| own as f32 / side.length() as f32);
        (lines + columns) / (lines * columns)
    })
}

/// Whether what matrices are of can be read, four numbers of f16 at a time: of so many positions.
pub(crate) fn suits(tensors: &[Binding], positions: u32) -> bool {
    let are_halves = tensors.iter().all(|one| one.width == Width::Half);
    are_halves && positions.is_multiple_of(4)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
) -> Dispatch {
    let plain = attention::dispatch(name, params, bindings);
    in_matrices(in_blocks(plain, params, WALKED), &KERNEL, side)
}

/// The dispatch of such blocks by a kernel that multiplies them in matrices.
pub(super) fn in_matrices(blocks: Dispatch, kernel: &'static Kernel, side: MatrixSide) -> Dispatch {
    Dispatch {
        kernel,
        form: Form {
            matrix: Some(side),
            seen: Seen::Quads,
            ..blocks.form
        },
        ..blocks
    }
}
