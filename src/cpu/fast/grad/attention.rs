//! The gradient of attention. For each head, with P = softmax(s·Q Kᵀ), s = 1/√c, and D the sum of
//! ∂O·O over the rows of each position:
//!
//! ```text
//! ∂V = Pᵀ ∂O     ∂S = P·(∂O Vᵀ - D)     ∂Q = s ∂S K     ∂K = s ∂Sᵀ Q
//! ```
//!
//! A block of queries at a time: no more of P is held than that.

use pulp::{Arch, Simd, WithSimd};

use crate::cpu::fast::attention::fold;
use crate::cpu::fast::lanes::{ROWS, multiply, zeros};
use crate::cpu::fast::threads::{Threads, product};
use crate::part::{part, part_mut, rest, rest_mut};
use crate::unet::Extents;
use crate::unet::op::attention_scale;

/// Queries of a block, a multiple of [`ROWS`].
const QUERIES: usize = 64;

/// An attention with the gradient of its result.
#[derive(Clone, Copy)]
pub(crate) struct AttentionGrad<'a> {
    /// [N, H, W, 3C].
    pub(crate) qkv: &'a [f32],
    /// [N, H, W, C].
    pub(crate) output: &'a [f32],
    /// [N, H, W, C].
    pub(crate) grad: &'a [f32],
    /// Of the result.
    pub(crate) extents: Extents,
    pub(crate) heads: usize,
    /// Columns of a panel.
    pub(crate) width: usize,
}

/// Sizes of the parts of a head's room, in numbers.
struct Parts {
    /// c, rounded up to whole panels.
    rows: usize,
    /// Positions, rounded up to whole panels.
    positions: usize,
}

impl AttentionGrad<'_> {
    fn rows(&self) -> usize {
        self.extents.channels / self.heads
    }

    fn parts(&self) -> Parts {
        Parts {
            rows: self.rows().next_multiple_of(self.width),
            positions: self.extents.positions().next_multiple_of(self.width),
        }
    }

    /// Numbers of room of a head: its result, K and V by position and by row, Q and ∂O of a block, P and ∂S by
    /// queries and in panels.
    fn head_room(&self) -> usize {
        let Parts { rows, positions } = self.parts();
        let results = product([6, positions, rows]);
        let of_block = product([2 * QUERIES, rows]);
        let scores = product([4 * QUERIES, positions]);
        results.saturating_add(of_block).saturating_add(scores)
    }

    /// Numbers of room.
    pub(crate) fn room(&self, batch: usize) -> usize {
        product([batch, self.heads, self.head_room()])
    }

    /// With respect to q, k and v, [N, H, W, 3C].
    pub(crate) fn run(&self, arch: Arch, threads: &Threads, room: &mut [f32], output: &mut [f32]) {
        let of_image = 3 * self.extents.elements();
        let batch = output.len() / of_image.max(1);
        let len = self.head_room();
        let room = part_mut(room, 0, batch * self.heads * len);
        let (positions, elements) = (self.extents.positions(), self.extents.elements());
        let work = product([10, positions, elements, batch]);
        threads.chunks(room, len, work, |at, room| {
            arch.dispatch(Head {
                attention: self,
                image: at / self.heads,
                head: at % self.heads,
                room,
            });
        });
        let room = &*room;
        let rows = self.rows();
        let Parts {
            rows: padded,
            positions,
        } = self.parts();
        let width = 3 * self.extents.channels;
        threads.chunks(output, width, product([2, batch, of_image]), |at, out| {
            let (n, p) = (at / self.extents.positions(), at % self.extents.positions());
            for (head, out) in out.chunks_exact_mut(3 * rows).enumerate() {
                let room = part(room, (n * self.heads + head) * len, len);
                // ∂Q lies by positions, ∂K and ∂V by rows.
                let mut parts = room.chunks_exact(positions * padded);
                let mut outs = out.chunks_exact_mut(rows);
                if let (Some(d_q), Some(out)) = (parts.next(), outs.next()) {
                    out.copy_from_slice(part(d_q, p * padded, rows));
                }
                for (out, numbers) in outs.zip(parts) {
                    let column = rest(numbers, p);
                    for (out, value) in out.iter_mut().zip(column.iter().step_by(positions)) {
                        *out = *value;
                    }
                }
            }
        });
    }
}

/// One head of one image.
struct Head<'a> {
    attention: &'a AttentionGrad<'a>,
    image: usize,
    head: usize,
    room: &'a mut [f32],
}

impl WithSimd for Head<'_> {
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

