//! The weights as the products read them: panels of as many output channels as two vectors hold.
//!
//! Direct: \[m / w\]\[tap\]\[k\]\[m mod w\]. Winograd: \[m / w\]\[ξ\]\[k\]\[m mod w\], the 4×4 of G g Gᵀ for each
//! kernel g. Output channels are padded to whole panels with 0.
//!
//! Places are given out first and filled afterwards, so that weights that change can be packed again.

use super::threads::{Threads, product};
use crate::cpu::math::Number;
use crate::cpu::plain::conv::Window;
use crate::cpu::program::Parameter;
use crate::part::{part, part_mut, put};
use crate::unet::Extents;

/// Products of a tile: 4×4.
pub(crate) const POINTS: usize = 16;

/// Where a parameter is among the weights, and where it is packed and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    takes: Takes,
    /// Its first number among all that are packed.
    first: usize,
    /// How many there are, padding included.
    len: usize,
}

impl Stretch {
    /// The parameter among all that are packed, padding included.
    pub(crate) fn of<'a>(&self, packed: &'a [f32]) -> &'a [f32] {
        part(packed, self.first, self.len)
    }
}

/// A parameter, and how it is packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Takes {
    pub(crate) parameter: Parameter,
    /// How it lies, where it is multiplied by; others are packed as they are.
    pub(crate) kernels: Option<Kernels>,
}

/// Where the kernels of a convolution or linear layer lie among the weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels {
    /// Output channels.
    rows: usize,
    /// Input channels.
    depth: usize,
    taps: usize,
    /// From one output channel to the next.
    row_stride: usize,
    /// From one input channel to the next.
    depth_stride: usize,
    /// Whether the last tap comes first.
    reversed: bool,
    /// Whether they are multiplied by in tiles.
    winograd: bool,
}

impl Kernels {
    /// [M, K, taps] as it lies.
    pub(crate) const fn new(from: Extents, to: Extents, taps: usize, winograd: bool) -> Self {
        Self {
            rows: to.channels,
            depth: from.channels,
            taps,
            row_stride: from.channels * taps,
            depth_stride: taps,
            reversed: false,
            winograd,
        }
    }

    /// For the gradient of the input of a convolution [M, K, taps] `from` M `to` K channels.
    pub(crate) const fn transposed(
        from: Extents,
        to: Extents,
        taps: usize,
        winograd: bool,
    ) -> Self {
        Self {
            rows: to.channels,
            depth: from.channels,
            taps,
            row_stride: taps,
            depth_stride: to.channels * taps,
            reversed: true,
            winograd,
        }
    }

    const fn tap(&self, tap: usize) -> usize {
        if self.reversed {
            self.taps - 1 - tap
        } else {
            tap
        }
    }

    const fn panels(&self, width: usize) -> usize {
        self.rows.div_ceil(width)
    }

    /// Numbers of a panel.
    fn panel(&self, width: usize) -> usize {
        let taps = if self.winograd { POINTS } else { self.taps };
        product([taps, self.depth, width])
    }
}

/// Whether a convolution is computed in tiles of 2×2 outputs: depends on one image alone, so that
/// a batch gives the bits of its images.
pub(crate) fn in_tiles(window: &Window, width: usize) -> bool {
    let Window { from, to, .. } = window;
    let even = to.height.is_multiple_of(2) && to.width.is_multiple_of(2);
    let whole = from.channels.is_multiple_of(width / 2) && to.channels.is_multiple_of(width);
    let same = window.stride * window.spread == 1;
    window.kernel == 3 && same && even && whole && to.positions() >= 64
}

/// Gives a parameter a place behind those that end at `end`.
pub(crate) fn place(takes: Takes, width: usize, end: &mut usize) -> Stretch {
    let len = match &takes.kernels {
        Some(kernels) => {
            let numbers = product([kernels.panels(width), kernels.panel(width)]);
            whole(numbers, POINTS)
        }
        None => padded(takes.parameter.len, width),
    };
    let first = *end;
    *end = first.saturating_add(len);
    Stretch { takes, first, len }
}

/// How many numbers one for each channel is padded to: whole panels, and whole lines of a cache.
pub(crate) fn padded(channels: usize, width: usize) -> usize {
    whole(channels, width.max(POINTS))
}

/// So many numbers in whole pieces.
const fn whole(numbers: usize, piece: usize) -> usize {
    numbers.div_ceil(piece).saturating_mul(piece)
}

