//! The transforms of Winograd's tiles into points and back: Bᵀ d B of what lies under a tile, Aᵀ m A of its
//! points.

use pulp::{Simd, WithSimd};

use super::Layer;
use crate::cpu::fast::lanes::ROWS;
use crate::cpu::fast::pack::POINTS;
use crate::cpu::plain::conv::Window;
use crate::part::{part, part_mut, put};

/// Bᵀ d B of a group of tiles, into \[ξ\]\[tile\]\[k\].
pub(super) struct Gather<'a> {
    pub(super) layer: &'a Layer<'a>,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) points: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer, points, .. } = self;
        let Window { from, to, .. } = layer.shape;
        let k = from.channels;
        let (high, wide) = (to.height / 2, to.width / 2);
        for t in 0..ROWS {
            let tile = self.first + t;
            let mut rest = points.chunks_exact_mut(ROWS * k);
            let mut out: [&mut [S::f32s]; POINTS] = core::array::from_fn(|_| {
                let point = rest.next();
                debug_assert!(point.is_some(), "there are {POINTS} points");
                S::as_mut_simd_f32s(part_mut(point.unwrap_or_default(), t * k, k)).0
            });
            let inside = tile < self.end;
            let (image, at) = (tile / (high * wide), tile % (high * wide));
            let (y, x) = (2 * (at / wide), 2 * (at % wide));
            let input: [[&[S::f32s]; 4]; 4] = core::array::from_fn(|i| {
                core::array::from_fn(|j| {
                    let y = layer.shape.row(y, i);
                    let x = layer.shape.column(x, j);
                    let row = if inside { layer.row(image, y, x) } else { &[] };
                    S::as_simd_f32s(row).0
                })
            });
            for at in 0..k / S::F32_LANES {
                let zero = simd.splat_f32s(0.0);
                let [a, b, c, e] = &input;
                let [a, b, c, e] = spread_rows(
                    simd,
                    [
                        spread(simd, load(a, at, zero)),
                        spread(simd, load(b, at, zero)),
                        spread(simd, load(c, at, zero)),
                        spread(simd, load(e, at, zero)),
                    ],
                );
                let points = out.as_chunks_mut::<4>().0;
                for (out, values) in points.iter_mut().zip([a, b, c, e]) {
                    for (out, value) in out.iter_mut().zip(values) {
                        put(out, at, value);
                    }
                }
            }
        }
    }
}

/// Bᵀ x: x_0 - x_2, x_1 + x_2, x_2 - x_1, x_1 - x_3.
#[inline(always)]
fn spread<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    [
        simd.sub_f32s(a, c),
        simd.add_f32s(b, c),
        simd.sub_f32s(c, b),
        simd.sub_f32s(b, d),
    ]
}

#[inline(always)]
fn spread_rows<S: Simd>(simd: S, rows: [[S::f32s; 4]; 4]) -> [[S::f32s; 4]; 4] {
    let [a, b, c, d] = transpose(rows);
    transpose([
        spread(simd, a),
        spread(simd, b),
        spread(simd, c),
        spread(simd, d),
    ])
}

/// One vector of each of four rows. Written out, as all that handles vectors here is: a closure
/// given to a method of the core library is compiled without the vectors' instructions.
#[inline(always)]
fn load<V: Copy>([a, b, c, d]: &[&[V]; 4], at: usize, zero: V) -> [V; 4] {
    [
        nth(a, at, zero),
        nth(b, at, zero),
        nth(c, at, zero),
        nth(d, at, zero),
    ]
}

/// Four vectors, each so far behind the one before.
#[inline(always)]
fn strided<V: Copy>(values: &[V], at: usize, apart: usize, zero: V) -> [V; 4] {
    [
        nth(values, at, zero),
        nth(values, at + apart, zero),
        nth(values, at + 2 * apart, zero),
        nth(values, at + 3 * apart, zero),
    ]
}

#[inline(always)]
fn nth<V: Copy>(values: &[V], at: usize, zero: V) -> V {
    match values.get(at) {
        Some(&value) => value,
        None => zero,
    }
}

#[inline(always)]
fn transpose<T: Copy>([a, b, c, d]: [[T; 4]; 4]) -> [[T; 4]; 4] {
    let [a0, a1, a2, a3] = a;
    let [b0, b1, b2, b3] = b;
    let [c0, c1, c2, c3] = c;
    let [d0, d1, d2, d3] = d;
    [
        [a0, b0, c0, d0],
        [a1, b1, c1, d1],
        [a2, b2, c2, d2],
        [a3, b3, c3, d3],
    ]
}

