//! The host side of shaders/shared/matrices.wgsl: products in cooperative matrices, a few patches of them for a workgroup.

use super::conv::Tile;
use super::{Form, Kernel, Memory, Named, Seen, Uses};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::MatrixSide;

/// Both factors are what such a kernel binds first.
pub(super) const FACTORS: [usize; 2] = [0, 1];

/// What a subgroup owns, in matrices; how many terms it walks at a time, and in how many buffers in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    /// Patches of a workgroup, and those of them that lie beside each other.
    pub(crate) patches: u32,
    pub(crate) beside: u32,
    pub(crate) step: u32,
    /// Of the left factor's tile, and of the right one's where that is brought anew for each step.
    pub(crate) buffers: u32,
    /// Patches whose sums are ended at once.
    pub(crate) slots: u32,
    /// Whether there is no room for lines of the left tile to lie apart, where they are its rows.
    pub(crate) is_crowded: bool,
}

/// Cells of the widest halo around so many columns: whole rows, one row more on either side, and two columns; or the same
/// around two images, whose rows are half as long as a matrix.
const fn halo_cells(side: MatrixSide, columns: u32) -> u32 {
    let of_rows = (columns / widest(side) + 2) * (widest(side) + 2);
    let of_images = (columns / side.length() + 2) * (side.length() + 4);
    if of_rows > of_images {
        of_rows
    } else {
        of_images
    }
}

/// Positions of the widest rows that a halo is brought around: as many matrices, at most, as lie beside each other where those
/// of a patch lie below each other.
pub(super) const fn widest(side: MatrixSide) -> u32 {
    match side {
        MatrixSide::Eight => 32,
        MatrixSide::Sixteen
        | MatrixSide::SixteenWide
        | MatrixSide::EightAsSixteen
        | MatrixSide::EightAsSixteenWide => 2 * side.length(),
    }
}

impl Patch {
    /// Four by four matrices of eight rows; of sixteen rows two by two, or as much as registers have room for, which a lane
    /// of 32 has 255 of: sums of sixteen matrices are 128 of them, and joined stretches have such sums twice, so that
    /// there they are eight. So many terms, buffers and slots fit into the 16 KiB that each device has for a workgroup. A
    /// subgroup of 64 lanes has two such patches: a lane has half as much of each matrix.
    pub(super) const fn of(side: MatrixSide, form: Form) -> Self {
        let is_halo = matches!(form.seen, Seen::Halo);
        let is_eight = matches!(side, MatrixSide::Eight);
        let patches = side.patches();
        let (mut rows, mut columns) = match (form.large, form.joined) {
            _ if is_eight => (4, 4),
            (false, _) => (2, 2),
            (true, false) => (4, 4),
            (true, true) if is_halo => (2, 4),
            (true, true) => (4, 2),
        };
        // With a halo a tile asks for more weights than for what is seen: the fewer rows of it, the better.
        let mut beside = if is_halo && !is_eight && !form.large {
            4
        } else {
            2
        };
        if patches == 2 && columns == 2 {
            columns = 4;
            beside /= 2;
        } else if patches == 2 {
            rows *= 2;
        }
        // A step of one matrix, so that through the next tap of a column most of what is seen has been loaded.
        let deep = side.length();
        let (step, buffers, slots, is_crowded) = match (is_halo, form.large, form.joined) {
            (true, ..) if is_eight => (32, 1, 2, true),
            (true, false, _) => (deep, 2, 2, false),
            (true, true, false) => (deep, 1, 2, true),
            (true, true, true) => (deep, 2, 1, false),
            (false, large, _) if is_eight || !large => (32, 1, 4, false),
            (false, _, false) => (16, 1, 4, false),
            (false, _, true) => (16, 2, 2, false),
        };
        Self {
            rows,
            columns,
            patches,
            beside,
            step,
            buffers,
            slots: if slots > patches { patches } else { slots },
            is_crowded,
        }
    }

