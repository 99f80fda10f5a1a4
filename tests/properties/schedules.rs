//! Levels and coefficients of every schedule and spacing.

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Clip, Diffusion, Level, LogVariance, NoiseScale, Prediction, Process, Sampler, Update, Variance,
};
use proptest::prelude::*;

use crate::drawn::{self, SPACINGS};

const EMPTY: Level = Level {
    timestep: 0,
    beta: f64::NAN,
    alpha_bar: f64::NAN,
};

/// Whether levels are those of a process; `zero` where the last may have ᾱ = 0.
fn check_levels(levels: &[Level], zero: bool) -> Result<(), TestCaseError> {
    let mut previous = 1.0;
    for (index, level) in levels.iter().enumerate() {
        let ends = zero && index + 1 == levels.len();
        prop_assert!(level.beta > 0.0 && (level.beta < 1.0 || ends && level.beta == 1.0));
        prop_assert!(level.alpha_bar > 0.0 || ends && level.alpha_bar == 0.0);
        prop_assert!(level.alpha_bar < previous, "{level:?} after {previous}");
        // β is 1 - ᾱ/ᾱ_prev or the other way around: rounded once, relative to 1.
        let product = previous * (1.0 - level.beta);
        prop_assert!((level.alpha_bar - product).abs() <= 4.0 * f64::EPSILON * previous);
        previous = level.alpha_bar;
    }
    Ok(())
}

fn is_finite(update: &Update) -> bool {
    let mix = update.mix;
    let history = update.history.map_or([0.0; 2], |map| [map.x, map.value]);
    let noise = match update.noise {
        NoiseScale::None | NoiseScale::Learned(LogVariance::Learned) => [0.0; 2],
        NoiseScale::Sigma(sigma) => [sigma, 0.0],
        NoiseScale::Learned(LogVariance::Fixed(log)) => [log, 0.0],
        NoiseScale::Learned(LogVariance::LearnedRange { min, max }) => [min, max],
    };
    let map = [update.x_start.x, update.x_start.value];
    let mix = [mix.x, mix.x_start, mix.output, mix.history];
    let all = [map, history, noise].concat();
    all.iter().chain(&mix).all(|value| value.is_finite())
}

