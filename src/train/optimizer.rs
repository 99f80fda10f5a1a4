//! AdamW and the moving averages: flat passes over slices that are laid out as the weights are.
//!
//! Elements are independent, so the bits do not depend on how the work is spread.

use rayon::prelude::*;

use crate::optimizer::{AverageRate, OptimizerNumbers};

/// Elements of a piece of work; also what the gradient's squares are summed up by.
const PIECE: usize = 1 << 14;

/// The optimiser AdamW (Loshchilov & Hutter 2019) as the public implementation runs it.
///
/// ```text
/// w ← w·(1 - lr·weight_decay)
/// m ← β1·m + (1-β1)·g        v ← β2·v + (1-β2)·g²
/// w ← w - lr/(1-β1^t) · m/(√v/√(1-β2^t) + ε)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamW {
    /// The rate β1 of the first moment.
    pub beta1: f64,
    /// The rate β2 of the second moment.
    pub beta2: f64,
    /// The summand ε that keeps the denominator from 0.
    pub epsilon: f64,
    /// The share of a weight that goes away per unit of learning rate.
    pub weight_decay: f64,
}

impl Default for AdamW {
    /// 0.9, 0.999, 1e-8, no decay.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// The numbers of one optimiser step.
///
/// ```
/// use iddpm::train::{AdamW, OptimizerStep};
/// let update = OptimizerStep {
///     adamw: AdamW::default(),
///     lr: 0.1,
///     step: 1,
///     unscale: 1.0,
///     clip: None,
///     ema_warm_up: false,
/// };
/// let (mut weights, mut first, mut second) = ([1.0], [0.0], [0.0]);
/// update.apply(2.0, &[2.0], &mut weights, &mut first, &mut second);
/// // The first step has the length of the learning rate, whatever the gradient's.
/// assert!((weights[0] - 0.9_f32).abs() < 1e-6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimizerStep {
    /// The optimiser that takes the step.
    pub adamw: AdamW,
    /// The learning rate of this step.
    pub lr: f64,
    /// The number of the step, from 1 on: the t of the bias corrections.
    pub step: u64,
    /// The factor that the gradients are multiplied by first: one over the loss scale.
    pub unscale: f64,
    /// The largest norm the gradient may have; it is scaled down to that.
    pub clip: Option<f64>,
    /// Whether averages begin with a low rate, see [`ema_rate`](Self::ema_rate).
    pub ema_warm_up: bool,
}

/// What an optimiser step found: the norm of the gradient, and whether the step was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// The norm of the gradient, not scaled, before clipping; NaN or infinite where it was not finite.
    pub grad_norm: f64,
    /// Whether the step was taken: not where the gradient was not finite.
    pub taken: bool,
}

impl OptimizerStep {
    /// Returns the rate of a moving average at this step: min(rate, t/(9+t)) where averages begin with a
    /// low one.
    pub fn ema_rate(&self, rate: f64) -> f64 {
        if !self.ema_warm_up {
            return rate;
        }
        rate.min(self.step as f64 / (9.0 + self.step as f64))
    }

    /// Returns the step's numbers in f32.
    pub fn numbers(&self) -> OptimizerNumbers {
        let AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.adamw;
        let correction = |beta: f64| 1.0 - beta.powf(self.step as f64);
        OptimizerNumbers {
            unscale: self.unscale as f32,
            clip: self.clip.map_or(f32::MAX, |most| most as f32),
            decay: (1.0 - self.lr * weight_decay) as f32,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rest1: (1.0 - beta1) as f32,
            rest2: (1.0 - beta2) as f32,
            step_size: (self.lr / correction(beta1)) as f32,
            root_correction: correction(beta2).sqrt() as f32,
            epsilon: epsilon as f32,
        }
    }

    /// What a gradient of this norm (not scaled) is multiplied by: it is unscaled, and clipped.
    fn gradient_factor(&self, grad_norm: f64) -> f32 {
        let clipped = match self.clip {
            Some(most) if grad_norm > most => most / grad_norm,
            _ => 1.0,
        };
        (self.unscale * clipped) as f32
    }
}

/// The norm of a gradient times a factor; squares are summed in f64 and in one order.
pub(crate) fn norm(gradients: &[f32], factor: f64) -> f64 {
    let square = |piece: &[f32]| -> f64 {
        let squares = piece.iter().map(|&g| f64::from(g) * f64::from(g));
        squares.sum()
    };
    let sums: std::vec::Vec<f64> = gradients.par_chunks(PIECE).map(square).collect();
    sums.iter().sum::<f64>().sqrt() * factor
}

impl OptimizerStep {
    /// Takes the step for weights and moments of one length, with a gradient whose norm, not scaled, is
    /// `grad_norm`; what lies behind the shortest slice stays as it is.
    pub fn apply(
        &self,
        grad_norm: f64,
        gradients: &[f32],
        weights: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let factor = self.gradient_factor(grad_norm);
        step(&self.numbers(), factor, gradients, weights, first, second);
    }
}

fn step(
    numbers: &OptimizerNumbers,
    factor: f32,
    gradients: &[f32],
    weights: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let pieces = weights
        .par_chunks_mut(PIECE)
        .zip(first.par_chunks_mut(PIECE))
        .zip(second.par_chunks_mut(PIECE))
        .zip(gradients.par_chunks(PIECE));
    pieces.for_each(|(((weights, first), second), gradients)| {
        let moments = first.iter_mut().zip(second);
        for ((w, (m, v)), g) in weights.iter_mut().zip(moments).zip(gradients) {
            let g = g * factor;
            *m = numbers.beta1 * *m + numbers.rest1 * g;
            *v = numbers.beta2 * *v + numbers.rest2 * g * g;
            let root = v.sqrt() / numbers.root_correction + numbers.epsilon;
            *w = *w * numbers.decay - numbers.step_size * *m / root;
        }
    });
}

/// Updates a moving average of the weights: ema ← rate·ema + (1-rate)·w, without a warm-up or a correction
/// of the bias.
///
/// ```
/// let mut ema = [0.0];
/// iddpm::train::average(0.75, &[1.0], &mut ema);
/// assert_eq!(ema, [0.25]);
/// ```
pub fn average(rate: f64, weights: &[f32], ema: &mut [f32]) {
    let AverageRate { rate, rest } = AverageRate::of(rate);
    let pieces = ema.par_chunks_mut(PIECE).zip(weights.par_chunks(PIECE));
    pieces.for_each(|(ema, weights)| {
        for (ema, w) in ema.iter_mut().zip(weights) {
            *ema = rate * *ema + rest * w;
        }
    });
}

/// sum ← sum + more.
pub(crate) fn add(sum: &mut [f32], more: &[f32]) {
    let pieces = sum.par_chunks_mut(PIECE).zip(more.par_chunks(PIECE));
    pieces.for_each(|(sum, more)| {
        for (sum, more) in sum.iter_mut().zip(more) {
            *sum += more;
        }
    });
}
