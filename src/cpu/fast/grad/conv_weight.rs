//! The gradient of the weight of a convolution: for each tap a product over all positions,
//! ∂W\[m, k, tap\] = Σ_p x\[p + tap, k\]·g\[p, m\].
//!
//! x is turned into rows of positions for each channel, with a border of 0, and g into panels over
//! the same positions: then a tap is nothing but where a row begins. Stride 2 has a row for each tap.
//! Images are summed up one after the other, so the bits do not depend on the number of threads.

use pulp::{Arch, Simd, WithSimd};

use crate::cpu::conv::Shape;
use crate::cpu::fast::lanes::{ROWS, multiply, store, zeros};
use crate::cpu::fast::threads::Threads;
use crate::cpu::interpreter::part;

/// A convolution with its input and the gradient of its result.
#[derive(Clone, Copy)]
pub(crate) struct ConvWeight<'a> {
    pub(crate) shape: Shape,
    pub(crate) batch: usize,
    /// [N, H, W, K].
    pub(crate) input: &'a [f32],
    /// [N, H', W', M].
    pub(crate) grad: &'a [f32],
    /// Columns of a panel.
    pub(crate) width: usize,
}

/// How positions lie in rows and panels.
#[derive(Clone, Copy)]
struct Grid {
    /// Columns of a row of the image, the border included.
    wide: usize,
    /// Positions that are summed over.
    len: usize,
    /// Numbers of a channel's row.
    row: usize,
    /// Rows of a channel: one, or one for each tap.
    rows: usize,
}

impl ConvWeight<'_> {
    fn taps(&self) -> usize {
        self.shape.kernel * self.shape.kernel
    }

    fn grid(&self) -> Grid {
        let to = self.shape.to;
        if self.shape.stride == 1 {
            let border = self.shape.kernel - 1;
            let wide = to.width + border;
            // The last row ends where the image does; behind it the taps to the right read on.
            let len = wide * to.height - border;
            Grid {
                wide,
                len,
                row: wide * (to.height + border) + border,
                rows: 1,
            }
        } else {
            Grid {
                wide: to.width,
                len: to.positions(),
                row: to.positions(),
                rows: self.taps(),
            }
        }
    }

    fn panels(&self) -> usize {
        self.shape.to.channels.div_ceil(self.width)
    }

    /// Groups of input channels.
    fn groups(&self) -> usize {
        self.shape.from.channels.div_ceil(ROWS)
    }

    /// Numbers of room for rows, panels and products.
    fn rooms(&self) -> [usize; 3] {
        let grid = self.grid();
        [
            self.batch * self.shape.from.channels * grid.rows * grid.row,
            self.batch * self.panels() * grid.len * self.width,
            self.groups() * self.panels() * self.taps() * ROWS * self.width,
        ]
    }

    /// Numbers of room.
    pub(crate) fn room(&self) -> usize {
        self.rooms()
            .iter()
            .map(|len| len.next_multiple_of(16))
            .sum()
    }

    /// The gradient, [M, K, kernel, kernel].
    pub(crate) fn run(&self, arch: Arch, threads: &Threads, room: &mut [f32], output: &mut [f32]) {
        let [rows, panels, products] = self.rooms();
        let Some((row_room, rest)) = room.split_at_mut_checked(rows.next_multiple_of(16)) else {
            return;
        };
        let Some((panel_room, rest)) = rest.split_at_mut_checked(panels.next_multiple_of(16))
        else {
            return;
        };
        let (Some(row_room), Some(panel_room), Some(sums)) = (
            row_room.get_mut(..rows),
            panel_room.get_mut(..panels),
            rest.get_mut(..products),
        ) else {
            return;
        };
        let grid = self.grid();
        let k = self.shape.from.channels;
        threads.chunks(row_room, grid.rows * grid.row, 2 * rows, |at, rows| {
            self.fill_rows(&grid, at / k, at % k, rows);
        });
        let panel = grid.len * self.width;
        threads.chunks(panel_room, panel, 2 * panels, |at, panel| {
            self.fill_panel(&grid, at / self.panels(), at % self.panels(), panel);
        });
        let (rows, panels) = (&*row_room, &*panel_room);
        let work = 2 * products * self.batch * grid.len;
        threads.chunks(sums, ROWS * self.width, work, |task, sums| {
            arch.dispatch(Products {
                layer: self,
                grid: &grid,
                rows,
                panels,
                task,
                sums,
            });
        });
        self.place(sums, output);
    }

    /// The row of channel k of image n, or its rows.
    fn fill_rows(&self, grid: &Grid, n: usize, k: usize, rows: &mut [f32]) {
        let Shape {
            from, to, kernel, ..
        } = self.shape;
        rows.fill(0.0);
        let image = part(self.input, n * from.elements(), from.elements());
        let pixel = |y: usize, x: usize| image.get((y * from.width + x) * from.channels + k);
        if self.shape.stride == 1 {
            let border = kernel / 2;
            let each = if self.shape.upsample { 2 } else { 1 };
            let lines = rows.chunks_mut(grid.wide).skip(border).take(to.height);
            for (y, line) in lines.enumerate() {
                let line = line.iter_mut().skip(border).take(to.width);
                for (x, out) in line.enumerate() {
                    *out = pixel(y / each, x / each).copied().unwrap_or(0.0);
                }
            }
            return;
        }
        for (tap, row) in rows.chunks_exact_mut(grid.row).enumerate() {
            for (p, out) in row.iter_mut().enumerate() {
                let y = self.shape.source(p / to.width, tap / kernel, from.height);
                let x = self.shape.source(p % to.width, tap % kernel, from.width);
                if let (Some(y), Some(x)) = (y, x) {
                    *out = pixel(y, x).copied().unwrap_or(0.0);
                }
            }
        }
    }

    /// Columns of the gradient of image n over the grid's positions, 0 between the rows.
    fn fill_panel(&self, grid: &Grid, n: usize, panel: usize, out: &mut [f32]) {
        let to = self.shape.to;
        out.fill(0.0);
        let image = part(self.grad, n * to.elements(), to.elements());
        let first = panel * self.width;
        let columns = self.width.min(to.channels - first);
        for (p, pixel) in image.chunks_exact(to.channels).enumerate() {
            let at = p / to.width * grid.wide + p % to.width;
            let out = out.get_mut(at * self.width..).unwrap_or_default();
            for (out, value) in out.iter_mut().zip(part(pixel, first, columns)) {
                *out = *value;
            }
        }
    }

    /// From \[group\]\[panel\]\[tap\]\[k\]\[m\] to [M, K, taps].
    fn place(&self, sums: &[f32], output: &mut [f32]) {
        let (k, taps, panels) = (self.shape.from.channels, self.taps(), self.panels());
        for (task, sums) in sums.chunks_exact(ROWS * self.width).enumerate() {
            let (tap, rest) = (task % taps, task / taps);
            let (panel, group) = (rest % panels, rest / panels);
            for (row, sums) in sums.chunks_exact(self.width).enumerate() {
                let channel = group * ROWS + row;
                if channel >= k {
                    break;
                }
                let first = (panel * self.width * k + channel) * taps + tap;
                let column = output.get_mut(first..).unwrap_or_default();
                for (out, sum) in column.iter_mut().step_by(k * taps).zip(sums) {
                    *out = *sum;
                }
            }
        }
    }
}