/// Rows of equal length, so far apart.
#[derive(Clone, Copy)]
struct Rows<'a> {
    numbers: &'a [f32],
    /// Where the first begins.
    first: usize,
    apart: usize,
    len: usize,
    count: usize,
}

/// Where products go: rows so far apart, a panel's columns from one on.
struct Place<'a> {
    numbers: &'a mut [f32],
    first: usize,
    apart: usize,
}

/// Adds the products of rows with a panel to what is there.
#[inline(always)]
fn add_products<S: Simd, const T: usize>(
    simd: S,
    rows: Rows<'_>,
    panel: &[f32],
    width: usize,
    place: Place<'_>,
) {
    let mut group = 0;
    while group < rows.count {
        let mut slices: [&[f32]; T] = [&[]; T];
        for (t, slice) in slices.iter_mut().enumerate() {
            if group + t < rows.count {
                let first = rows.first + (group + t) * rows.apart;
                *slice = part(rows.numbers, first, rows.len);
            }
        }
        let mut local = zeros::<S, T>(simd);
        multiply::<S, T>(simd, slices, panel, &mut local);
        for (t, [left, right]) in local.into_iter().enumerate() {
            if group + t < rows.count {
                let first = place.first + (group + t) * place.apart;
                let out = part_mut(place.numbers, first, width);
                let out = S::as_mut_simd_f32s(out).0;
                if let [a, b] = out {
                    *a = simd.add_f32s(*a, left);
                    *b = simd.add_f32s(*b, right);
                }
            }
        }
        group += T;
    }
}

/// Rows of c numbers as panels of columns: \[c / w\]\[row\]\[c mod w\].
#[inline(always)]
fn by_columns(rows: Rows<'_>, padded: usize, width: usize, out: &mut [f32]) {
    out.fill(0.0);
    for at in 0..rows.count {
        let row = part(rows.numbers, rows.first + at * rows.apart, rows.len);
        for (panel, values) in row.chunks(width).enumerate() {
            let first = (panel * padded + at) * width;
            let out = part_mut(out, first, values.len());
            out.copy_from_slice(part(values, 0, out.len()));
        }
    }
}

/// Rows of c numbers as panels of rows: \[row / w\]\[c\]\[row mod w\].
#[inline(always)]
fn by_rows(rows: Rows<'_>, width: usize, out: &mut [f32]) {
    out.fill(0.0);
    for at in 0..rows.count {
        let row = part(rows.numbers, rows.first + at * rows.apart, rows.len);
        let first = at / width * rows.len * width + at % width;
        let column = rest_mut(out, first);
        for (out, value) in column.iter_mut().step_by(width).zip(row) {
            *out = *value;
        }
    }
}

/// [queries, positions] to panels \[position / w\]\[query\]\[position mod w\].
#[inline(always)]
fn in_panels(values: &[f32], positions: usize, width: usize, out: &mut [f32]) {
    for (panel, out) in out.chunks_exact_mut(QUERIES * width).enumerate() {
        let rows = values.chunks_exact(positions);
        for (out, row) in out.chunks_exact_mut(width).zip(rows) {
            out.copy_from_slice(part(row, panel * width, width));
        }
    }
}

