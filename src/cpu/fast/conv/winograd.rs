//! Winograd F(2×2, 3×3): the 4×4 under each 2×2 of the output becomes Bᵀ d B, its 16 points are
//! products over channels, and the output is Aᵀ m A: 4 products per output in place of 9.

use pulp::{Arch, Simd};

use super::tiles::{Gather, Scatter};
use super::{BLOCK, Layer, PIECE};
use crate::cpu::fast::lanes::{Groups, InGroups, ROWS, multiply, store, zeros};
use crate::cpu::fast::pack::POINTS;
use crate::cpu::fast::threads::{Threads, product};
use crate::cpu::plain::conv::Window;
use crate::part::{part, part_mut, rest, split_mut};

/// Rows of tiles of a block of Winograd's way.
fn tile_block(layer: &Layer<'_>) -> usize {
    let per_row = layer.shape.to.width / 2;
    let most = BLOCK / POINTS / layer.shape.from.channels;
    let rows = layer.batch * layer.shape.to.height / 2;
    (most / per_row).clamp(1, rows.max(1))
}

/// Numbers of room that [`winograd`] needs.
pub(crate) fn winograd_room(layer: &Layer<'_>) -> usize {
    let tiles = (tile_block(layer) * layer.shape.to.width / 2).next_multiple_of(ROWS);
    let padded = tiles + PIECE * ROWS;
    let points = product([POINTS, tiles, layer.shape.from.channels]);
    points.saturating_add(product([POINTS, padded, layer.shape.to.channels]))
}

/// The convolution in tiles of 2×2 outputs.
pub(crate) fn winograd(
    arch: Arch,
    threads: &Threads,
    layer: &Layer<'_>,
    room: &mut [f32],
    output: &mut [f32],
) {
    let Window { from, to, .. } = layer.shape;
    let (k, width) = (from.channels, layer.width);
    let block = tile_block(layer);
    let tile_row = 2 * to.width * to.channels;
    for (at, output) in output.chunks_mut(block * tile_row).enumerate() {
        let tiles = output.len() / (4 * to.channels);
        let groups = tiles.div_ceil(ROWS);
        let first = at * block * (to.width / 2);
        let piece = groups.div_ceil(groups.div_ceil(PIECE));
        let pieces = groups.div_ceil(piece);
        let of_groups = pieces * piece * POINTS * ROWS;
        let (points, others) = split_mut(room, groups * POINTS * ROWS * k);
        let sums = part_mut(others, 0, layer.panels() * of_groups * width);
        threads.chunks(
            points,
            POINTS * ROWS * k,
            product([4, tiles, POINTS, k]),
            |group, points| {
                arch.dispatch(Gather {
                    layer,
                    first: first + group * ROWS,
                    end: first + tiles,
                    points,
                });
            },
        );
        let points = &*points;
        let chunk = piece * POINTS * ROWS * width;
        let work = product([2, sums.len(), k]);
        threads.chunks(sums, chunk, work, |task, sums| {
            let panel = part(
                layer.weight,
                task / pieces * POINTS * k * width,
                POINTS * k * width,
            );
            let from = task % pieces * piece * POINTS * ROWS * k;
            let points = rest(points, from);
            arch.dispatch(InGroups(Products {
                panel,
                points,
                k,
                width,
                sums,
            }));
        });
        let sums = &*sums;
        threads.chunks(
            output,
            tile_row,
            product([16, output.len()]),
            |row, output| {
                arch.dispatch(Scatter {
                    layer,
                    sums,
                    stride: of_groups * width,
                    tile: row * (to.width / 2),
                    row: at * block + row,
                    output,
                });
            },
        );
    }
}

/// Products of groups of tiles with one panel, for each of the 16 points.
struct Products<'a> {
    panel: &'a [f32],
    points: &'a [f32],
    k: usize,
    width: usize,
    sums: &'a mut [f32],
}

impl Groups for Products<'_> {
    #[inline(always)]
    fn rows<S: Simd, const T: usize>(self, simd: S) {
        let Self { k, width, .. } = self;
        let of_point = ROWS * k;
        for (point, panel) in self.panel.chunks_exact(k * width).enumerate() {
            let groups = self.points.chunks_exact(POINTS * of_point);
            let sums = self.sums.chunks_exact_mut(POINTS * ROWS * width);
            for (points, sums) in groups.zip(sums) {
                let rows = part(points, point * of_point, of_point).chunks_exact(T * k);
                let sums = part_mut(sums, point * ROWS * width, ROWS * width);
                for (rows, sums) in rows.zip(sums.chunks_exact_mut(T * width)) {
                    let rows: [&[f32]; T] = core::array::from_fn(|t| part(rows, t * k, k));
                    let mut local = zeros::<S, T>(simd);
                    multiply::<S, T>(simd, rows, panel, &mut local);
                    store::<S, T>(&local, sums);
                }
            }
        }
    }
}
