//! The coefficients of one step: forward process, posterior, and the model's variance.

use super::error::{Error, Slice};
use super::linear::{Linear, check_finite, check_length};
use super::math::{exp, ln, sqrt};
use super::names::plain_names;
use super::schedule::Level;

/// Every number the paper derives from β at one step of a process, in f64.
///
/// ᾱ_prev and ᾱ_next belong to the neighbouring *kept* steps: 1 before the first, 0 after the last.
/// At a last step with ᾱ = 0 (zero terminal SNR) the two reciprocal roots are infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Coefficients {
    /// The index of the step in the process, 0 the least noisy.
    pub index: usize,
    /// The variance β of the noise that the step adds.
    pub beta: f64,
    /// The product ᾱ of 1 - β up to this step, the share of x_0 in the variance of x_t.
    pub alpha_bar: f64,
    /// The ᾱ of the step before, 1 at index 0.
    pub alpha_bar_prev: f64,
    /// The ᾱ of the step after, 0 at the last index.
    pub alpha_bar_next: f64,
    /// The weight of x_0 in x_t: √ᾱ.
    pub sqrt_alpha_bar: f64,
    /// The weight of ε in x_t: √(1-ᾱ).
    pub sqrt_one_minus_alpha_bar: f64,
    /// The log variance of q(x_t | x_0): ln(1-ᾱ).
    pub log_one_minus_alpha_bar: f64,
    /// The weight of x_t where x_0 is made of x_t and ε: √(1/ᾱ).
    pub sqrt_recip_alpha_bar: f64,
    /// The weight of -ε where x_0 is made of x_t and ε: √(1/ᾱ - 1).
    pub sqrt_recip_m1_alpha_bar: f64,
    /// The posterior variance, that of q(x_{t-1} | x_t, x_0): β̃ = β (1-ᾱ_prev)/(1-ᾱ); 0 at index 0.
    pub posterior_variance: f64,
    /// The log of the posterior variance, ln β̃, where index 0 borrows the value of index 1; -∞ in a
    /// process of one step.
    pub posterior_log_variance_clipped: f64,
    /// The weight of x_0 in the posterior mean: β √ᾱ_prev / (1-ᾱ).
    pub posterior_mean_coef1: f64,
    /// The weight of x_t in the posterior mean: (1-ᾱ_prev) √(1-β) / (1-ᾱ).
    pub posterior_mean_coef2: f64,
}

impl Coefficients {
    /// The coefficients at `index`, `None` beyond the table.
    pub(crate) fn of(levels: &[Level], index: usize) -> Option<Self> {
        let Level {
            beta, alpha_bar, ..
        } = *levels.get(index)?;
        let alpha_bar_prev = alpha_bar_before(levels, index);
        let one_minus = 1.0 - alpha_bar;
        let posterior_variance = posterior_variance(levels, index)?;
        let clipped = match index {
            // A single step has no other's.
            0 => self::posterior_variance(levels, 1).unwrap_or(posterior_variance),
            _ => posterior_variance,
        };
        Some(Self {
            index,
            beta,
            alpha_bar,
            alpha_bar_prev,
            alpha_bar_next: levels.get(index + 1).map_or(0.0, |next| next.alpha_bar),
            sqrt_alpha_bar: sqrt(alpha_bar),
            sqrt_one_minus_alpha_bar: sqrt(one_minus),
            log_one_minus_alpha_bar: ln(one_minus),
            sqrt_recip_alpha_bar: sqrt(1.0 / alpha_bar),
            sqrt_recip_m1_alpha_bar: sqrt(1.0 / alpha_bar - 1.0),
            posterior_variance,
            posterior_log_variance_clipped: ln(clipped),
            posterior_mean_coef1: beta * sqrt(alpha_bar_prev) / one_minus,
            posterior_mean_coef2: (1.0 - alpha_bar_prev) * sqrt(1.0 - beta) / one_minus,
        })
    }

