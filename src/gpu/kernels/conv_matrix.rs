//! Convolution, the variant of cooperative matrices: four patches of them for a workgroup.

use super::conv::{self, Bindings, INPUT, Params, Tile};
use super::{Form, Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "conv_matrix",
    interface: include_str!("../../../shaders/shared/conv.wgsl"),
    source: include_str!("../../../shaders/conv_matrix.wgsl"),
    uses: Uses::Matrices,
    memory: Memory::OfForm(bytes),
    loads_per_product: Some(loads_per_product),
    workgroup: 128,
    ..conv::KERNEL
};

/// What a subgroup owns, in matrices; how many input channels it walks at a time, and in how many buffers in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) step: u32,
    pub(crate) buffers: u32,
}

impl Patch {
    /// Two by two, or four by four: as much as registers have room for, which a lane of 32 has 255 of. Sums of
    /// sixteen matrices of sixteen rows are 128 of them; joined stretches have such sums twice, so that there
    /// it is four by two. Of the large tiles' sixteen rows so many steps fit into the 16 KiB that each device
    /// has for a workgroup.
    pub(crate) const fn of(side: MatrixSide, form: Form) -> Self {
        let (rows, columns, step, buffers) = match (side, form.large, form.joined) {
            (_, false, _) => (2, 2, 32, 1),
            (MatrixSide::Eight, true, false) => (4, 4, 32, 1),
            (MatrixSide::Eight, true, true) => (4, 4, 16, 2),
            (MatrixSide::Sixteen, true, false) => (4, 4, 16, 1),
            (MatrixSide::Sixteen, true, true) => (4, 2, 16, 2),
        };
        Self {
            rows,
            columns,
            step,
            buffers,
        }
    }

    /// What a workgroup owns: two by two patches.
    const fn tile(self, side: MatrixSide) -> Tile {
        Tile {
            channels: 2 * self.rows * side.length(),
            positions: 2 * self.columns * side.length(),
        }
    }
}

/// Bytes of two tiles in f16, as often as there are buffers, and of a matrix in f32 of each of four patches, or of two at a
/// time where buffers are two. Without matrices there is no such kernel.
fn bytes(form: Form) -> u64 {
    form.matrix.map_or(0, |side| {
        let patch = Patch::of(side, form);
        let tile = patch.tile(side);
        let row = u64::from(tile.channels + 8) + u64::from(tile.positions + 8);
        let matrix = u64::from(side.length()) * u64::from(side.length());
        let buffers = u64::from(patch.buffers);
        2 * buffers * u64::from(patch.step) * row + 4 * 4 / buffers * matrix
    })
}

/// A row and a column of a patch are loaded, and each of the one multiplied with each of the other.
fn loads_per_product(form: Form) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let Patch { rows, columns, .. } = Patch::of(side, form);
        (rows + columns) as f32 / (rows * columns) as f32
    })
}

/// What a workgroup owns in a form of the kernel.
pub(crate) const fn tile(side: MatrixSide, large: bool, joined: bool) -> Tile {
    let form = Form {
        halves: 0,
        subgroups: false,
        joined,
        matrix: Some(side),
        large,
        quads: false,
        skip: false,
    };
    Patch::of(side, form).tile(side)
}

/// How many numbers are asked for where `seen` are seen: those of two vectors for one, through each tap through which they
/// begin in the midst of a vector.
fn asked(seen: u64, params: &Params) -> u64 {
    let side = params.side;
    let even = (0..side).filter(|dx| dx % 4 == side / 2 % 4).count() as u64;
    let side = u64::from(side);
    seen / side * (2 * side - even)
}

/// Whether what four positions see lies beside each other; see shaders/shared/conv_quads.wgsl.
const fn has_quads(params: &Params) -> bool {
    params.stride == 1
        && params.upsample == 0
        && params.wrap_y == 0
        && params.wrap_x == 0
        && params.out_width == params.width
        && params.out_height == params.height
        && params.width.is_multiple_of(4)
}

pub(crate) fn dispatch(
    name: &str,
    params: &Params,
    bindings: Bindings,
    joined: bool,
    side: MatrixSide,
    large: bool,
) -> Dispatch {
    let tile = tile(side, large, joined);
    let quads = has_quads(params);
    let mut plain = conv::in_tiles(conv::dispatch(name, params, bindings), params, tile);
    if let Some(seen) = plain.moved.get_mut(INPUT).filter(|_| quads) {
        *seen = asked(*seen, params);
    }
    Dispatch {
        kernel: &KERNEL,
        form: Form {
            joined,
            matrix: Some(side),
            large,
            quads,
            skip: params.skip_inputs > 0,
            ..plain.form
        },
        workgroups: conv::tiles(params, tile) * conv::cut(params, joined),
        ..plain
    }
}
