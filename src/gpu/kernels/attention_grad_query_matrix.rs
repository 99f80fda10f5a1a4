//! The gradient of self-attention with respect to q, the variant of cooperative matrices: a workgroup for 32 queries of a head,
//! and 64 rows of their gradient.

use super::attention_grad_query::{self, Bindings, Params};
use super::attention_grad_query_shared::in_blocks;
use super::attention_matrix::{self, WALKED, in_matrices};
use super::{Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_grad_query_matrix",
    interface: concat!(
        include_str!("../../../shaders/shared/attention_grad.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_query.wgsl"),
        include_str!("../../../shaders/shared/attention_grad_matrix.wgsl"),
        include_str!("../../../shaders/shared/attention_products.wgsl")
    ),
    source: include_str!("../../../shaders/attention_grad_query_matrix.wgsl"),
    uses: Uses::OwnMatrices,
    memory: Memory::OfForm(|_| attention_matrix::bytes_of(32, 2)),
    loads_per_product: Some(attention_matrix::loads_per_product),
    workgroup: 128,
    ..attention_grad_query::KERNEL
};

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
) -> Dispatch {
    let plain = attention_grad_query::dispatch(name, params, bindings);
    in_matrices(in_blocks(plain, params, WALKED), &KERNEL, side)
}
