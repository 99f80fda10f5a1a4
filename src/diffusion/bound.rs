//! The pieces of the variational bound, one element at a time: the divergence of two normal laws and the
//! discretised Gaussian, with their derivatives.

use super::math::{exp, ln, sqrt, tanh};

/// The least probability of a bin that is told apart from 0.
const LEAST: f64 = 1e-12;

/// The Kullback–Leibler divergence KL(N(μ1, e^{v1}) ‖ N(μ2, e^{v2})) of two normal laws, in nats:
/// ½(-1 + v2 - v1 + e^{v1-v2} + (μ1-μ2)² e^{-v2}).
///
/// ```
/// use iddpm::diffusion::likelihood::normal_kl;
/// assert_eq!(normal_kl(0.3, -1.0, 0.3, -1.0), 0.0);
/// assert_eq!(normal_kl(1.0, 0.0, 0.0, 0.0), 0.5);
/// ```
pub fn normal_kl(mean1: f64, log_variance1: f64, mean2: f64, log_variance2: f64) -> f64 {
    Bound::divergence(mean1 - mean2, log_variance1, log_variance2).nats
}

/// The normal distribution function, approximated: Φ(x) ≈ ½(1 + tanh(√(2/π)(x + 0.044715 x³))), within
/// 3.2e-4 of the true one.
///
/// The public implementation uses this form, and published likelihoods follow from it.
pub fn approx_standard_normal_cdf(x: f64) -> f64 {
    0.5 * (1.0 + tanh(sqrt(2.0 / core::f64::consts::PI) * (x + 0.044715 * x * x * x)))
}

/// The derivative of [`approx_standard_normal_cdf`].
fn approx_density(x: f64) -> f64 {
    let root = sqrt(2.0 / core::f64::consts::PI);
    let t = tanh(root * (x + 0.044715 * x * x * x));
    0.5 * (1.0 - t * t) * root * (1.0 + 3.0 * 0.044715 * x * x)
}

/// The log probability, in nats, of an 8-bit value scaled to [-1, 1] under N(mean, e^{2·log_scale}).
///
/// The value's bin is x ± 1/255; the first bin (x < -0.999) reaches to -∞ and the last (x > 0.999)
/// to +∞. Probabilities are clamped at 1e-12, so that the result is at least -27.64.
pub fn discretized_gaussian_log_likelihood(x: f64, mean: f64, log_scale: f64) -> f64 {
    let probability = Bin::around(x, x - mean, log_scale).probability;
    // Not `max`, which would hide a NaN.
    ln(if probability < LEAST {
        LEAST
    } else {
        probability
    })
}

/// The bin of an 8-bit value under a normal law.
struct Bin {
    /// The reciprocal deviation of the law.
    inverse: f64,
    /// The edges in deviations from the mean; none where the bin reaches to infinity.
    below: Option<f64>,
    above: Option<f64>,
    probability: f64,
}

impl Bin {
    /// The bin around x, which is `difference` from the mean.
    fn around(x: f64, difference: f64, log_scale: f64) -> Self {
        let inverse = exp(-log_scale);
        let edge = |side: f64| inverse * (difference + side / 255.0);
        let (is_first, is_last) = (x < -0.999, x > 0.999);
        let below = (!is_first).then(|| edge(-1.0));
        let above = (!is_last).then(|| edge(1.0));
        let cdf = |at: Option<f64>, open: f64| at.map_or(open, approx_standard_normal_cdf);
        Self {
            inverse,
            below,
            above,
            probability: cdf(above, 1.0) - cdf(below, 0.0),
        }
    }
}

/// The bound's term of an element in nats, and its derivatives.
pub(super) struct Bound {
    pub(super) nats: f64,
    pub(super) d_difference: f64,
    pub(super) d_log_variance: f64,
}

impl Bound {
    /// KL(N(δ, e^{true}) ‖ N(0, e^{log})).
    pub(super) fn divergence(difference: f64, true_log_variance: f64, log_variance: f64) -> Self {
        let precision = exp(-log_variance);
        let scaled = difference * difference * precision;
        let ratio = exp(true_log_variance - log_variance);
        Self {
            nats: 0.5 * (-1.0 + log_variance - true_log_variance + ratio + scaled),
            d_difference: difference * precision,
            d_log_variance: 0.5 * (1.0 - ratio - scaled),
        }
    }

    /// -ln of the probability of the bin around x_0, whose distance from the mean is δ; see
    /// [`discretized_gaussian_log_likelihood`].
    pub(super) fn decoder(x_start: f64, difference: f64, log_variance: f64) -> Self {
        let Bin {
            inverse,
            below,
            above,
            probability,
        } = Bin::around(x_start, difference, 0.5 * log_variance);
        if probability < LEAST {
            return Self {
                nats: -ln(LEAST),
                d_difference: 0.0,
                d_log_variance: 0.0,
            };
        }
        let density = |at: Option<f64>| at.map_or(0.0, approx_density);
        let moment = |at: Option<f64>| at.map_or(0.0, |at| at * approx_density(at));
        Self {
            nats: -ln(probability),
            d_difference: -inverse * (density(above) - density(below)) / probability,
            d_log_variance: 0.5 * (moment(above) - moment(below)) / probability,
        }
    }
}
