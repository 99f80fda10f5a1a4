//! The gradient of the weight of a convolution: for each tap a product over all positions,
//! ∂W\[m, k, tap\] = Σ_p x\[p + tap, k\]·g\[p, m\].
//!
//! Channels lie side by side in both, so a position adds the products of a few numbers of x with two
//! vectors of g, all read where they are. Images are summed up one after the other, so the bits do not
//! depend on the number of threads.

use pulp::{Arch, Simd};

use crate::cpu::fast::lanes::{Groups, InGroups, ROWS, add_products, store, zeros};
use crate::cpu::fast::threads::{Threads, product};
use crate::cpu::plain::conv::Window;
use crate::part::{part, part_mut, rest_mut, split_mut};

/// Positions that are gone through for one tap after the other: they stay in the nearest cache.
const STRETCH: usize = 128;

/// A convolution with its input and the gradient of its result.
#[derive(Clone, Copy)]
pub(crate) struct ConvWeight<'a> {
    pub(crate) shape: Window,
    pub(crate) batch: usize,
    /// [N, H, W, K].
    pub(crate) input: &'a [f32],
    /// [N, H', W', M].
    pub(crate) grad: &'a [f32],
    /// Columns of a panel.
    pub(crate) width: usize,
}

impl ConvWeight<'_> {
    fn taps(&self) -> usize {
        self.shape.kernel * self.shape.kernel
    }

    /// Channels of the input and of the gradient with what fills the last group and the last panel.
    fn filled(&self) -> (usize, usize) {
        let Window { from, to, .. } = self.shape;
        (
            from.channels.next_multiple_of(ROWS),
            to.channels.next_multiple_of(self.width),
        )
    }

    /// Numbers of room: for \[group\]\[panel\]\[tap\]\[k\]\[m\], and for an input and a gradient that are to be
    /// filled.
    fn rooms(&self) -> [usize; 3] {
        let Window { from, to, .. } = self.shape;
        let (k, m) = self.filled();
        let copy = |filled, channels, positions| match filled == channels {
            true => 0,
            false => product([filled, positions, self.batch]),
        };
        [
            product([k, m, self.taps()]),
            copy(k, from.channels, from.positions()),
            copy(m, to.channels, to.positions()),
        ]
    }

    /// Numbers of room.
    pub(crate) fn room(&self) -> usize {
        self.rooms()
            .iter()
            .map(|len| len.div_ceil(16).saturating_mul(16))
            .fold(0, usize::saturating_add)
    }

    /// The gradient, [M, K, kernel, kernel].
    pub(crate) fn run(&self, arch: Arch, threads: &Threads, room: &mut [f32], output: &mut [f32]) {
        let Window { from, to, .. } = self.shape;
        let (k, m) = self.filled();
        let mut rest = room;
        let [sums, input, grad] = self.rooms().map(|len| {
            let (place, others) = split_mut(core::mem::take(&mut rest), len.next_multiple_of(16));
            rest = others;
            part_mut(place, 0, len)
        });
        let filled = Filled {
            input: fill(threads, self.input, from.channels, k, input),
            grad: fill(threads, self.grad, to.channels, m, grad),
            k,
            m,
        };
        let work = product([2, sums.len(), self.batch, to.positions()]);
        let of_task = self.shape.kernel * ROWS * self.width;
        threads.chunks(sums, of_task, work, |task, sums| {
            arch.dispatch(InGroups(Products {
                layer: self,
                filled: &filled,
                task,
                sums,
            }));
        });
        let sums = &*sums;
        let some = ROWS.min(self.width);
        let of_some = some * from.channels * self.taps();
        threads.chunks(output, of_some, product([8, output.len()]), |at, output| {
            self.place(sums, at * some, output);
        });
    }

    /// How many columns of the output see each column of the input through one tap.
    const fn times(&self) -> usize {
        if self.shape.upsample { 2 } else { 1 }
    }

    /// All runs of columns under a tap: where every input is there twice, those of the first time of each, then those
    /// of the second; then the column across an edge.
    fn runs(&self, tap: usize) -> [Option<Run>; 3] {
        let second = self.shape.upsample.then(|| self.inside(1, tap)).flatten();
        let across = self.shape.across(tap).map(|(x, column)| Run {
            x,
            column,
            inputs: 1,
        });
        [self.inside(0, tap), second, across]
    }

    /// The columns inside of the image, the output's being those of one time.
    fn inside(&self, time: usize, tap: usize) -> Option<Run> {
        let Window { from, to, .. } = self.shape;
        let mut columns = (time..to.width).step_by(self.times());
        columns.find_map(|x| {
            let column = self.shape.column_inside(x, tap)?;
            let inputs = from.width - column;
            Some(Run { x, column, inputs })
        })
    }

    /// The gradients of a few channels m from \[group\]\[panel\]\[tap\]\[k\]\[m\].
    fn place(&self, sums: &[f32], first: usize, output: &mut [f32]) {
        let (taps, k) = (self.taps(), self.shape.from.channels);
        let panels = self.filled().1 / self.width;
        let (panel, column) = (first / self.width, first % self.width);
        let count = output.len() / (k * taps);
        for channel in 0..k {
            let of_panel = channel / ROWS * panels + panel;
            for tap in 0..taps {
                let row = (of_panel * taps + tap) * ROWS + channel % ROWS;
                let sums = part(sums, row * self.width + column, count);
                let places = rest_mut(output, channel * taps + tap);
                for (out, sum) in places.iter_mut().step_by(k * taps).zip(sums) {
                    *out = *sum;
                }
            }
        }
    }
}

