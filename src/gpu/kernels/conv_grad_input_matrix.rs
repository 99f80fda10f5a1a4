//! The gradient of a convolution with respect to its input, the variant of cooperative matrices.

use super::conv_grad_input::{self, Bindings, GRAD, Params};
use super::declare::shared;
use super::matrices::{self, Brought, tile};
use super::{Form, Kernel, Seen, Uses};
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
    Uses::TapMatrices,
    |form| matrices::bytes(form, Brought::ByRows, Brought::ByRows),
);

/// How the gradient is read.
pub(crate) fn seen(params: &Params, side: MatrixSide) -> Seen {
    let is_moved_by_taps = params.stride == 1 && [params.wrap_y, params.wrap_x] == [0; 2];
    matrices::way_to_see(
        side,
        is_moved_by_taps.then_some(params.side),
        [params.out_height, params.out_width],
        [params.height, params.width],
    )
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
    large: bool,
) -> Dispatch {
    let seen = seen(params, side);
    let tile = tile(side, seen, large, false);
    let mut plain = conv_grad_input::in_tiles(name, params, bindings, tile);
    let of_kernel = [params.side, params.width];
    matrices::ask(&mut plain, GRAD, (side, seen), of_kernel, tile);
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            matrix: Some(side),
            large,
            seen,
            ..plain.form
        },
        ..plain
    }
}