impl Head<'_> {
    /// q (0), k (1) or v (2) of some positions.
    #[inline(always)]
    fn qkv(&self, which: usize, from: usize, count: usize) -> Rows<'_> {
        let attention = self.attention;
        let (len, apart) = (attention.rows(), 3 * attention.extents.channels);
        let position = self.image * attention.extents.positions() + from;
        Rows {
            numbers: attention.qkv,
            first: position * apart + (self.head * 3 + which) * len,
            apart,
            len,
            count,
        }
    }

    /// The rows of this head in a tensor [N, H, W, C].
    #[inline(always)]
    fn of<'t>(&self, numbers: &'t [f32], from: usize, count: usize) -> Rows<'t> {
        let attention = self.attention;
        let (len, apart) = (attention.rows(), attention.extents.channels);
        let position = self.image * attention.extents.positions() + from;
        Rows {
            numbers,
            first: position * apart + self.head * len,
            apart,
            len,
            count,
        }
    }

    #[inline(always)]
    fn run<S: Simd, const T: usize>(mut self, simd: S) {
        let attention = self.attention;
        let count = attention.extents.positions();
        let Parts {
            rows: c,
            positions: t,
        } = attention.parts();
        let mut rest = core::mem::take(&mut self.room);
        let mut take = |len: usize| -> &mut [f32] {
            let (first, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            first
        };
        let [d_q, d_k, d_v] = [take(t * c), take(t * c), take(t * c)];
        let [k_rows, v_rows, k_columns] = [take(t * c), take(t * c), take(t * c)];
        let [q_block, o_block] = [take(QUERIES * c), take(QUERIES * c)];
        let [p, d_s, p_panels, d_s_panels] = [
            take(QUERIES * t),
            take(QUERIES * t),
            take(QUERIES * t),
            take(QUERIES * t),
        ];
        for sums in [&mut *d_q, &mut *d_k, &mut *d_v] {
            sums.fill(0.0);
        }
        let width = attention.width;
        by_rows(self.qkv(1, 0, count), width, k_rows);
        by_rows(self.qkv(2, 0, count), width, v_rows);
        by_columns(self.qkv(1, 0, count), t, width, k_columns);
        let of_rows = attention.rows() * width;
        let mut from = 0;
        while from < count {
            let queries = QUERIES.min(count - from);
            let q = self.qkv(0, from, queries);
            let d_o = self.of(attention.grad, from, queries);
            by_rows(q, QUERIES, q_block);
            by_rows(d_o, QUERIES, o_block);
            p.fill(0.0);
            d_s.fill(0.0);
            for panel in 0..t / width {
                let place = |numbers| Place {
                    numbers,
                    first: panel * width,
                    apart: t,
                };
                let k = part(k_rows, panel * of_rows, of_rows);
                add_products::<S, T>(simd, q, k, width, place(&mut *p));
                let v = part(v_rows, panel * of_rows, of_rows);
                add_products::<S, T>(simd, d_o, v, width, place(&mut *d_s));
            }
            let o = self.of(attention.output, from, queries);
            softmax_gradient(count, t, d_o, o, p, d_s);
            in_panels(p, t, width, p_panels);
            in_panels(d_s, t, width, d_s_panels);
            let scores = Rows {
                numbers: d_s,
                first: 0,
                apart: t,
                len: t,
                count: queries,
            };
            for panel in 0..c / width {
                let place = Place {
                    numbers: &mut *d_q,
                    first: from * c + panel * width,
                    apart: c,
                };
                let k = part(k_columns, panel * t * width, t * width);
                add_products::<S, T>(simd, scores, k, width, place);
            }
            // A panel of positions at a time, so that few rows per head leave no column unused.
            let by_row = |numbers| Rows {
                numbers,
                first: 0,
                apart: QUERIES,
                len: QUERIES,
                count: attention.rows(),
            };
            for panel in 0..t / width {
                let place = |numbers| Place {
                    numbers,
                    first: panel * width,
                    apart: t,
                };
                let block = panel * QUERIES * width;
                let scores = part(d_s_panels, block, QUERIES * width);
                add_products::<S, T>(simd, by_row(&*q_block), scores, width, place(&mut *d_k));
                let scores = part(p_panels, block, QUERIES * width);
                add_products::<S, T>(simd, by_row(&*o_block), scores, width, place(&mut *d_v));
            }
            from += queries;
        }
    }
}

/// From Q Kᵀ and ∂O Vᵀ to P and s·∂S; rows behind the last query and columns behind the last
/// position become 0.
#[inline(always)]
fn softmax_gradient(
    count: usize,
    positions: usize,
    d_o: Rows<'_>,
    o: Rows<'_>,
    p: &mut [f32],
    d_s: &mut [f32],
) {
    let scale = attention_scale(d_o.len) as f32;
    let rows = p
        .chunks_exact_mut(positions)
        .zip(d_s.chunks_exact_mut(positions));
    for (at, (p, d_s)) in rows.enumerate() {
        if at >= d_o.count {
            p.fill(0.0);
            d_s.fill(0.0);
            continue;
        }
        let (p, behind) = p.split_at_mut(count);
        behind.fill(0.0);
        let mut largest = f32::NEG_INFINITY;
        let (_, sum) = fold(p, scale, &mut largest, 0.0);
        let d_o = part(d_o.numbers, d_o.first + at * d_o.apart, d_o.len);
        let o = part(o.numbers, o.first + at * o.apart, o.len);
        let mut mean = 0.0;
        for (a, b) in d_o.iter().zip(o) {
            mean += a * b;
        }
        let inverse = 1.0 / sum;
        let (d_s, behind) = d_s.split_at_mut(count);
        behind.fill(0.0);
        for (p, d) in p.iter_mut().zip(d_s) {
            *p *= inverse;
            *d = scale * *p * (*d - mean);
        }
    }
}