/// Columns of the output, and those of the input under them, which lie one behind the other.
#[derive(Clone, Copy)]
struct Run {
    /// The first column of the output.
    x: usize,
    /// The first column of the input.
    column: usize,
    /// How many columns of the input there are.
    inputs: usize,
}

/// What is multiplied, in whole groups and panels.
struct Filled<'a> {
    input: &'a [f32],
    grad: &'a [f32],
    /// Channels of the input.
    k: usize,
    /// Channels of the gradient.
    m: usize,
}

/// Rows of channels with 0 behind them, where there are not as many as are wanted.
fn fill<'a>(
    threads: &Threads,
    rows: &'a [f32],
    channels: usize,
    wanted: usize,
    room: &'a mut [f32],
) -> &'a [f32] {
    if channels == wanted {
        return rows;
    }
    threads.chunks(room, wanted, room.len(), |at, out| {
        let (numbers, behind) = out.split_at_mut(channels);
        numbers.copy_from_slice(part(rows, at * channels, channels));
        behind.fill(0.0);
    });
    room
}

/// The products of a group of channels with a panel for a row of taps, over all images.
struct Products<'a> {
    layer: &'a ConvWeight<'a>,
    filled: &'a Filled<'a>,
    task: usize,
    sums: &'a mut [f32],
}

impl Groups for Products<'_> {
    #[inline(always)]
    fn rows<S: Simd, const T: usize>(self, simd: S) {
        let Self {
            layer,
            filled: &Filled { input, grad, k, m },
            task,
            sums,
        } = self;
        let Window {
            from,
            to,
            kernel,
            stride,
            ..
        } = layer.shape;
        let panels = m / layer.width;
        let (tap_y, rest) = (task % kernel, task / kernel);
        let (panel, group) = (rest % panels, rest / panels);
        sums.fill(0.0);
        let lines = (STRETCH / to.width).max(1);
        let times = layer.times();
        for line in (0..layer.batch * to.height).step_by(lines) {
            let stretch = line..(line + lines).min(layer.batch * to.height);
            for (at, sums) in sums.chunks_exact_mut(T * layer.width).enumerate() {
                let (tap_x, half) = (at / (ROWS / T), at % (ROWS / T));
                let mut local = load::<S, T>(simd, sums);
                for Run { x, column, inputs } in layer.runs(tap_x).into_iter().flatten() {
                    for line in stretch.clone() {
                        let (n, y) = (line / to.height, line % to.height);
                        let Some(row) = layer.shape.row(y, tap_y) else {
                            continue;
                        };
                        let pixels = (n * from.height + row) * from.width + column;
                        let pixels = part(input, pixels * k, inputs * k);
                        let pixels = pixels.as_chunks::<T>().0.iter();
                        let pixels = pixels.skip(group * ROWS / T + half).step_by(stride * k / T);
                        let grads = part(grad, (line * to.width + x) * m, (to.width - x) * m);
                        let grads = S::as_simd_f32s(grads).0.as_chunks::<2>().0.iter();
                        let grads = grads.skip(panel).step_by(times * panels);
                        // A copy of its own stays in registers.
                        let mut held = local;
                        for (pixel, grad) in pixels.zip(grads) {
                            add_products(simd, pixel, grad, &mut held);
                        }
                        local = held;
                    }
                }
                store::<S, T>(&local, sums);
            }
        }
    }
}

/// Sums that lie one row after the other.
#[inline(always)]
fn load<S: Simd, const T: usize>(simd: S, sums: &[f32]) -> [[S::f32s; 2]; T] {
    let rows = S::as_simd_f32s(sums).0.as_chunks::<2>().0;
    let rows = rows.first_chunk();
    debug_assert!(rows.is_some(), "there are sums of {T} rows");
    rows.copied().unwrap_or_else(|| zeros::<S, T>(simd))
}
