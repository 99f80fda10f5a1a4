//! Attention over rows of channels: groups of queries against blocks of keys, each block's scores
//! folded into what came before (the largest score so far, the sum of weights, the weighted sum of
//! values), so that no row of scores is ever whole.

use pulp::{Arch, Simd, WithSimd};

use super::lanes::{ROWS, multiply, zeros};
use super::threads::{Threads, product};
use crate::cpu::math::exp_f32;
use crate::part::{part, part_mut, rest_mut};
use crate::unet::Extents;

/// Panels of keys whose scores are folded in together.
const PANELS: usize = 4;
/// The widest panel there is.
const WIDEST: usize = 32;
/// Scores of a query against a block of keys.
const KEYS: usize = PANELS * WIDEST;

/// What an attention reads.
pub(crate) struct Attention<'a> {
    /// [N, H, W, 3C].
    pub(crate) qkv: &'a [f32],
    /// [C, H, W].
    pub(crate) extents: Extents,
    pub(crate) heads: usize,
    pub(crate) width: usize,
}

impl Attention<'_> {
    fn depth(&self) -> usize {
        self.extents.channels / self.heads
    }

    /// Numbers of the keys of a head as panels \[key / w\]\[c\]\[key mod w\].
    fn keys_len(&self) -> usize {
        self.extents.positions().next_multiple_of(self.width) * self.depth()
    }

    /// Numbers of the values of a head as panels \[c / w\]\[key\]\[c mod w\].
    fn values_len(&self) -> usize {
        self.depth().next_multiple_of(self.width) * self.extents.positions()
    }

    /// The q, k or v of a head at a position.
    #[inline(always)]
    fn row(&self, image: usize, position: usize, head: usize, which: usize) -> &[f32] {
        let row = (image * self.extents.positions() + position) * 3 * self.extents.channels;
        part(
            self.qkv,
            row + (3 * head + which) * self.depth(),
            self.depth(),
        )
    }
}

/// Numbers of room for a batch.
pub(crate) fn room(attention: &Attention<'_>, batch: usize) -> usize {
    let of_head = attention.keys_len().saturating_add(attention.values_len());
    product([batch, attention.heads, of_head])
}

/// The attention.
pub(crate) fn run(
    arch: Arch,
    threads: &Threads,
    attention: &Attention<'_>,
    batch: usize,
    room: &mut [f32],
    output: &mut [f32],
) {
    let Extents { channels, .. } = attention.extents;
    let positions = attention.extents.positions();
    let panels = attention.keys_len() + attention.values_len();
    let packed = part_mut(room, 0, batch * attention.heads * panels);
    let work = product([4, packed.len()]);
    threads.chunks(packed, panels, work, |at, packed| {
        pack(
            attention,
            at / attention.heads,
            at % attention.heads,
            packed,
        );
    });
    let packed = &*packed;
    // A piece lies within one image: whole groups where the positions are such.
    let piece = if positions.is_multiple_of(ROWS) {
        ROWS
    } else {
        positions
    };
    let work = product([4, output.len(), positions]);
    threads.chunks(output, piece * channels, work, |at, output| {
        let (image, first) = (at * piece / positions, at * piece % positions);
        for head in 0..attention.heads {
            let panels = part(packed, (image * attention.heads + head) * panels, panels);
            for (group, output) in output.chunks_mut(ROWS * channels).enumerate() {
                arch.dispatch(Group {
                    attention,
                    panels,
                    image,
                    first: first + group * ROWS,
                    head,
                    output,
                });
            }
        }
    });
}

fn pack(attention: &Attention<'_>, image: usize, head: usize, packed: &mut [f32]) {
    let (depth, width) = (attention.depth(), attention.width);
    let positions = attention.extents.positions();
    packed.fill(0.0);
    let (keys, values) = packed.split_at_mut(attention.keys_len());
    for position in 0..positions {
        let key = attention.row(image, position, head, 1);
        let panel = position / width * depth * width + position % width;
        let column = rest_mut(keys, panel);
        for (out, &value) in column.iter_mut().step_by(width).zip(key) {
            *out = value;
        }
        let value = attention.row(image, position, head, 2);
        for (block, value) in value.chunks(width).enumerate() {
            let start = (block * positions + position) * width;
            let row = part_mut(values, start, value.len());
            for (out, &value) in row.iter_mut().zip(value) {
                *out = value;
            }
        }
    }
}

