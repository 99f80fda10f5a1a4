//! Convolution, the variant of cooperative matrices: 16 of them for a workgroup.

use super::conv::{self, Bindings, Params};
use super::{Form, Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_matrix",
    source: include_str!("../../../shaders/conv_matrix.wgsl"),
    uses: Uses::Matrices,
    memory: Memory::OfMatrices(bytes),
    loads_per_product: Some(1.0),
    workgroup: 128,
    ..conv::KERNEL
};

/// Bytes of two tiles in f16, and of a matrix of each of four patches in f32.
fn bytes(side: MatrixSide) -> u64 {
    let side = u64::from(side.length());
    let (step, pitch) = (2 * side, 4 * side + 8);
    2 * 2 * step * pitch + 4 * 4 * side * side
}

/// Channels, and positions, of a workgroup.
pub(crate) const fn tile(side: MatrixSide) -> u32 {
    4 * side.length()
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    joined: bool,
    side: MatrixSide,
) -> Dispatch {
    let plain = conv::in_tiles(conv::dispatch(name, params, bindings), params, tile(side));
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            joined,
            matrix: Some(side),
            ..plain.form
        },
        workgroups: conv::tiles(params, tile(side)) * conv::cut(params, joined),
        ..plain
    }
}