proptest! {
    #![proptest_config(crate::config(400))]

    #[test]
    fn levels_are_those_of_a_process(
        (schedule, num_timesteps) in drawn::schedule(),
        zero in any::<bool>(),
    ) {
        let levels = match schedule.borrow().levels(num_timesteps, zero) {
            Ok(levels) => levels,
            Err(error) => {
                // A curve too steep or too flat to tell two timesteps apart.
                prop_assert!(matches!(error, Error::SigmoidParameters { .. }), "{error:?}");
                return Ok(());
            }
        };
        prop_assert_eq!(levels.len(), num_timesteps as usize);
        let levels: Vec<_> = levels.collect();
        prop_assert!((0..num_timesteps).eq(levels.iter().map(|level| level.timestep)));
        let ends_at_zero = levels.last().unwrap().alpha_bar == 0.0;
        prop_assert!(ends_at_zero || !zero);
        check_levels(&levels, ends_at_zero)?;
    }

    #[test]
    fn coefficients_are_finite_and_posterior_variances_within_beta(
        (schedule, num_timesteps) in drawn::schedule(),
        kind in 0..SPACINGS,
        kept in 0.0..1.0,
        zero in any::<bool>(),
        prediction in drawn::prediction(),
        variance in drawn::variance(),
        method in drawn::method(),
    ) {
        let steps = 2 + (kept * f64::from(num_timesteps - 2)) as u32;
        let model = Diffusion::new(schedule.borrow(), num_timesteps)
            .with_prediction(prediction)
            .with_variance(variance)
            .with_zero_terminal_snr(zero);
        let mut storage = vec![EMPTY; num_timesteps as usize];
        let process = match Process::in_slice(&model, drawn::spacing(kind, steps), &mut storage) {
            Ok(process) => process,
            Err(Error::ZeroTerminalSnr { .. }) => {
                prop_assert_eq!(prediction, Prediction::Epsilon);
                return Ok(());
            }
            Err(error) => {
                let expected = matches!(error, Error::SigmoidParameters { .. } | Error::NoStride { .. });
                prop_assert!(expected, "{error:?}");
                return Ok(());
            }
        };
        check_levels(process.levels(), process.levels().last().unwrap().alpha_bar == 0.0)?;
        for index in 0..process.len() {
            let c = process.coefficients(index).unwrap();
            let finite = [
                c.beta,
                c.alpha_bar,
                c.alpha_bar_prev,
                c.alpha_bar_next,
                c.sqrt_alpha_bar,
                c.sqrt_one_minus_alpha_bar,
                c.log_one_minus_alpha_bar,
                c.posterior_variance,
                c.posterior_log_variance_clipped,
                c.posterior_mean_coef1,
                c.posterior_mean_coef2,
            ];
            prop_assert!(finite.iter().all(|value| value.is_finite()), "{c:?}");
            if c.alpha_bar > 0.0 {
                let roots = [c.sqrt_recip_alpha_bar, c.sqrt_recip_m1_alpha_bar];
                prop_assert!(roots.iter().all(|value| value.is_finite()), "{c:?}");
                // The optimal variance falls from that of data as noisy as x_t to β̃.
                let (most, least) = (c.optimal_variance(0.0).unwrap(), c.optimal_variance(1.0).unwrap());
                prop_assert!(most.is_finite() && most >= least && least >= 0.0, "{c:?}");
            }
            // β̃ = β (1-ᾱ_prev)/(1-ᾱ), and ᾱ_prev > ᾱ; each factor is rounded.
            let bound = c.beta * (1.0 + 4.0 * f64::EPSILON);
            prop_assert!((0.0..=bound).contains(&c.posterior_variance), "{c:?}");
            prop_assert_eq!(c.posterior_variance == 0.0, index == 0);
        }
        let sampler = Sampler::new(&process, method, Clip::None).unwrap();
        let evaluations = sampler.evaluations() as usize;
        prop_assert_eq!(sampler.len(), evaluations);
        let mut count = 0;
        for step in sampler {
            prop_assert!(is_finite(step.update()), "{step:?}");
            count += 1;
        }
        prop_assert_eq!(count, evaluations);
    }

    #[test]
    fn learned_range_ends_at_the_fixed_variances(
        (schedule, num_timesteps) in drawn::schedule(),
        zero in any::<bool>(),
    ) {
        let model = Diffusion::new(schedule.borrow(), num_timesteps)
            .with_prediction(Prediction::V)
            .with_zero_terminal_snr(zero);
        let mut storage = vec![EMPTY; num_timesteps as usize];
        let all = iddpm::diffusion::Timesteps::ALL;
        let Ok(process) = Process::in_slice(&model, all, &mut storage) else {
            return Ok(());
        };
        for index in 0..process.len() {
            let step = process.coefficients(index).unwrap();
            let learned = Variance::LearnedRange.at(&step);
            let small = Variance::FixedSmall.at(&step);
            prop_assert_eq!(learned.log(-1.0), small.log(f64::NAN));
            prop_assert_eq!(learned.sigma(-1.0), small.sigma(f64::NAN));
            if index > 0 {
                let large = Variance::FixedLarge.at(&step);
                prop_assert_eq!(learned.log(1.0), large.log(f64::NAN));
                prop_assert_eq!(learned.sigma(1.0), large.sigma(f64::NAN));
                let variance = small.sigma(f64::NAN).powi(2);
                let relative = variance / step.posterior_variance - 1.0;
                prop_assert!(relative.abs() < 1e-13, "{relative:e}");
            }
            if index == 0 {
                // ln β̃_0 = -∞, and the first of either fixed kind is borrowed from the second.
                let second = Variance::FixedSmall.at(&process.coefficients(1).unwrap());
                prop_assert_eq!(small, second);
                prop_assert_eq!(Variance::FixedLarge.at(&step), second);
            }
            let relative = learned.sigma(1.0).powi(2) / step.beta - 1.0;
            prop_assert!(relative.abs() < 1e-13, "{relative:e}");
        }
    }
}
