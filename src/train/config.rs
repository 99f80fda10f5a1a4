//! The options of a training run.

use std::vec;
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::grad::Recompute;
use super::optimizer::AdamW;
use crate::diffusion::Objective;

/// All that a run follows from beside its network, its diffusion and its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Examples of a step.
    pub batch: usize,
    /// Examples that run at once, where the whole batch does not fit; divides the batch.
    pub microbatch: usize,
    /// How the gradients of microbatches are put together.
    pub rule: MicrobatchRule,
    /// The learning rate.
    pub lr: f64,
    /// Steps over which the learning rate rises from near 0.
    pub warm_up: u64,
    /// The step at which the learning rate has fallen to 0 in a straight line; 0 for never.
    pub anneal: u64,
    /// The optimiser.
    pub adamw: AdamW,
    /// The largest norm of a gradient; 0 for any.
    pub clip: f64,
    /// The rates of the moving averages.
    pub ema_rates: Vec<f64>,
    /// Whether averages begin with a low rate, so that they forget the first weights; see
    /// [`Update::ema_rate`](super::Update::ema_rate). The public implementation has no such thing.
    pub ema_warm_up: bool,
    /// The loss.
    pub objective: Objective,
    /// γ of min-SNR weights of the squared error (Hang et al. 2023); 0 for none.
    pub min_snr: f64,
    /// Which t an example gets.
    pub timesteps: TimestepLaw,
    /// The rate of dropout.
    pub dropout: f64,
    /// Whether an image is mirrored with probability ½.
    pub flip: bool,
    /// Whether the network runs with weights rounded to f16, with a loss scale.
    pub half: bool,
    /// What is made again in the backward pass rather than kept.
    pub recompute: Recompute,
    /// What all randomness follows from.
    pub seed: u64,
}

/// How the gradients of microbatches are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MicrobatchRule {
    /// The gradient of the mean over the whole batch: cutting it up changes nothing.
    #[default]
    Mean,
    /// The sum of each microbatch's mean: the public implementation's, whose gradients grow with the
    /// number of microbatches.
    Sum,
}

/// Which t an example gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepLaw {
    /// Each as likely.
    #[default]
    Uniform,
    /// By the losses seen of it (paper §3.3): made for the objectives that are the bound alone, whose losses
    /// differ most.
    LossSecondMoment,
}

impl Default for TrainConfig {
    /// For new users: L_hybrid, batch 16, AdamW at 3e-4 after 200 steps of warm-up, gradients clipped
    /// at 1, averages at 0.999 that forget the first weights.
    fn default() -> Self {
        Self {
            batch: 16,
            microbatch: 16,
            rule: MicrobatchRule::Mean,
            lr: 3e-4,
            warm_up: 200,
            anneal: 0,
            adamw: AdamW::default(),
            clip: 1.0,
            ema_rates: vec![0.999],
            ema_warm_up: true,
            objective: Objective::RescaledMse,
            min_snr: 0.0,
            timesteps: TimestepLaw::Uniform,
            dropout: 0.0,
            flip: false,
            half: false,
            recompute: Recompute::Nothing,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// The public implementation's recipe: AdamW at 1e-4, no warm-up, no clipping, one average at
    /// 0.9999, microbatches summed.
    pub fn published() -> Self {
        Self {
            rule: MicrobatchRule::Sum,
            lr: 1e-4,
            warm_up: 0,
            clip: 0.0,
            ema_rates: vec![0.9999],
            ema_warm_up: false,
            ..Self::default()
        }
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`TrainError::Option`], with the first that is wrong.
    pub fn validate(&self) -> Result<(), TrainError> {
        let check = |name, value: f64, right: bool, must| {
            if right {
                return Ok(());
            }
            Err(TrainError::Option { name, value, must })
        };
        // Executors compute in f32: what it cannot hold is none of these.
        let above_zero = |value: f64| value as f32 > 0.0 && (value as f32).is_finite();
        let positive = "finite and above 0 in f32";
        let from_zero = "finite and not below 0";
        let right = |value: f64| value >= 0.0 && (value as f32).is_finite();
        check("batch", self.batch as f64, self.batch > 0, "at least 1")?;
        check(
            "microbatch",
            self.microbatch as f64,
            self.microbatch > 0 && self.batch.is_multiple_of(self.microbatch),
            "a divisor of the batch",
        )?;
        check("lr", self.lr, above_zero(self.lr), positive)?;
        let AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.adamw;
        for (name, beta) in [("beta1", beta1), ("beta2", beta2)] {
            let inside = beta >= 0.0 && (beta as f32) < 1.0;
            check(name, beta, inside, "within [0, 1) in f32")?;
        }
        check("epsilon", epsilon, above_zero(epsilon), positive)?;
        check("weight_decay", weight_decay, right(weight_decay), from_zero)?;
        check("clip", self.clip, right(self.clip), from_zero)?;
        check("min_snr", self.min_snr, right(self.min_snr), from_zero)?;
        let squared = !matches!(self.objective, Objective::Kl | Objective::RescaledKl);
        check(
            "min_snr",
            self.min_snr,
            self.min_snr == 0.0 || squared,
            "0 for an objective without a squared error",
        )?;
        for &rate in &self.ema_rates {
            let inside = above_zero(rate) && (rate as f32) < 1.0;
            check("ema_rate", rate, inside, "within (0, 1) in f32")?;
        }
        check(
            "dropout",
            self.dropout,
            (0.0..1.0).contains(&self.dropout),
            "within [0, 1)",
        )
    }

    /// The learning rate of a step, counted from 0: lr·min(1, (step+1)/warm_up)·(1 - step/anneal).
    ///
    /// ```
    /// use iddpm::train::TrainConfig;
    /// let config = TrainConfig { lr: 1e-4, warm_up: 0, anneal: 4, ..TrainConfig::default() };
    /// assert_eq!(config.lr_at(0), 1e-4);
    /// assert_eq!(config.lr_at(2), 5e-5);
    /// assert_eq!(config.lr_at(200), 0.0);
    /// ```
    pub fn lr_at(&self, step: u64) -> f64 {
        let risen = match self.warm_up {
            0 => 1.0,
            steps => ((step as f64 + 1.0) / steps as f64).min(1.0),
        };
        let left = match self.anneal {
            0 => 1.0,
            steps => (1.0 - step as f64 / steps as f64).max(0.0),
        };
        self.lr * left * risen
    }
}
