//! The gradient of self-attention.
//!
//! With w = softmax(s), s = qᵀk/√c: ∂v_j = Σ_i w_ij·∂out_i, ∂s_ij = w_ij·(∂out_iᵀv_j - Σ_j w_ij·∂out_iᵀv_j),
//! ∂q_i = Σ_j ∂s_ij·k_j/√c and ∂k_j = Σ_i ∂s_ij·q_i/√c.

use super::{Real, number};
use crate::unet::Shape;

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
            if let Some(out) = output.get_mut(place) {
                *out = R::nearest(out.exact() + term);
            }
        };
        let scale = 1.0 / libm::sqrt(self.rows as f64);
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
pub(crate) fn run<R: Real>(made: Shape, heads: usize, qkv: &[R], grad: &[R], output: &mut [R]) {
    let positions = made.positions();
    let rows = made.channels / 3 / heads.max(1);
    let len = rows * positions;
    let heads = qkv.chunks_exact(3 * len).zip(grad.chunks_exact(len));
    for (output, (qkv, grad)) in output.chunks_exact_mut(3 * len).zip(heads) {
        let head = Head {
            qkv,
            grad,
            rows,
            positions,
        };
        head.run(output);
    }
}
