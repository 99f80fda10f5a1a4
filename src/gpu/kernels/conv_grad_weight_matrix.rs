//! The gradient of a convolution with respect to its weight, the variant of cooperative matrices.

use super::conv::Tile;
use super::conv_grad_weight::{self, Bindings, INPUT, Params};
use super::declare::shared;
use super::matrices::{self, Brought, tile};
use super::{Form, Kernel, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = matrices::variant_of(
    conv_grad_weight::KERNEL,
    "conv_grad_weight_matrix",
    (
        shared!("conv_grad_weight.wgsl", "conv_seen.wgsl", "matrices.wgsl"),
        include_str!("../../../shaders/conv_grad_weight_matrix.wgsl"),
    ),
    Uses::Matrices,
    |form| matrices::bytes(form, Brought::ByRows, Brought::ByColumns),
);

/// So many workgroups keep a large device busy.
const ENOUGH: u64 = 512;

/// Into how many parts the positions are best cut for workgroups of such tiles, of which there are so many.
pub(crate) fn parts(params: &Params, tile: Tile) -> u32 {
    conv_grad_weight::parts(params, tiles(params, tile), ENOUGH)
}

/// Tiles that cover the result: rows of each have one tap.
pub(crate) fn tiles(params: &Params, tile: Tile) -> u64 {
    let taps = u64::from(params.side) * u64::from(params.side);
    let blocks = taps * u64::from(params.inputs.div_ceil(tile.rows));
    blocks * u64::from(params.rows.div_ceil(tile.columns))
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    side: MatrixSide,
    large: bool,
) -> Dispatch {
    let is_moved_by_taps =
        params.stride == 1 && [params.upsample, params.wrap_y, params.wrap_x] == [0; 3];
    let seen = matrices::way_to_see_anew(
        is_moved_by_taps,
        [params.height, params.width],
        [params.out_height, params.out_width],
    );
    let tile = tile(side, seen, large, false);
    let tiles = tiles(params, tile);
    let mut plain = conv_grad_weight::in_tiles(name, params, bindings, tiles, tile.columns);
    let of_kernel = [params.side, params.width];
    matrices::ask(&mut plain, INPUT, (side, seen), of_kernel, tile);
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
