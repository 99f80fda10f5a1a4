//! The numbers of the paper's sampler: the mean, and the noise of one of the variances.

use super::math::sqrt;
use super::posterior::Coefficients;
use super::prediction::Clip;
use super::process::ReverseMean;
use super::setting::Setting;
use super::update::{Mix, NoiseScale};

/// The mean of p(x_{t-1} | x_t).
pub(super) fn mix(setting: &Setting<'_>, step: &Coefficients) -> Mix {
    match setting.process.reverse_mean(step) {
        ReverseMean::Posterior(mean) => Mix::of(mean),
        ReverseMean::Output => Mix {
            output: 1.0,
            ..Mix::default()
        },
    }
}

/// Its deviation: none at the last step.
pub(super) fn noise(setting: &Setting<'_>, step: &Coefficients) -> Option<NoiseScale> {
    if step.index == 0 {
        return Some(NoiseScale::None);
    }
    if let Some(measured) = setting.epsilon_mean_square {
        let (variance, _) = optimal_variance(setting.clip, step, measured)?;
        return Some(NoiseScale::Sigma(sqrt(variance)));
    }
    let variance = setting.process.variance();
    let log_variance = variance.at(step);
    Some(if variance.is_learned() {
        NoiseScale::Learned(log_variance)
    } else {
        NoiseScale::Sigma(log_variance.sigma(0.0))
    })
}

/// The optimal variance of a step, and whether it is held at what clipped data can need.
fn optimal_variance(clip: Clip, step: &Coefficients, measured: &[f64]) -> Option<(f64, bool)> {
    let variance = step.optimal_variance(*measured.get(step.index)?).ok()?;
    if clip == Clip::None {
        return Some((variance, false));
    }
    let c1 = step.posterior_mean_coef1;
    let most = step.posterior_variance + c1 * c1;
    Some((variance.min(most), variance > most))
}

/// The number of steps whose optimal variance is held.
pub(super) fn held_steps(setting: &Setting<'_>) -> usize {
    let Some(measured) = setting.epsilon_mean_square else {
        // Another variance is held nowhere.
        return 0;
    };
    let levels = setting.process.levels();
    let steps = (1..levels.len()).filter_map(|index| Coefficients::of(levels, index));
    let held = |step: &Coefficients| {
        matches!(
            optimal_variance(setting.clip, step, measured),
            Some((_, true))
        )
    };
    steps.filter(held).count()
}
