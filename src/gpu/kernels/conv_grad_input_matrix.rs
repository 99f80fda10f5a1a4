//! The gradient of a convolution with respect to its input, the variant of cooperative matrices.

use super::conv_grad_input::{self, Bindings, GRAD, Params};
use super::declare::shared;
use super::matrices::{self, Brought, tile};
use super::{Form, Kernel, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = matrices::variant_of(
    conv_grad_input::KERNEL,
    "conv_grad_input_matrix",
    (
        shared!("conv_grad_input.wgsl", "conv_walk.wgsl", "matrices.wgsl"),
        include_str!("../../../shaders/conv_grad_input_matrix.wgsl"),
    ),
    Uses::Matrices,
    |form| matrices::bytes(form, Brought::ByRows, Brought::ByRows),
);

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
    large: bool,
) -> Dispatch {
    let tile = tile(side, large, false);
    let is_moved_by_taps = params.stride == 1 && [params.wrap_y, params.wrap_x] == [0; 2];
    let quads = matrices::has_quads(
        is_moved_by_taps,
        [params.out_height, params.out_width],
        [params.height, params.width],
    );
    let mut plain = conv_grad_input::in_tiles(name, params, bindings, tile);
    if quads {
        matrices::ask_in_fours(&mut plain, GRAD, params.side);
    }
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            matrix: Some(side),
            large,
            quads,
            ..plain.form
        },
        ..plain
    }
}
