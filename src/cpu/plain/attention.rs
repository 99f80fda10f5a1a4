//! Self-attention and its gradient.
//!
//! out\[h·c + i, t\] = Σ_s p\[t, s\]·v\[h·3c + 2c + i, s\], p\[t, ·\] = softmax_s(Σ_i q\[i, t\]·k\[i, s\]/√c),
//! q, k and v of head h the rows from h·3c, h·3c + c and h·3c + 2c on. [N, 3C, T] to [N, C, T].
//!
//! A softmax over s in one pass, without a row of scores: with the largest score so far at m,
//! each new score a adds e^{a - m}, and a new largest one scales what was summed before.
//!
//! With w = softmax(s), s = qᵀk/√c: ∂v_j = Σ_i w_ij·∂out_i, ∂s_ij = w_ij·(∂out_iᵀv_j - Σ_j w_ij·∂out_iᵀv_j),
//! ∂q_i = Σ_j ∂s_ij·k_j/√c and ∂k_j = Σ_i ∂s_ij·q_i/√c.

use super::{Real, number};
use crate::part::{part, parts, put};
use crate::unet::op::attention_scale;
use crate::unet::{Extents, Shape};

/// Columns of the result that are made at once.
const BLOCK: usize = 8;

/// The attention; `extents` are those of an image of the result.
pub(crate) fn forward<R: Real>(extents: Extents, heads: usize, qkv: &[R], output: &mut [R]) {
    let positions = extents.positions();
    let len = extents.channels / heads.max(1) * positions;
    for (output, qkv) in parts(output, len, qkv, 3 * len) {
        let (q, k, v) = (
            part(qkv, 0, len),
            part(qkv, len, len),
            part(qkv, 2 * len, len),
        );
        let scale = R::nearest(1.0) / R::nearest((len / positions.max(1)) as f64).root();
        output.fill(R::default());
        let blocks = positions - positions % BLOCK;
        for t in (0..blocks).step_by(BLOCK) {
            attend::<R, BLOCK>(positions, t, scale, [q, k, v], output);
        }
        for t in blocks..positions {
            attend::<R, 1>(positions, t, scale, [q, k, v], output);
        }
    }
}

/// B columns of a head's result, from column t on.
fn attend<R: Real, const B: usize>(
    positions: usize,
    t: usize,
    scale: R,
    [q, k, v]: [&[R]; 3],
    output: &mut [R],
) {
    let one = R::nearest(1.0);
    let (mut largest, mut sum) = ([R::nearest(f64::NEG_INFINITY); B], [R::default(); B]);
    for s in 0..positions {
        // What sums of numbers begin with.
        let mut scores = [-R::default(); B];
        let rows = q.chunks_exact(positions.max(1));
        for (q, k) in rows
            .filter_map(|q| q.get(t..)?.first_chunk())
            .zip(column(k, s, positions))
        {
            for (score, &q) in scores.iter_mut().zip::<&[R; B]>(q) {
                *score = *score + q * k;
            }
        }
        // What is kept of the sums so far, and what is added to them.
        let mut shares = [(one, one); B];
        let laws = shares.iter_mut().zip(&mut largest).zip(&mut sum);
        for (score, (((keep, weight), largest), sum)) in scores.into_iter().zip(laws) {
            let score = scale * score;
            if score > *largest {
                *keep = (*largest - score).exponential();
                *largest = score;
            } else {
                *weight = (score - *largest).exponential();
            }
            *sum = *sum * *keep + *weight;
        }
        for (out, v) in columns::<R, B>(output, positions, t).zip(column(v, s, positions)) {
            for (out, &(keep, weight)) in out.iter_mut().zip(&shares) {
                *out = *out * keep + weight * v;
            }
        }
    }
    for out in columns::<R, B>(output, positions, t) {
        for (out, &sum) in out.iter_mut().zip(&sum) {
            *out = *out / sum;
        }
    }
}

/// A column of rows.
fn column<R: Real>(rows: &[R], s: usize, positions: usize) -> impl Iterator<Item = R> {
    rows.iter().copied().skip(s).step_by(positions.max(1))
}

/// B columns of each row, from column t on.
fn columns<R, const B: usize>(
    rows: &mut [R],
    positions: usize,
    t: usize,
) -> impl Iterator<Item = &mut [R; B]> {
    let rows = rows.chunks_exact_mut(positions.max(1));
    rows.filter_map(move |row| row.get_mut(t..)?.first_chunk_mut())
}

/// The three parts of a head in \[N, 3C, H, W\], and what it made.
struct Head<'a, R> {
    qkv: &'a [R],
    grad: &'a [R],
    /// Rows of each of q, k and v.
    rows: usize,
    positions: usize,
}

impl<R: Real> Head<'_, R> {
    fn part(&self, which: usize, row: usize, at: usize) -> f64 {
        number(self.qkv, (which * self.rows + row) * self.positions + at)
    }

    fn d_out(&self, row: usize, at: usize) -> f64 {
        number(self.grad, row * self.positions + at)
    }

    fn dot(&self, term: impl Fn(usize) -> f64) -> f64 {
        (0..self.rows).map(term).sum()
    }

    fn score(&self, i: usize, j: usize) -> f64 {
        let product = self.dot(|row| self.part(0, row, i) * self.part(1, row, j));
        product / libm::sqrt(self.rows as f64)
    }

    fn d_weight(&self, i: usize, j: usize) -> f64 {
        self.dot(|row| self.d_out(row, i) * self.part(2, row, j))
    }

    fn run(&self, output: &mut [R]) {
        for out in &mut *output {
            *out = R::nearest(0.0);
        }
        let mut add = |which: usize, row: usize, at: usize, term: f64| {
            let place = (which * self.rows + row) * self.positions + at;
            let sum = number(output, place) + term;
            put(output, place, R::nearest(sum));
        };
        let scale = attention_scale(self.rows);
        for i in 0..self.positions {
            let scores = || (0..self.positions).map(|j| self.score(i, j));
            let most = scores().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores().map(|score| libm::exp(score - most)).sum();
            let weight = |j| libm::exp(self.score(i, j) - most) / total;
            let products = (0..self.positions).map(|j| weight(j) * self.d_weight(i, j));
            let mean: f64 = products.sum();
            for j in 0..self.positions {
                let weight = weight(j);
                let d_score = scale * weight * (self.d_weight(i, j) - mean);
                for row in 0..self.rows {
                    add(0, row, i, d_score * self.part(1, row, j));
                    add(1, row, j, d_score * self.part(0, row, i));
                    add(2, row, j, weight * self.d_out(row, i));
                }
            }
        }
    }
}

/// The gradient with respect to q, k and v; `made` is their shape.
pub(crate) fn gradient<R: Real>(
    made: Shape,
    heads: usize,
    qkv: &[R],
    grad: &[R],
    output: &mut [R],
) {
    let positions = made.positions();
    let rows = made.channels / 3 / heads.max(1);
    let len = rows * positions;
    let of_qkv = parts(output, 3 * len, qkv, 3 * len);
    for ((output, qkv), grad) in of_qkv.zip(grad.chunks_exact(len.max(1))) {
        let head = Head {
            qkv,
            grad,
            rows,
            positions,
        };
        head.run(output);
    }
}