/// The products of a group of channels with a panel for one tap, over all images.
struct Products<'a> {
    layer: &'a ConvWeight<'a>,
    grid: &'a Grid,
    rows: &'a [f32],
    panels: &'a [f32],
    task: usize,
    sums: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, ROWS>(simd);
        } else {
            self.run::<S, { ROWS / 2 }>(simd);
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn run<S: Simd, const T: usize>(self, simd: S) {
        let Self { layer, grid, .. } = self;
        let (taps, panels, width) = (layer.taps(), layer.panels(), layer.width);
        let (tap, rest) = (self.task % taps, self.task / taps);
        let (panel, group) = (rest % panels, rest / panels);
        let channels = layer.shape.from.channels;
        // Where a tap's row begins: a shift, or a row of its own.
        let begin = if layer.shape.stride == 1 {
            tap / layer.shape.kernel * grid.wide + tap % layer.shape.kernel
        } else {
            tap * grid.row
        };
        let of_channel = grid.rows * grid.row;
        let parts = self.sums.chunks_exact_mut(T * width).enumerate();
        for (half, sums) in parts {
            let mut local = zeros::<S, T>(simd);
            for n in 0..layer.batch {
                let panel = (n * panels + panel) * grid.len * width;
                let panel = part(self.panels, panel, grid.len * width);
                let mut rows: [&[f32]; T] = [&[]; T];
                for (t, row) in rows.iter_mut().enumerate() {
                    let channel = group * ROWS + half * T + t;
                    if channel < channels {
                        let first = (n * channels + channel) * of_channel + begin;
                        *row = part(self.rows, first, grid.len);
                    }
                }
                multiply::<S, T>(simd, rows, panel, &mut local);
            }
            store::<S, T>(&local, sums);
        }
    }
}
