//! The direct way of a convolution: for every position and tap the row of channels under it.

use pulp::{Arch, Simd, WithSimd};

use super::{BLOCK, Layer, PIECE};
use crate::cpu::fast::lanes::{Groups, InGroups, ROWS, multiply, store, zeros};
use crate::cpu::fast::threads::{Threads, product};
use crate::cpu::plain::conv::Window;
use crate::part::{part, part_mut};

/// Positions of a block of the direct way, a multiple of [`ROWS`].
fn direct_block(layer: &Layer<'_>) -> usize {
    let padded = layer.panels() * layer.width;
    let most = (BLOCK / padded / ROWS).max(1) * ROWS;
    let positions = layer.batch * layer.shape.to.positions();
    most.min(positions.next_multiple_of(ROWS))
}

/// Numbers of room that [`direct`] needs.
pub(crate) fn direct_room(layer: &Layer<'_>) -> usize {
    // The last piece of a panel may not be full.
    let positions = direct_block(layer).saturating_add(PIECE * ROWS);
    product([positions, layer.panels(), layer.width])
}

/// The convolution, position by position.
pub(crate) fn direct(
    arch: Arch,
    threads: &Threads,
    layer: &Layer<'_>,
    room: &mut [f32],
    output: &mut [f32],
) {
    let Window {
        from, to, kernel, ..
    } = layer.shape;
    let block = direct_block(layer);
    let depth = kernel * kernel * from.channels;
    let blocks = output.chunks_mut(block * to.channels).enumerate();
    for (at, output) in blocks {
        let groups = (output.len() / to.channels).div_ceil(ROWS);
        let piece = groups.div_ceil(groups.div_ceil(PIECE));
        let pieces = groups.div_ceil(piece);
        let chunk = piece * ROWS * layer.width;
        let used = layer.panels() * pieces * chunk;
        let sums = part_mut(room, 0, used);
        threads.chunks(sums, chunk, product([2, used, depth]), |task, sums| {
            let panel = part(
                layer.weight,
                task / pieces * depth * layer.width,
                depth * layer.width,
            );
            arch.dispatch(InGroups(Direct {
                layer,
                panel,
                position: at * block + task % pieces * piece * ROWS,
                sums,
            }));
        });
        let sums = &*sums;
        threads.chunks(
            output,
            ROWS * to.channels,
            product([2, output.len()]),
            |group, output| {
                arch.dispatch(DirectRows {
                    layer,
                    sums,
                    stride: pieces * chunk,
                    first: group * ROWS,
                    position: at * block + group * ROWS,
                    output,
                });
            },
        );
    }
}

/// Products of groups of positions with one panel.
struct Direct<'a> {
    layer: &'a Layer<'a>,
    panel: &'a [f32],
    position: usize,
    sums: &'a mut [f32],
}

impl Groups for Direct<'_> {
    #[inline(always)]
    fn rows<S: Simd, const T: usize>(self, simd: S) {
        let Self { layer, panel, .. } = self;
        let Window {
            from, to, kernel, ..
        } = layer.shape;
        let positions = to.positions();
        let tap_len = from.channels * layer.width;
        let groups = self.sums.chunks_exact_mut(T * layer.width).enumerate();
        for (group, sums) in groups {
            let first = self.position + group * T;
            let places: [_; T] = core::array::from_fn(|t| {
                let position = first + t;
                let (image, at) = (position / positions, position % positions);
                (image, at / to.width, at % to.width)
            });
            let mut local = zeros::<S, T>(simd);
            for (tap, panel) in panel.chunks_exact(tap_len).enumerate() {
                let rows = places.map(|(image, y, x)| {
                    if image >= layer.batch {
                        return &[][..];
                    }
                    let y = layer.shape.row(y, tap / kernel);
                    let x = layer.shape.column(x, tap % kernel);
                    layer.row(image, y, x)
                });
                multiply::<S, T>(simd, rows, panel, &mut local);
            }
            store::<S, T>(&local, sums);
        }
    }
}

/// From sums by panel to rows of channels, with all that is added.
struct DirectRows<'a> {
    layer: &'a Layer<'a>,
    /// \[panel\]\[position\]\[column\].
    sums: &'a [f32],
    /// Numbers of a panel.
    stride: usize,
    /// Within the block.
    first: usize,
    /// Within the output.
    position: usize,
    output: &'a mut [f32],
}

impl WithSimd for DirectRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { layer, sums, .. } = self;
        let to = layer.shape.to;
        for (t, output) in self.output.chunks_exact_mut(to.channels).enumerate() {
            let position = self.position + t;
            let image = position / to.positions();
            let panels = output
                .chunks_mut(layer.width)
                .zip(layer.bias.chunks_exact(layer.width))
                .enumerate();
            for (panel, (output, bias)) in panels {
                let start = panel * self.stride + (self.first + t) * layer.width;
                let sums = part(sums, start, layer.width);
                for (out, (sum, bias)) in output.iter_mut().zip(sums.iter().zip(bias)) {
                    *out = sum + bias;
                }
                let channel = panel * layer.width;
                if let Some(shift) = layer.shift {
                    add(
                        output,
                        part(shift, image * to.channels + channel, output.len()),
                    );
                }
                if let Some(residual) = layer.residual {
                    add(
                        output,
                        part(residual, position * to.channels + channel, output.len()),
                    );
                }
            }
        }
    }
}

#[inline(always)]
fn add(output: &mut [f32], other: &[f32]) {
    for (out, other) in output.iter_mut().zip(other) {
        *out += other;
    }
}