/// A group of queries of a head.
struct Group<'a> {
    attention: &'a Attention<'a>,
    panels: &'a [f32],
    image: usize,
    first: usize,
    head: usize,
    /// Rows of channels, as many as there are queries.
    output: &'a mut [f32],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            attention, panels, ..
        } = self;
        let (depth, width) = (attention.depth(), attention.width);
        let channels = attention.extents.channels;
        let positions = attention.extents.positions();
        let (keys, values) = panels.split_at(attention.keys_len());
        let queries: [&[f32]; ROWS] = core::array::from_fn(|t| {
            if (t + 1) * channels <= self.output.len() {
                attention.row(self.image, self.first + t, self.head, 0)
            } else {
                &[]
            }
        });
        let scale = 1.0 / libm::sqrtf(depth as f32);
        let mut largest = [f32::NEG_INFINITY; ROWS];
        let mut sums = [0.0_f32; ROWS];
        let mut scores = [[0.0_f32; KEYS]; ROWS];
        let block = PANELS * width;
        for (at, keys) in keys.chunks(block * depth).enumerate() {
            let count = block.min(positions - at * block);
            for (panel, keys) in keys.chunks_exact(width * depth).enumerate() {
                let mut products = zeros::<S, ROWS>(simd);
                multiply::<S, ROWS>(simd, queries, keys, &mut products);
                for (scores, products) in scores.iter_mut().zip(products) {
                    let scores = part_mut(scores, panel * width, width);
                    if let Some(place) = S::as_mut_simd_f32s(scores).0.first_chunk_mut() {
                        *place = products;
                    }
                }
            }
            let mut keep = [0.0; ROWS];
            let states = largest.iter_mut().zip(sums.iter_mut()).zip(keep.iter_mut());
            for (scores, ((largest, sum), keep)) in scores.iter_mut().zip(states) {
                let scores = part_mut(scores, 0, count);
                (*keep, *sum) = fold(scores, scale, largest, *sum);
            }
            let weights: [&[f32]; ROWS] = scores.each_ref().map(|scores| part(scores, 0, count));
            let blocks = values.chunks_exact(positions * width).enumerate();
            for (c, values) in blocks {
                let values = part(values, at * block * width, count * width);
                let start = self.head * depth + c * width;
                let len = width.min(depth - c * width);
                let mut products = zeros::<S, ROWS>(simd);
                multiply::<S, ROWS>(simd, weights, values, &mut products);
                let rows = self.output.chunks_exact_mut(channels);
                for ((row, keep), products) in rows.zip(keep).zip(products) {
                    let row = part_mut(row, start, len);
                    fold_values(simd, row, if at == 0 { None } else { Some(keep) }, products);
                }
            }
        }
        for (row, sum) in self.output.chunks_exact_mut(channels).zip(sums) {
            for out in part_mut(row, self.head * depth, depth) {
                *out /= sum;
            }
        }
    }
}

/// Scores become weights e^{scale·score - largest}; returns what the earlier ones are scaled with,
/// and the sum of all weights.
#[inline(always)]
pub(crate) fn fold(scores: &mut [f32], scale: f32, largest: &mut f32, sum: f32) -> (f32, f32) {
    const LANES: usize = 16;
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, tail) = scores.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &score) in lanes.iter_mut().zip(chunk) {
            *lane = if score > *lane { score } else { *lane };
        }
    }
    let here = tail
        .iter()
        .chain(&lanes)
        .fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    let before = *largest;
    *largest = if scale * here > before {
        scale * here
    } else {
        before
    };
    let top = *largest;
    let mut lanes = [0.0_f32; LANES];
    let (chunks, tail) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (lane, score) in lanes.iter_mut().zip(chunk) {
            *score = exp_f32(scale * *score - top);
            *lane += *score;
        }
    }
    for (lane, score) in lanes.iter_mut().zip(tail) {
        *score = exp_f32(scale * *score - top);
        *lane += *score;
    }
    let keep = exp_f32(before - top);
    (keep, sum * keep + lanes.iter().sum::<f32>())
}

/// row = row·keep + products, or the products alone; the row may be narrower.
#[inline(always)]
fn fold_values<S: Simd>(simd: S, row: &mut [f32], keep: Option<f32>, [left, right]: [S::f32s; 2]) {
    let (front, back) = row.split_at_mut(row.len().min(S::F32_LANES));
    for (part, products) in [(front, left), (back, right)] {
        let value = match keep {
            Some(keep) => {
                let before = simd.partial_load_f32s(part);
                simd.mul_add_e_f32s(before, simd.splat_f32s(keep), products)
            }
            None => products,
        };
        simd.partial_store_f32s(part, value);
    }
}
