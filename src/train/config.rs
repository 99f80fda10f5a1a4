//! The options of a training run.

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::error::TrainError;
use super::grad::Recompute;
use super::optimizer::AdamW;
use crate::diffusion::Objective;
use crate::text::Number;
use crate::unet::LEAST_DROPOUT;

/// The options of a training run: all that it follows from beside its network, its diffusion and its data.
///
/// ```
/// use iddpm::train::TrainConfig;
/// let config = TrainConfig {
///     batch: 64,
///     microbatch: 16,
///     ema_rates: vec![0.999, 0.9999],
///     ..TrainConfig::default()
/// };
/// config.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The number of examples in a step.
    pub batch: usize,
    /// The number of examples that run at once, where the whole batch does not fit; divides the batch.
    pub microbatch: usize,
    /// The rule by which the gradients of microbatches are put together.
    pub rule: MicrobatchRule,
    /// The learning rate.
    pub lr: f64,
    /// The number of steps over which the learning rate rises from near 0.
    pub warm_up: u64,
    /// The step at which the learning rate has fallen to 0; 0 for never.
    pub anneal: u64,
    /// The curve on which it falls.
    // Not written where it is the line that was all there was, so that runs from then are known again.
    #[serde(default, skip_serializing_if = "Annealing::is_linear")]
    pub annealing: Annealing,
    /// The optimiser and its options.
    pub adamw: AdamW,
    /// The largest norm of a gradient, to which larger ones are scaled down; 0 for no such bound.
    pub clip: f64,
    /// The rates of the moving averages.
    pub ema_rates: Vec<f64>,
    /// Whether averages begin with a low rate, so that they forget the first weights; see
    /// [`OptimizerStep::ema_rate`](super::OptimizerStep::ema_rate). The public implementation has no such thing.
    pub ema_warm_up: bool,
    /// The training objective: which loss is minimised.
    pub objective: Objective,
    /// The constant γ of min-SNR weights of the squared error (Hang et al. 2023); 0 for none.
    pub min_snr: f64,
    /// The law by which each example gets its timestep t.
    pub timesteps: TimestepLaw,
    /// The rate of dropout.
    pub dropout: f64,
    /// The probability that an example is trained without its class, as classifier-free guidance asks for (Ho &
    /// Salimans 2022): its label is the network's null class then. 0 for never.
    // Not written where it is 0, so that runs from before there was one are known again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub drop_labels: f64,
    /// Whether an image is mirrored with probability ½.
    pub flip: bool,
    /// Whether the network runs with weights rounded to f16, with a loss scale.
    pub half: bool,
    /// The results that are made again in the backward pass rather than kept.
    pub recompute: Recompute,
    /// The fingerprint of the teacher that a student learns from ([`Distilling`](super::Distilling)); `None` for a network
    /// that learns from images.
    // Not written where there is none, so that runs from before there were teachers are known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<Digest>,
    /// The seed that all randomness of the run follows from.
    pub seed: u64,
}

/// The rule by which the gradients of microbatches are put together.
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

/// The curve on which the learning rate falls to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Annealing {
    /// The straight line.
    #[default]
    Linear,
    /// Half a wave of the cosine (Loshchilov & Hutter 2017, without restarts): slow at both ends.
    Cosine,
}

impl Annealing {
    /// The share that is left of the learning rate where a share of the way is done.
    fn left(self, done: f64) -> f64 {
        match self {
            _ if done >= 1.0 => 0.0,
            Self::Linear => 1.0 - done,
            Self::Cosine => 0.5 * (1.0 + libm::cos(core::f64::consts::PI * done)),
        }
    }

    /// As serde asks.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

/// The law by which each example gets its timestep t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepLaw {
    /// The uniform law: each t as likely as any other.
    #[default]
    Uniform,
    /// Importance sampling by the losses seen of each t (paper §3.3): made for the objectives that are the
    /// bound alone, whose losses differ most.
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
            annealing: Annealing::Linear,
            adamw: AdamW::default(),
            clip: 1.0,
            ema_rates: vec![0.999],
            ema_warm_up: true,
            objective: Objective::RescaledMse,
            min_snr: 0.0,
            timesteps: TimestepLaw::Uniform,
            dropout: 0.0,
            drop_labels: 0.0,
            flip: false,
            half: false,
            recompute: Recompute::Nothing,
            teacher: None,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// The options of the public implementation's recipe: AdamW at 1e-4, no warm-up, no clipping, one
    /// average at 0.9999, microbatches summed.
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