/// Writes a parameter to its place.
pub(crate) fn fill<W: Number>(
    stretch: &Stretch,
    weights: &[W],
    width: usize,
    threads: &Threads,
    numbers: &mut [f32],
) {
    let Takes { parameter, kernels } = &stretch.takes;
    let given = part(weights, parameter.first, parameter.len);
    let numbers = part_mut(numbers, stretch.first, stretch.len);
    match kernels {
        Some(kernels) => fill_kernels(kernels, given, width, threads, numbers),
        None => copy(given, numbers),
    }
}

fn copy<W: Number>(numbers: &[W], out: &mut [f32]) {
    for (out, number) in out.iter_mut().zip(numbers) {
        *out = number.value();
    }
}

/// Writes kernels to their place, a panel at a time.
fn fill_kernels<W: Number>(
    kernels: &Kernels,
    weights: &[W],
    width: usize,
    threads: &Threads,
    numbers: &mut [f32],
) {
    let panel = kernels.panel(width);
    let len = panel * kernels.panels(width);
    let numbers = part_mut(numbers, 0, len);
    threads.chunks(numbers, panel, product([4, len]), |at, numbers| {
        let first = at * width;
        let rows = first..(first + width).min(kernels.rows);
        if kernels.winograd {
            tiles(kernels, rows, weights, width, numbers);
        } else {
            taps(kernels, rows, weights, width, numbers);
        }
    });
}

fn taps<W: Number>(
    kernels: &Kernels,
    rows: core::ops::Range<usize>,
    weights: &[W],
    width: usize,
    panel: &mut [f32],
) {
    for (column, row) in rows.enumerate() {
        for k in 0..kernels.depth {
            let from = row * kernels.row_stride + k * kernels.depth_stride;
            for (tap, weight) in part(weights, from, kernels.taps).iter().enumerate() {
                let at = (kernels.tap(tap) * kernels.depth + k) * width + column;
                put(panel, at, weight.value());
            }
        }
    }
}

/// All columns of a panel for an input channel at a time: the transform is of vectors, and what is written
/// are whole rows.
fn tiles<W: Number>(
    kernels: &Kernels,
    rows: core::ops::Range<usize>,
    weights: &[W],
    width: usize,
    panel: &mut [f32],
) {
    for k in 0..kernels.depth {
        for first in (0..width).step_by(COLUMNS) {
            let rows = rows.clone().skip(first).take(COLUMNS);
            let mut kernel = [[0.0; COLUMNS]; 9];
            for (column, row) in rows.enumerate() {
                let from = row * kernels.row_stride + k * kernels.depth_stride;
                for (tap, weight) in part(weights, from, 9).iter().enumerate() {
                    let at = kernels.tap(tap) * COLUMNS + column;
                    put(kernel.as_flattened_mut(), at, weight.value());
                }
            }
            for (point, values) in transform(&kernel).iter().enumerate() {
                let at = (point * kernels.depth + k) * width + first;
                let len = COLUMNS.min(width - first);
                let place = part_mut(panel, at, len);
                place.copy_from_slice(part(values, 0, place.len()));
            }
        }
    }
}

/// Columns that are transformed together.
const COLUMNS: usize = 8;

type Columns = [f32; COLUMNS];

/// G g Gᵀ, G = [1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1].
#[inline(always)]
fn transform([a, b, c, d, e, f, g, h, i]: &[Columns; 9]) -> [Columns; POINTS] {
    let [a0, a1, a2, a3] = spread(a, d, g);
    let [b0, b1, b2, b3] = spread(b, e, h);
    let [c0, c1, c2, c3] = spread(c, f, i);
    let mut points = [[0.0; COLUMNS]; POINTS];
    let rows = [
        spread(&a0, &b0, &c0),
        spread(&a1, &b1, &c1),
        spread(&a2, &b2, &c2),
        spread(&a3, &b3, &c3),
    ];
    for (out, row) in points.as_chunks_mut::<4>().0.iter_mut().zip(rows) {
        *out = row;
    }
    points
}

#[inline(always)]
fn spread(a: &Columns, b: &Columns, c: &Columns) -> [Columns; 4] {
    let mut out = [*a, [0.0; COLUMNS], [0.0; COLUMNS], *c];
    let [_, plus, minus, _] = &mut out;
    let places = plus.iter_mut().zip(minus.iter_mut());
    for ((plus, minus), ((a, b), c)) in places.zip(a.iter().zip(b).zip(c)) {
        let sum = 0.5 * (a + c);
        *plus = sum + 0.5 * b;
        *minus = sum - 0.5 * b;
    }
    out
}
