//! Convolution, the variant of cooperative matrices.

use super::conv::{self, Bindings, INPUT, Params, RESIDUAL};
use super::declare::{flag, shared};
use super::matrices::{self, Brought, tile};
use super::{Access, Form, Kernel, Seen, Uses};
use crate::gpu::recording::{Binding, Dispatch, Width};
use crate::gpu::variants::MatrixSide;
use crate::part::put;

/// Parameters and bindings are those of the plain variant, and two more.
pub(crate) static KERNEL: Kernel = matrices::variant_of(
    Kernel {
        bindings: &[
            ("input", Access::Activations),
            ("weight", Access::Weights),
            ("bias", Access::Weights),
            ("shift", Access::Read),
            ("residual", Access::Activations),
            ("output", Access::Result),
            ("second", Access::Activations),
            ("laws", Access::Read),
        ],
        ..conv::KERNEL
    },
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

/// The place of the second part of a concatenation among the bindings.
pub(super) const SECOND: usize = 6;

/// What is bound beside what all variants bind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laws {
    /// The second part of a concatenation, of which the first one is the input, or the residual that is seen; as wide.
    pub(crate) second: Binding,
    /// By which the input is normalised.
    pub(crate) laws: Binding,
    /// Channels of the first part of the input, or all: none where there are no laws.
    pub(crate) first_inputs: u32,
    /// The same of a residual that is seen through a kernel.
    pub(crate) first_skip: u32,
    /// Whether the SiLU is behind the normalisation.
    pub(crate) is_active: bool,
}

/// How the input is read.
pub(crate) fn seen(params: &Params, side: MatrixSide) -> Seen {
    let is_moved_by_taps = params.stride == 1 && [params.wrap_y, params.wrap_x] == [0; 2];
    let is_doubled = params.upsample != 0;
    let seen = [params.height, params.width].map(|length| length << u32::from(is_doubled));
    let out = [params.out_height, params.out_width];
    match matrices::way_to_see(side, is_moved_by_taps.then_some(params.side), seen, out) {
        // Four positions beside each other see two numbers.
        Seen::Quads if is_doubled => Seen::Each,
        way => way,
    }
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    joined: bool,
    (side, large): (MatrixSide, bool),
    laws: Laws,
) -> Dispatch {
    let params = &Params {
        first_inputs: laws.first_inputs,
        is_active: flag(laws.is_active),
        first_skip: laws.first_skip,
        ..*params
    };
    let seen = seen(params, side);
    let tile = tile(side, seen, large, joined);
    let mut plain = conv::in_tiles(conv::dispatch(name, params, bindings), params, tile);
    let of_kernel = [params.side, params.out_width];
    matrices::ask(&mut plain, INPUT, (side, seen), of_kernel, tile);
    for more in [laws.second, laws.laws] {
        plain.bindings.push(more);
        plain.moved.push(more.bytes);
    }
    // What is asked for of a concatenation is asked of both of its parts.
    let parts = [
        (INPUT, laws.first_inputs, params.inputs),
        (RESIDUAL, laws.first_skip, params.skip_inputs),
    ];
    let mut of_second = 0;
    for (at, first, all) in parts
        .into_iter()
        .filter(|&(_, first, all)| first > 0 && first < all)
    {
        if let Some(asked) = plain.moved.get(at).copied() {
            let of_first = asked / u64::from(all) * u64::from(first);
            put(&mut plain.moved, at, of_first);
            of_second += asked - of_first;
            put(&mut plain.moved, SECOND, of_second);
        }
    }
    if laws.second.width == Width::Half {
        plain.form.halves |= 1 << SECOND;
    }
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            joined,
            matrix: Some(side),
            large,
            seen,
            skip: params.skip_inputs > 0,
            laws: laws.first_inputs > 0,
            ..plain.form
        },
        workgroups: conv::tiles(params, tile) * conv::cut(params, joined),
        ..plain
    }
}
