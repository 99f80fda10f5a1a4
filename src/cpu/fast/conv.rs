//! Convolutions and linear layers: products of rows of the input with panels of weights.
//!
//! Direct: for every position and tap the row of channels under it. Winograd F(2×2, 3×3): the 4×4
//! under each 2×2 of the output becomes Bᵀ d B, its 16 points are products over channels, and the
//! output is Aᵀ m A: 4 products per output in place of 9.
//!
//! Both go over the output in blocks whose intermediate results stay in a cache.

use pulp::{Arch, Simd, WithSimd};

use super::lanes::{ROWS, multiply, store, zeros};
use super::pack::POINTS;
use super::threads::Threads;
use crate::cpu::conv::Shape;
use crate::cpu::interpreter::part;

/// Numbers of intermediate results that are kept at once.
const BLOCK: usize = 1 << 19;
/// Groups of rows that a piece of work takes at most.
const PIECE: usize = 8;

/// A convolution with all it reads.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub(crate) shape: Shape,
    pub(crate) batch: usize,
    /// [N, H, W, K].
    pub(crate) input: &'a [f32],
    /// Panels.
    pub(crate) weight: &'a [f32],
    /// \[M\], padded to whole panels.
    pub(crate) bias: &'a [f32],
    /// [N, M].
    pub(crate) shift: Option<&'a [f32]>,
    /// [N, H', W', M].
    pub(crate) residual: Option<&'a [f32]>,
    /// Columns of a panel.
    pub(crate) width: usize,
}

impl Layer<'_> {
    fn panels(&self) -> usize {
        self.shape.to.channels.div_ceil(self.width)
    }

    /// The row of channels of the input at a row and column that the shape gave, if inside.
    #[inline(always)]
    fn row(&self, image: usize, y: Option<usize>, x: Option<usize>) -> &[f32] {
        let from = self.shape.from;
        match (y, x) {
            (Some(y), Some(x)) => {
                let position = (image * from.height + y) * from.width + x;
                part(self.input, position * from.channels, from.channels)
            }
            _ => &[],
        }
    }
}

/// Positions of a block of the direct way, a multiple of [`ROWS`].
fn direct_block(layer: &Layer<'_>) -> usize {
    let padded = layer.panels() * layer.width;
    let most = (BLOCK / padded / ROWS).max(1) * ROWS;
    let positions = layer.batch * layer.shape.to.positions();
    most.min(positions.next_multiple_of(ROWS))
}

/// Rows of tiles of a block of Winograd's way.
fn tile_block(layer: &Layer<'_>) -> usize {
    let per_row = layer.shape.to.width / 2;
    let most = BLOCK / POINTS / layer.shape.from.channels;
    let rows = layer.batch * layer.shape.to.height / 2;
    (most / per_row).clamp(1, rows.max(1))
}

/// Numbers of room that [`direct`] needs.
pub(crate) fn direct_room(layer: &Layer<'_>) -> usize {
    // The last piece of a panel may not be full.
    (direct_block(layer) + PIECE * ROWS) * layer.panels() * layer.width
}

/// Numbers of room that [`winograd`] needs.
pub(crate) fn winograd_room(layer: &Layer<'_>) -> usize {
    let tiles = (tile_block(layer) * layer.shape.to.width / 2).next_multiple_of(ROWS);
    let padded = tiles + PIECE * ROWS;
    POINTS * (tiles * layer.shape.from.channels + padded * layer.shape.to.channels)
}

/// The convolution, position by position.
pub(crate) fn direct(
    arch: Arch,
    threads: &Threads,
    layer: &Layer<'_>,
    room: &mut [f32],
    output: &mut [f32],
) {
    let Shape {
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
        let Some(sums) = room.get_mut(..used) else {
            return;
        };
        threads.chunks(sums, chunk, 2 * used * depth, |task, sums| {
            let panel = part(
                layer.weight,
                task / pieces * depth * layer.width,
                depth * layer.width,
            );
            arch.dispatch(Direct {
                layer,
                panel,
                position: at * block + task % pieces * piece * ROWS,
                sums,
            });
        });
        let sums = &*sums;
        threads.chunks(
            output,
            ROWS * to.channels,
            output_cost(output),
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

fn output_cost(output: &[f32]) -> usize {
    2 * output.len()
}

/// Products of groups of positions with one panel.
struct Direct<'a> {
    layer: &'a Layer<'a>,
    panel: &'a [f32],
    position: usize,
    sums: &'a mut [f32],
}

impl WithSimd for Direct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.rows::<S, ROWS>(simd);
        } else {
            self.rows::<S, { ROWS / 2 }>(simd);
        }
    }
}