    /// Checks every option of the run.
    ///
    /// # Errors
    /// [`TrainError::Option`], with the first that is wrong.
    pub fn validate(&self) -> Result<(), TrainError> {
        let divides = self.microbatch > 0 && self.batch.is_multiple_of(self.microbatch);
        check("batch", self.batch, self.batch > 0, "at least 1")?;
        check(
            "microbatch",
            self.microbatch,
            divides,
            "a divisor of the batch",
        )?;
        // Executors compute in f32: what it cannot hold is none of these.
        let above_zero = |value: f64| value as f32 > 0.0 && (value as f32).is_finite();
        let from_zero = |value: f64| value >= 0.0 && (value as f32).is_finite();
        let below_one = |value: f64| value >= 0.0 && (value as f32) < 1.0;
        let AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = self.adamw;
        for (name, value) in [("lr", self.lr), ("adamw.epsilon", epsilon)] {
            check(
                name,
                Number(value),
                above_zero(value),
                "finite and above 0 in f32",
            )?;
        }
        for (name, value) in [("adamw.beta1", beta1), ("adamw.beta2", beta2)] {
            check(
                name,
                Number(value),
                below_one(value),
                "within [0, 1) in f32",
            )?;
        }
        for (name, value) in [
            ("adamw.weight_decay", weight_decay),
            ("clip", self.clip),
            ("min_snr", self.min_snr),
        ] {
            check(
                name,
                Number(value),
                from_zero(value),
                "finite and not below 0",
            )?;
        }
        let squared = !matches!(self.objective, Objective::Kl | Objective::RescaledKl);
        let alone = self.teacher.is_none() || self.objective == Objective::Mse;
        check(
            "objective",
            self.objective,
            alone,
            "mse for a student, which learns a teacher's steps and no variance",
        )?;
        let weighted = "0 for an objective without a squared error";
        check(
            "min_snr",
            Number(self.min_snr),
            self.min_snr == 0.0 || squared,
            weighted,
        )?;
        for (at, &rate) in self.ema_rates.iter().enumerate() {
            let inside = above_zero(rate) && below_one(rate);
            check("ema_rates", Number(rate), inside, "within (0, 1) in f32")?;
            // Each has a file that is called by its rate.
            let before = self.ema_rates.iter().take(at);
            let other = !before.into_iter().any(|&before| before == rate);
            check("ema_rates", Number(rate), other, "given once")?;
        }
        let inside = self.dropout == 0.0 || (LEAST_DROPOUT..1.0).contains(&self.dropout);
        check(
            "dropout",
            Number(self.dropout),
            inside,
            "0 or within [2^-32, 1)",
        )?;
        let inside = (0.0..1.0).contains(&self.drop_labels);
        check(
            "drop_labels",
            Number(self.drop_labels),
            inside,
            "within [0, 1)",
        )
    }

    /// The learning rate of a step, counted from 0: lr·min(1, (step+1)/warm_up), and of that what
    /// [`annealing`](Self::annealing) leaves: 1 - step/anneal, or (1 + cos(π·step/anneal))/2.
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
            steps => self.annealing.left(step as f64 / steps as f64),
        };
        self.lr * left * risen
    }

    /// Refuses a step, counted from 0, at which the learning rate has fallen to 0: nothing would be learnt of it.
    pub(crate) const fn check_not_annealed(&self, step: u64) -> Result<(), TrainError> {
        let anneal = self.anneal;
        match anneal > 0 && step >= anneal {
            true => Err(TrainError::Annealed { anneal }),
            false => Ok(()),
        }
    }

    /// These options with the learning rates of others: all that may change where a run goes on.
    pub(super) fn with_rates_of(&self, other: &Self) -> Self {
        Self {
            lr: other.lr,
            warm_up: other.warm_up,
            anneal: other.anneal,
            annealing: other.annealing,
            ..self.clone()
        }
    }
}

/// As serde asks.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// Refuses an option that is not right.
pub(super) fn check(
    name: &'static str,
    value: impl ToString,
    right: bool,
    must: &'static str,
) -> Result<(), TrainError> {
    match right {
        true => Ok(()),
        false => Err(TrainError::Option {
            name,
            value: value.to_string(),
            must,
        }),
    }
}