    /// What a workgroup owns: all of its patches.
    const fn tile(self, side: MatrixSide) -> Tile {
        Tile {
            rows: self.patches / self.beside * self.rows * side.length(),
            columns: self.beside * self.columns * side.length(),
        }
    }
}

/// What a workgroup owns in a form. Of matrices of eight rows the large one is the small one.
pub(crate) const fn tile(side: MatrixSide, seen: Seen, large: bool, joined: bool) -> Tile {
    let form = Form {
        halves: 0,
        subgroups: false,
        joined,
        matrix: Some(side),
        large,
        seen,
        skip: false,
        laws: false,
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

/// Bytes of two tiles in f16, as often as there are buffers, and of a matrix in f32 of each patch that is ended at a time.
/// Without matrices there is no such kernel.
pub(super) fn bytes(form: Form, left: Brought, right: Brought) -> u64 {
    form.matrix.map_or(0, |side| {
        let patch = Patch::of(side, form);
        let tile = patch.tile(side);
        // Lines of a tile are of the terms, or of what the workgroup owns.
        let of_terms = |own: u32| patch.step * (own + 8);
        let of_own = |own: u32, pad| own * (patch.step + pad);
        let left = patch.buffers
            * match left {
                Brought::ByColumns => of_terms(tile.rows),
                Brought::ByRows => of_own(tile.rows, if patch.is_crowded { 0 } else { 8 }),
            };
        let right = match (form.seen, right) {
            (Seen::Halo, _) => halo_cells(side, tile.columns) * (patch.step + 8),
            (_, Brought::ByRows) => patch.buffers * of_terms(tile.columns),
            (_, Brought::ByColumns) => patch.buffers * of_own(tile.columns, 8),
        };
        let matrix = side.length() * side.length();
        u64::from(2 * (left + right) + 4 * patch.slots * matrix)
    })
}

/// A row and a column of a patch are loaded, and each of the one multiplied with each of the other; through the second and the
/// third tap of a column of a kernel, where a step is one matrix deep, of the columns one alone.
fn loads_per_product(form: Form, named: Named<'_>) -> f32 {
    form.matrix.map_or(0.0, |side| {
        let patch = Patch::of(side, form);
        let each = (patch.rows + patch.columns) as f32;
        let through_taps = match form.seen {
            Seen::Halo if patch.step == side.length() => {
                (3 * patch.rows + patch.columns + 2) as f32 / 3.0
            }
            Seen::Each | Seen::Quads | Seen::Halo => each,
        };
        // Of a convolution, the channels that it sees through nine taps, and those through one, of which a gradient has none.
        let channels = |name| named(name) as f32;
        let (of_taps, of_one) = (9.0 * channels("inputs"), channels("skip_inputs"));
        let loads = (of_taps * through_taps + of_one * each) / (of_taps + of_one).max(1.0);
        loads / (patch.rows * patch.columns) as f32
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

/// How a kernel that walks through taps reads images of which `out` sees `seen`, height and width, through a kernel of such a
/// side where taps alone move what is seen. Whatever the batch, and whichever tile: a halo is walked in another order.
pub(super) fn way_to_see(
    side: MatrixSide,
    moved_through: Option<u32>,
    seen: [u32; 2],
    out: [u32; 2],
) -> Seen {
    let [height, width] = out;
    let largest = tile(side, Seen::Each, true, false).columns;
    let is_row = width.is_power_of_two() && (side.length()..=widest(side)).contains(&width);
    let is_of_rows = is_row && (height * width).is_multiple_of(largest);
    let is_of_images = [2 * width, 2 * height * width] == [side.length(), largest];
    match way_to_see_anew(moved_through.is_some(), seen, out) {
        Seen::Quads if moved_through == Some(3) && (is_of_rows || is_of_images) => Seen::Halo,
        other => other,
    }
}

/// How they are read anew for each tap: four at a time, where what four positions see lies beside each other.
pub(super) fn way_to_see_anew(is_moved_by_taps: bool, seen: [u32; 2], out: [u32; 2]) -> Seen {
    let [_, width] = seen;
    match is_moved_by_taps && seen == out && width.is_multiple_of(4) {
        true => Seen::Quads,
        false => Seen::Each,
    }
}

/// Counts what a dispatch asks for of the factor that is seen through a kernel of such a side from rows of such a width, where
/// it was counted once for each tap. In fours these are two vectors for one through each tap through which they begin in the
/// midst of a vector. A halo is a row more on either side of a tile's, but of whole images, whose rows are shorter than a
/// matrix.
pub(super) fn ask(
    dispatch: &mut Dispatch,
    factor: usize,
    (matrix, seen): (MatrixSide, Seen),
    [side, width]: [u32; 2],
    tile: Tile,
) {
    let even = (0..side).filter(|dx| dx % 4 == side / 2 % 4).count() as u64;
    let are_whole = width < matrix.length();
    let (side, width) = (u64::from(side.max(1)), u64::from(width.max(1)));
    let rows = u64::from(tile.columns) / width;
    if let Some(asked) = dispatch.moved.get_mut(factor) {
        *asked = match seen {
            Seen::Each => *asked,
            Seen::Quads => *asked / side * (2 * side - even),
            Seen::Halo if are_whole => *asked / (side * side),
            Seen::Halo => *asked / (side * side) * (rows + 2) / rows.max(1),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::{assert, assert_eq};

    use super::{Seen, halo_cells, tile, way_to_see};
    use crate::gpu::variants::MatrixSide;

    /// So that neither how convolutions are cut nor their bits depend on what subgroups have.
    #[test]
    fn a_tile_is_the_same_of_wide_subgroups() {
        for (narrow, wide) in [
            (MatrixSide::Sixteen, MatrixSide::SixteenWide),
            (MatrixSide::EightAsSixteen, MatrixSide::EightAsSixteenWide),
        ] {
            for seen in [Seen::Each, Seen::Quads, Seen::Halo] {
                for way in 0..4 {
                    let [large, joined] = [1, 2].map(|bit| way & bit != 0);
                    let of = |side| tile(side, seen, large, joined);
                    assert_eq!(of(narrow), of(wide), "{seen:?}, {large}, {joined}");
                }
            }
        }
    }

    /// Only where every tile that runs there is whole rows of one image, or two whole images, and its halo has room.
    #[test]
    fn a_halo_is_around_whole_rows() {
        let sides = [
            MatrixSide::Eight,
            MatrixSide::Sixteen,
            MatrixSide::SixteenWide,
            MatrixSide::EightAsSixteen,
            MatrixSide::EightAsSixteenWide,
        ];
        let mut halos = 0;
        for side in sides {
            for (height, width) in (1..=66_u32).flat_map(|h| (1..=130_u32).map(move |w| (h, w))) {
                let image = [height, width];
                if way_to_see(side, Some(3), image, image) != Seen::Halo {
                    continue;
                }
                halos += 1;
                for way in 0..4 {
                    let [large, joined] = [1, 2].map(|bit| way & bit != 0);
                    let columns = tile(side, Seen::Halo, large, joined).columns;
                    // Of two images a tile is all.
                    let images = (side.length() / width).max(1);
                    assert_eq!((images * height * width) % columns, 0, "{image:?}");
                    assert!(images == 1 || images * height * width == columns);
                    let wide = images * width;
                    assert_eq!(columns % wide, 0, "{image:?}");
                    assert_eq!(wide % side.length(), 0, "{image:?}");
                    let cells = (columns / wide + 2) * (width + 2) * images;
                    assert!(cells <= halo_cells(side, columns), "{image:?}, {side:?}");
                }
            }
        }
        assert!(halos > 100);
        for (through, seen) in [
            (None, [8, 8]),
            (Some(1), [8, 8]),
            (Some(5), [8, 8]),
            (Some(3), [16, 8]),
        ] {
            for side in sides {
                assert!(way_to_see(side, through, seen, [8, 8]) != Seen::Halo);
            }
        }
    }
}
