//! How much of a gradient is noise of the batch it was taken of.

use serde::{Deserialize, Serialize};

use super::config::{TrainConfig, check};
use super::error::TrainError;

/// The noise and the signal of a step's gradient (McCandlish et al. 2018, "An Empirical Model of Large-Batch Training",
/// appendix A.1), estimated from the gradients of one of its microbatches and of the whole batch.
///
/// Both estimates are unbiased and of high variance, and the signal's may be below 0: they are averaged over many steps
/// by [`mean`](Self::mean), each for itself, before [`scale`](Self::scale) is asked for.
///
/// ```
/// use iddpm::train::GradientNoise;
/// // Of 4 and of 16 examples: |G|² + tr(Σ)/4 and |G|² + tr(Σ)/16.
/// let step = GradientNoise::of((4, 6.0_f64.sqrt()), (16, 3.0_f64.sqrt()));
/// assert!((step.noise - 16.0).abs() < 1e-12 && (step.signal - 2.0).abs() < 1e-12);
///
/// let mean = GradientNoise::mean([step, GradientNoise { noise: 8.0, signal: 1.0 }]);
/// assert!((mean.and_then(GradientNoise::scale).unwrap_or_default() - 8.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GradientNoise {
    /// tr(Σ): the variance of the gradient of a single example, summed over the weights.
    pub noise: f64,
    /// |G|²: the squared norm of the gradient that all examples there are would give.
    pub signal: f64,
}

impl GradientNoise {
    /// Estimates both from the norms of two mean gradients: of a few examples, and of more, each with how many they
    /// are.
    pub fn of((few, norm_of_few): (usize, f64), (many, norm_of_many): (usize, f64)) -> Self {
        let (few, many) = (few as f64, many as f64);
        let (of_few, of_many) = (norm_of_few * norm_of_few, norm_of_many * norm_of_many);
        Self {
            noise: (of_few - of_many) / (1.0 / few - 1.0 / many),
            signal: (many * of_many - few * of_few) / (many - few),
        }
    }

    /// The means of both over steps; `None` of no step.
    pub fn mean(steps: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut noise, mut signal, mut count) = (0.0, 0.0, 0_u64);
        for step in steps {
            noise += step.noise;
            signal += step.signal;
            count += 1;
        }
        (count > 0).then(|| Self {
            noise: noise / count as f64,
            signal: signal / count as f64,
        })
    }

    /// The simple noise scale tr(Σ)/|G|²: about how many examples a batch may have before more of them tell nothing
    /// new. `None` where the estimate of either is not above 0: it is of too few steps.
    pub fn scale(self) -> Option<f64> {
        (self.signal > 0.0 && self.noise > 0.0).then(|| self.noise / self.signal)
    }
}

impl TrainConfig {
    /// Refuses to measure the noise scale of a batch that is one microbatch: there is nothing to compare.
    pub(crate) fn check_noise_scale(&self) -> Result<(), TrainError> {
        check(
            "microbatch",
            self.microbatch,
            self.microbatch < self.batch,
            "below the batch where the noise scale is measured",
        )
    }
}
