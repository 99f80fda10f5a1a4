//! Convolution, the variant of cooperative matrices.

use super::conv::{self, Bindings, INPUT, Params};
use super::declare::shared;
use super::matrices::{self, Brought, tile};
use super::{Form, Kernel, Seen, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = matrices::variant_of(
    conv::KERNEL,
    "conv_matrix",
    (
        shared!(
            "conv.wgsl",
            "conv_seen.wgsl",
            "conv_walk.wgsl",
            "matrices.wgsl"
        ),
        include_str!("../../../shaders/conv_matrix.wgsl"),
    ),
    Uses::JoinedMatrices,
    |form| matrices::bytes(form, Brought::ByColumns, Brought::ByRows),
);

/// How the input is read.
pub(crate) fn seen(params: &Params, side: MatrixSide) -> Seen {
    let is_moved_by_taps =
        params.stride == 1 && [params.upsample, params.wrap_y, params.wrap_x] == [0; 3];
    matrices::way_to_see(
        side,
        is_moved_by_taps.then_some(params.side),
        [params.height, params.width],
        [params.out_height, params.out_width],
    )
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    joined: bool,
    side: MatrixSide,
    large: bool,
) -> Dispatch {
    let seen = seen(params, side);
    let tile = tile(side, seen, large, joined);
    let mut plain = conv::in_tiles(conv::dispatch(name, params, bindings), params, tile);
    matrices::ask(&mut plain, INPUT, seen, [params.side, params.width], tile);
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            joined,
            matrix: Some(side),
            large,
            seen,
            skip: params.skip_inputs > 0,
            ..plain.form
        },
        workgroups: conv::tiles(params, tile) * conv::cut(params, joined),
        ..plain
    }
}