/// Aᵀ m A of a row of tiles, with all that is added.
pub(super) struct Scatter<'a> {
    pub(super) layer: &'a Layer<'a>,
    /// \[panel\]\[group\]\[ξ\]\[tile\]\[column\].
    pub(super) sums: &'a [f32],
    /// Numbers of a panel.
    pub(super) stride: usize,
    /// The first tile, within the block.
    pub(super) tile: usize,
    /// The row of tiles, within the output.
    pub(super) row: usize,
    pub(super) output: &'a mut [f32],
}

impl WithSimd for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer, sums, .. } = self;
        let to = layer.shape.to;
        let (channels, width) = (to.channels, layer.width);
        let image = self.row / (to.height / 2);
        let (upper, lower) = self.output.split_at_mut(to.width * channels);
        let pairs = upper
            .chunks_exact_mut(2 * channels)
            .zip(lower.chunks_exact_mut(2 * channels));
        let start = 2 * self.row * to.width * channels;
        for (x, (upper, lower)) in pairs.enumerate() {
            let tile = self.tile + x;
            let (ul, ur) = upper.split_at_mut(channels);
            let (ll, lr) = lower.split_at_mut(channels);
            let mut out = [ul, ur, ll, lr].map(|row| S::as_mut_simd_f32s(row).0);
            let first = start + 2 * x * channels;
            let below = first + to.width * channels;
            let places = [first, first + channels, below, below + channels];
            let residual = layer.residual.map(|residual| {
                places.map(|place| S::as_simd_f32s(part(residual, place, channels)).0)
            });
            let shift = layer
                .shift
                .map(|shift| S::as_simd_f32s(part(shift, image * channels, channels)).0);
            let bias = S::as_simd_f32s(layer.bias).0;
            for panel in 0..channels / width {
                let group = tile / ROWS * POINTS * ROWS * width;
                let group = part(sums, panel * self.stride + group, POINTS * ROWS * width);
                let zero = simd.splat_f32s(0.0);
                for half in 0..2 {
                    let at = 2 * (tile % ROWS) + half;
                    let row = |i: usize| {
                        let points = part(group, 4 * i * ROWS * width, 4 * ROWS * width);
                        S::as_simd_f32s(points).0
                    };
                    // Two vectors for each of the tiles of a point.
                    let apart = 2 * ROWS;
                    let [a, b, c, d] = [
                        gather(simd, strided(row(0), at, apart, zero)),
                        gather(simd, strided(row(1), at, apart, zero)),
                        gather(simd, strided(row(2), at, apart, zero)),
                        gather(simd, strided(row(3), at, apart, zero)),
                    ];
                    let [left, right] = columns([a, b, c, d]);
                    let ([ul, ll], [ur, lr]) = (gather(simd, left), gather(simd, right));
                    let channel = 2 * panel + half;
                    let base = match shift {
                        Some(shift) => {
                            simd.add_f32s(nth(bias, channel, zero), nth(shift, channel, zero))
                        }
                        None => nth(bias, channel, zero),
                    };
                    let mut added = [base; 4];
                    if let Some(residual) = &residual {
                        let [a, b, c, d] = load(residual, channel, zero);
                        added = [
                            simd.add_f32s(a, base),
                            simd.add_f32s(b, base),
                            simd.add_f32s(c, base),
                            simd.add_f32s(d, base),
                        ];
                    }
                    let [a, b, c, d] = added;
                    let values = [
                        simd.add_f32s(ul, a),
                        simd.add_f32s(ur, b),
                        simd.add_f32s(ll, c),
                        simd.add_f32s(lr, d),
                    ];
                    for (out, value) in out.iter_mut().zip(values) {
                        put(out, channel, value);
                    }
                }
            }
        }
    }
}

/// Aᵀ x: x_0 + x_1 + x_2, x_1 - x_2 - x_3.
#[inline(always)]
fn gather<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
    [
        simd.add_f32s(a, simd.add_f32s(b, c)),
        simd.sub_f32s(simd.sub_f32s(b, c), d),
    ]
}

#[inline(always)]
fn columns<T: Copy>([a, b, c, d]: [[T; 2]; 4]) -> [[T; 4]; 2] {
    let ([a0, a1], [b0, b1], [c0, c1], [d0, d1]) = (a, b, c, d);
    [[a0, b0, c0, d0], [a1, b1, c1, d1]]
}