impl Direct<'_> {
    #[inline(always)]
    fn rows<S: Simd, const T: usize>(self, simd: S) {
        let Self { layer, panel, .. } = self;
        let Shape {
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
                    let y = layer.shape.source(y, tap / kernel, from.height);
                    let x = layer.shape.source(x, tap % kernel, from.width);
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

/// The convolution in tiles of 2×2 outputs.
pub(crate) fn winograd(
    arch: Arch,
    threads: &Threads,
    layer: &Layer<'_>,
    room: &mut [f32],
    output: &mut [f32],
) {
    let Shape { from, to, .. } = layer.shape;
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
        let Some((points, rest)) = room.split_at_mut_checked(groups * POINTS * ROWS * k) else {
            return;
        };
        let Some(sums) = rest.get_mut(..layer.panels() * of_groups * width) else {
            return;
        };
        threads.chunks(
            points,
            POINTS * ROWS * k,
            4 * tiles * POINTS * k,
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
        let work = 2 * sums.len() * k;
        threads.chunks(sums, chunk, work, |task, sums| {
            let panel = part(
                layer.weight,
                task / pieces * POINTS * k * width,
                POINTS * k * width,
            );
            let from = task % pieces * piece * POINTS * ROWS * k;
            let points = points.get(from..).unwrap_or_default();
            arch.dispatch(Products {
                panel,
                points,
                k,
                width,
                sums,
            });
        });
        let sums = &*sums;
        threads.chunks(output, tile_row, 8 * output_cost(output), |row, output| {
            arch.dispatch(Scatter {
                layer,
                sums,
                stride: of_groups * width,
                tile: row * (to.width / 2),
                row: at * block + row,
                output,
            });
        });
    }
}

/// Bᵀ d B of a group of tiles, into \[ξ\]\[tile\]\[k\].
struct Gather<'a> {
    layer: &'a Layer<'a>,
    first: usize,
    end: usize,
    points: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer, points, .. } = self;
        let Shape { from, to, .. } = layer.shape;
        let k = from.channels;
        let (high, wide) = (to.height / 2, to.width / 2);
        for t in 0..ROWS {
            let tile = self.first + t;
            let mut rest = points.chunks_exact_mut(ROWS * k);
            let mut out: [&mut [S::f32s]; POINTS] = core::array::from_fn(|_| {
                let point = rest.next().unwrap_or_default();
                let row = point.chunks_exact_mut(k).nth(t).unwrap_or_default();
                S::as_mut_simd_f32s(row).0
            });
            let inside = tile < self.end;
            let (image, at) = (tile / (high * wide), tile % (high * wide));
            let (y, x) = (2 * (at / wide), 2 * (at % wide));
            let input: [[&[S::f32s]; 4]; 4] = core::array::from_fn(|i| {
                core::array::from_fn(|j| {
                    let y = layer.shape.source(y, i, from.height);
                    let x = layer.shape.source(x, j, from.width);
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
                        if let Some(out) = out.get_mut(at) {
                            *out = value;
                        }
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

/// Products of groups of tiles with one panel, for each of the 16 points.
struct Products<'a> {
    panel: &'a [f32],
    points: &'a [f32],
    k: usize,
    width: usize,
    sums: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.rows::<S, ROWS>(simd);
        } else {
            self.rows::<S, { ROWS / 2 }>(simd);
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn rows<S: Simd, const T: usize>(self, simd: S) {
        let Self { k, width, .. } = self;
        let of_point = ROWS * k;
        for (point, panel) in self.panel.chunks_exact(k * width).enumerate() {
            let groups = self.points.chunks_exact(POINTS * of_point);
            let sums = self.sums.chunks_exact_mut(POINTS * ROWS * width);
            for (points, sums) in groups.zip(sums) {
                let rows = part(points, point * of_point, of_point).chunks_exact(T * k);
                let sums = sums
                    .chunks_exact_mut(ROWS * width)
                    .nth(point)
                    .unwrap_or_default();
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

/// Aᵀ m A of a row of tiles, with all that is added.
struct Scatter<'a> {
    layer: &'a Layer<'a>,
    /// \[panel\]\[group\]\[ξ\]\[tile\]\[column\].
    sums: &'a [f32],
    /// Numbers of a panel.
    stride: usize,
    /// The first tile, within the block.
    tile: usize,
    /// The row of tiles, within the output.
    row: usize,
    output: &'a mut [f32],
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
                        if let Some(out) = out.get_mut(channel) {
                            *out = value;
                        }
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
