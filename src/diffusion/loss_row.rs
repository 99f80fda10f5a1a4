//! The loss of one image at one step as numbers: what a kernel needs for its value and gradient.
//!
//! Everything an element contributes follows from e = target - output, since the difference of the
//! two means is a multiple of it: μ̃ - μ = gain·e. At index 0 the posterior mean is x_0 itself, so
//! that gain·e is also what the decoder's likelihood is centred on.

use super::bound::Bound;
use super::error::Error;
use super::loss::Objective;
use super::prediction::Prediction;
use super::process::Process;
use super::schedule::Level;

/// A field of a row, as a kernel reads it.
trait Field: Copy {
    fn word(self) -> f32;
    fn of(word: f32) -> Self;
}

impl Field for f64 {
    fn word(self) -> f32 {
        self as f32
    }

    fn of(word: f32) -> Self {
        word.into()
    }
}

impl Field for bool {
    fn word(self) -> f32 {
        u8::from(self).into()
    }

    fn of(word: f32) -> Self {
        word != 0.0
    }
}

/// The fields of a row, as the processor reads them and, in the same order, as the words of a kernel.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name {
            $($(#[$about])* pub $field: $type,)*
        }

        impl $name {
            #[cfg(all(test, feature = "gpu"))]
            pub(crate) const FIELDS: &[&str] = &[$(stringify!($field)),*];

            /// Returns the row as f32 in the order of the fields, flags as 0 or 1, filled up with 0.
            pub fn words(&self) -> [f32; Self::LEN] {
                let mut words = [0.0; Self::LEN];
                let [$($field,)* ..] = &mut words;
                $(*$field = self.$field.word();)*
                words
            }

            /// Reads a row from what [`words`](Self::words) gave.
            pub fn from_words(words: &[f32; Self::LEN]) -> Self {
                let [$($field,)* ..] = *words;
                Self {
                    $($field: Field::of($field),)*
                }
            }
        }
    };
}

row! {
    /// The numbers of one image's loss:
    ///
    /// ```text
    /// x_t          = sqrt_alpha_bar·x_0 + sqrt_one_minus_alpha_bar·ε
    /// e            = target_x_start·x_0 + target_noise·ε + target_x·x_t - output
    /// log Σ        = log_variance + log_variance_slope·v         v the variance channel, where there is one
    /// bound        = KL(N(0, e^true_log_variance) ‖ N(gain·e, Σ)), or -log p(x_0) of the discretised
    ///                Gaussian, averaged over elements, in bits
    /// total        = mse_weight·mean(e²) + bound_weight·bound
    /// ```
    ///
    /// What is minimised is Σ_n weight_n·total_n.
    ///
    /// ```
    /// use iddpm::diffusion::{Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps};
    /// let model = Diffusion::new(Schedule::Cosine, 1000);
    /// let process = InlineProcess::<1000>::new(&model, Timesteps::ALL)?;
    /// let row = LossRow::of(&process, Objective::RescaledMse, 500)?;
    /// // ε is the target itself, and the bound's gradient stops at the mean.
    /// assert_eq!((row.target_noise, row.mean_learns), (1.0, false));
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    LossRow {
        /// The weight of x_0 in x_t: √ᾱ.
        sqrt_alpha_bar: f64,
        /// The weight of ε in x_t: √(1-ᾱ).
        sqrt_one_minus_alpha_bar: f64,
        /// The weight of x_0 in the target.
        target_x_start: f64,
        /// The weight of ε in the target.
        target_noise: f64,
        /// The weight of x_t in the target.
        target_x: f64,
        /// The error of the mean per error of the prediction: (μ̃ - μ)/e.
        gain: f64,
        /// The log variance of q(x_{t-1} | x_t, x_0), clipped.
        true_log_variance: f64,
        /// The model's log variance log Σ where v = 0, or its fixed one.
        log_variance: f64,
        /// The slope ∂ log Σ/∂v of the model's log variance in its channel v; 0 for a fixed variance.
        log_variance_slope: f64,
        /// Whether the bound's term is that of the decoder: at index 0.
        decoder: bool,
        /// The weight of the squared error in the loss.
        mse_weight: f64,
        /// The weight of the bound's term in the loss.
        bound_weight: f64,
        /// Whether the gradient of the bound flows into the mean.
        mean_learns: bool,
        /// The weight of the image's loss in what is minimised.
        weight: f64,
    }
}