    /// Draws from q(x_t | x_0): fills x_t = √ᾱ x_0 + √(1-ᾱ) ε, with ε the noise given.
    ///
    /// # Errors
    /// [`Error::Length`] where the three slices are not of one length; [`Error::NotFinite`] where x_t
    /// is not, naming x_0 or the noise if that was not finite there.
    pub fn diffuse(&self, x_start: &[f32], noise: &[f32], x_t: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Noise, noise.len(), x_start.len())?;
        check_length(Slice::X, x_t.len(), x_start.len())?;
        self.q_sample().fill_unchecked(x_start, noise, x_t)?;
        let causes = [(Slice::XStart, x_start), (Slice::Noise, noise)];
        check_finite(Slice::X, x_t, &causes)
    }

    /// The forward process x_t = √ᾱ x_0 + √(1-ᾱ) ε, as a map of (x_0, ε): see [`diffuse`](Self::diffuse).
    pub const fn q_sample(&self) -> Linear {
        Linear {
            x: self.sqrt_alpha_bar,
            value: self.sqrt_one_minus_alpha_bar,
        }
    }

    /// The posterior mean, that of q(x_{t-1} | x_t, x_0): μ̃ = c1 x_0 + c2 x_t, as a map of (x_t, x_0).
    pub const fn posterior_mean(&self) -> Linear {
        Linear {
            x: self.posterior_mean_coef2,
            value: self.posterior_mean_coef1,
        }
    }

    /// Returns the smallest error variance an ancestral step can have, given what the network's ε amounts
    /// to on data (Analytic-DPM, Bao et al. 2022, theorem 1 in this parametrisation).
    ///
    /// `epsilon_mean_square` is E‖ε_θ(x_t, t)‖²/D, measured on data; it is cut at 1, where the
    /// result is β̃:
    ///
    /// σ² = β̃ + (√((1-ᾱ)/α) - √(1-ᾱ_prev-β̃))² (1 - min(E‖ε_θ‖²/D, 1))
    ///
    /// # Errors
    /// [`Error::MeanSquareOutOfRange`]; [`Error::ZeroTerminalSnr`], as ε says nothing of the data
    /// where ᾱ = 0.
    pub fn optimal_variance(&self, epsilon_mean_square: f64) -> Result<f64, Error> {
        let (index, value) = (self.index, epsilon_mean_square);
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Error::MeanSquareOutOfRange { index, value });
        }
        if self.alpha_bar == 0.0 {
            return Err(Error::ZeroTerminalSnr { index });
        }
        let alpha = 1.0 - self.beta;
        let tilde = self.posterior_variance;
        let carried = sqrt((1.0 - self.alpha_bar_prev - tilde).max(0.0));
        let root = sqrt((1.0 - self.alpha_bar) / alpha) - carried;
        Ok(tilde + root * root * (1.0 - value.min(1.0)))
    }
}

fn alpha_bar_before(levels: &[Level], index: usize) -> f64 {
    index
        .checked_sub(1)
        .and_then(|before| levels.get(before))
        .map_or(1.0, |before| before.alpha_bar)
}

fn posterior_variance(levels: &[Level], index: usize) -> Option<f64> {
    let level = levels.get(index)?;
    Some(level.beta * (1.0 - alpha_bar_before(levels, index)) / (1.0 - level.alpha_bar))
}

/// The choice of the variance of p(x_{t-1} | x_t) (paper §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Variance {
    /// The fixed variance β̃, right for data that is a single point.
    FixedSmall,
    /// The fixed variance β, right for data that is white noise; its first entry is β̃ of the second step.
    FixedLarge,
    /// The learned variance whose log Σ is the network's second half of channels itself.
    Learned,
    /// The learned variance between β̃ and β: with v the network's second half of channels and frac =
    /// (v+1)/2, not clamped, log Σ = frac·ln β + (1-frac)·ln β̃ (paper, eq. 15).
    LearnedRange,
}

plain_names! {
    "variance", Variance[4]:
    FixedSmall = "fixed_small", FixedLarge = "fixed_large",
    Learned = "learned", LearnedRange = "learned_range"
}

impl Variance {
    /// Whether the network returns a second half of channels.
    pub const fn is_learned(self) -> bool {
        matches!(self, Self::Learned | Self::LearnedRange)
    }

    /// Returns the rule for log Σ at one step.
    pub fn at(self, coefficients: &Coefficients) -> LogVariance {
        let log_small = coefficients.posterior_log_variance_clipped;
        match self {
            Self::FixedSmall => LogVariance::Fixed(log_small),
            Self::FixedLarge if coefficients.index == 0 => LogVariance::Fixed(log_small),
            Self::FixedLarge => LogVariance::Fixed(ln(coefficients.beta)),
            Self::Learned => LogVariance::Learned,
            Self::LearnedRange => LogVariance::LearnedRange {
                min: log_small,
                max: ln(coefficients.beta),
            },
        }
    }
}

/// The rule that gives log Σ of one step, once the network's variance channels are known.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LogVariance {
    /// A fixed log Σ, the same for every element.
    Fixed(f64),
    /// A learned log Σ: the variance channel itself.
    Learned,
    /// A learned log Σ, interpolated by the variance channel v: v = -1 gives `min`, v = 1 gives `max`.
    LearnedRange {
        /// The least log variance: ln β̃, clipped at index 0.
        min: f64,
        /// The largest log variance: ln β.
        max: f64,
    },
}

impl LogVariance {
    /// Returns log Σ of an element whose variance channel is `channel` (ignored where fixed).
    ///
    /// ```
    /// use iddpm::diffusion::LogVariance;
    /// let range = LogVariance::LearnedRange { min: -8.0, max: -4.0 };
    /// assert_eq!(range.log(-1.0), -8.0);
    /// assert_eq!(range.log(0.0), -6.0);
    /// ```
    pub fn log(self, channel: f64) -> f64 {
        match self {
            Self::Fixed(log) => log,
            Self::Learned => channel,
            Self::LearnedRange { min, max } => {
                let fraction = (channel + 1.0) / 2.0;
                fraction * max + (1.0 - fraction) * min
            }
        }
    }

    /// Returns the line that log Σ is in the variance channel: its value at 0, and its slope.
    pub(crate) const fn line(self) -> [f64; 2] {
        match self {
            Self::Fixed(log) => [log, 0.0],
            Self::Learned => [0.0, 1.0],
            Self::LearnedRange { min, max } => [0.5 * (min + max), 0.5 * (max - min)],
        }
    }

    /// Returns the standard deviation σ = exp(½ log Σ) of an element whose variance channel is `channel`.
    pub fn sigma(self, channel: f64) -> f64 {
        exp(0.5 * self.log(channel))
    }
}
