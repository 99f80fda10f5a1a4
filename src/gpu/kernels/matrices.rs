//! The host side of shaders/shared/matrices.wgsl: products in cooperative matrices, four patches of them for a workgroup.

use super::conv::Tile;
use super::{Form, Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Both factors are what such a kernel binds first.
pub(super) const FACTORS: [usize; 2] = [0, 1];

/// What a subgroup owns, in matrices; how many terms it walks at a time, and in how many buffers in turn.
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
    pub(super) const fn of(side: MatrixSide, form: Form) -> Self {
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
            rows: 2 * self.rows * side.length(),
            columns: 2 * self.columns * side.length(),
        }
    }
}

/// What a workgroup owns in a form.
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

/// Which way what is brought of a factor at once lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// Of one of its rows.
    ByRows,
    /// Of one of its columns.
    ByColumns,
}

/// Bytes of two tiles in f16, as often as there are buffers, and of a matrix in f32 of each of four patches, or of two at a
/// time where buffers are two. Without matrices there is no such kernel.
pub(super) fn bytes(form: Form, left: Brought, right: Brought) -> u64 {
    form.matrix.map_or(0, |side| {
        let patch = Patch::of(side, form);
        let tile = patch.tile(side);
        // Lines of a tile are of the terms, or of what the workgroup owns.
        let of_terms = |own: u32| u64::from(patch.step) * u64::from(own + 8);
        let of_own = |own: u32| u64::from(own) * u64::from(patch.step + 8);
        let left = match left {
            Brought::ByColumns => of_terms(tile.rows),
            Brought::ByRows => of_own(tile.rows),
        };
        let right = match right {
            Brought::ByRows => of_terms(tile.columns),
            Brought::ByColumns => of_own(tile.columns),
        };
        let matrix = u64::from(side.length()) * u64::from(side.length());
        let buffers = u64::from(patch.buffers);
        2 * buffers * (left + right) + 4 * 4 / buffers * matrix
    })
}

/// A row and a column of a patch are loaded, and each of the one multiplied with each of the other.
fn loads_per_product(form: Form) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let Patch { rows, columns, .. } = Patch::of(side, form);
        (rows + columns) as f32 / (rows * columns) as f32
    })
}

/// A variant in matrices of a kernel that has parameters and bindings.
pub(super) const fn variant_of(
    plain: Kernel,
    name: &'static str,
    (interface, source): (&'static str, &'static str),
    uses: Uses,
    bytes: fn(Form) -> u64,
) -> Kernel {
    Kernel {
        name,
        interface,
        source,
        uses,
        memory: Memory::OfForm(bytes),
        loads_per_product: Some(loads_per_product),
        workgroup: 128,
        ..plain
    }
}

/// Whether what four positions of a convolution see lies beside each other, where taps alone move it and images are so
/// high and wide; see shaders/shared/conv_quads.wgsl.
pub(super) fn has_quads(is_moved_by_taps: bool, seen: [u32; 2], out: [u32; 2]) -> bool {
    let [_, width] = seen;
    is_moved_by_taps && seen == out && width.is_multiple_of(4)
}

/// Counts what a dispatch asks for of the factor that is seen in fours through a kernel of such a side: of two vectors for
/// one, through each tap through which they begin in the midst of a vector.
pub(super) fn ask_in_fours(dispatch: &mut Dispatch, factor: usize, side: u32) {
    let even = (0..side).filter(|dx| dx % 4 == side / 2 % 4).count() as u64;
    let side = u64::from(side);
    if let Some(seen) = dispatch.moved.get_mut(factor) {
        *seen = *seen / side.max(1) * (2 * side - even);
    }
}