/// The contribution of one element to the loss, before the mean over elements is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ElementLoss {
    /// The squared error e² of the element.
    pub square: f64,
    /// The bound's term of the element, in nats.
    pub nats: f64,
    /// The derivative ∂ total/∂ output with respect to the element of the prediction.
    pub d_output: f64,
    /// The derivative ∂ total/∂ v with respect to the element's variance channel.
    pub d_channel: f64,
}

impl LossRow {
    /// The number of f32 in a row as a kernel reads it; some are unused.
    pub const LEN: usize = 16;

    /// Returns the row of an objective at step `index`, of weight 1.
    ///
    /// # Errors
    /// [`Error::StepOutOfRange`], [`Error::ZeroTerminalSnr`], [`Error::SingleStep`].
    pub fn of<S: AsRef<[Level]>>(
        process: &Process<S>,
        objective: Objective,
        index: usize,
    ) -> Result<Self, Error> {
        let law = process.reverse_law(index)?;
        let step = &law.coefficients;
        let [target_x_start, target_noise, target_x] = process.prediction().target(step);
        let [log_variance, log_variance_slope] = law.log_variance.line();
        let factor = objective.bound_factor(process.len());
        let (mse_weight, bound_weight, mean_learns) = if objective.is_bound_alone() {
            (0.0, factor, true)
        } else if process.variance().is_learned() {
            (1.0, factor, false)
        } else {
            (1.0, 0.0, false)
        };
        Ok(Self {
            sqrt_alpha_bar: step.sqrt_alpha_bar,
            sqrt_one_minus_alpha_bar: step.sqrt_one_minus_alpha_bar,
            target_x_start,
            target_noise,
            target_x,
            gain: step.posterior_mean_coef1 * law.x_start.value,
            true_log_variance: step.posterior_log_variance_clipped,
            log_variance,
            log_variance_slope,
            decoder: index == 0,
            mse_weight,
            bound_weight,
            mean_learns,
            weight: 1.0,
        })
    }

    /// Replaces the weight of the image's loss in what is minimised.
    #[must_use]
    pub const fn with_weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// Weighs the squared error by min-SNR-γ (Hang et al. 2023): as an error of x_0 it would have
    /// the weight min(SNR, γ), SNR = ᾱ/(1-ᾱ). Where x_{t-1} is predicted nothing changes.
    #[must_use]
    pub fn with_min_snr(mut self, prediction: Prediction, gamma: f64) -> Self {
        let signal = self.sqrt_alpha_bar * self.sqrt_alpha_bar;
        let noise = self.sqrt_one_minus_alpha_bar * self.sqrt_one_minus_alpha_bar;
        let snr = signal / noise;
        self.mse_weight *= match prediction {
            // min(SNR, γ)/SNR; where SNR = 0 its limit.
            Prediction::Epsilon if snr > gamma => gamma / snr,
            Prediction::Epsilon | Prediction::PreviousX => 1.0,
            Prediction::XStart => snr.min(gamma),
            Prediction::V => snr.min(gamma) / (snr + 1.0),
        };
        self
    }

    /// Returns x_t of an element.
    pub const fn x(&self, x_start: f64, noise: f64) -> f64 {
        self.sqrt_alpha_bar * x_start + self.sqrt_one_minus_alpha_bar * noise
    }

    /// Returns what the network should have returned for an element.
    pub const fn target(&self, x_start: f64, noise: f64, x: f64) -> f64 {
        self.target_x_start * x_start + self.target_noise * noise + self.target_x * x
    }

    /// Returns what an element contributes whose error is e and whose variance channel is v (0 where there
    /// is none).
    pub fn element(&self, error: f64, x_start: f64, channel: f64) -> ElementLoss {
        let log_variance = self.log_variance + self.log_variance_slope * channel;
        let difference = self.gain * error;
        let bound = if self.decoder {
            Bound::decoder(x_start, difference, log_variance)
        } else {
            Bound::divergence(difference, self.true_log_variance, log_variance)
        };
        let per_nat = self.bound_weight / core::f64::consts::LN_2;
        let into_mean = if self.mean_learns {
            per_nat * bound.d_difference * self.gain
        } else {
            0.0
        };
        ElementLoss {
            square: error * error,
            nats: bound.nats,
            d_output: -2.0 * self.mse_weight * error - into_mean,
            d_channel: per_nat * bound.d_log_variance * self.log_variance_slope,
        }
    }
}
