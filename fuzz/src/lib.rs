//! What holds of every process, whatever it was made from, and a network that is soon run.

use iddpm::checkpoint::{Checkpoint, Description, WeightBuffer};
use iddpm::diffusion::{Diffusion, Error, Level, ModelCard, ProcessView, Schedule, WeightSet};
use iddpm::unet::{ImageSize, UnetConfig};

/// β in (0, 1) and ᾱ falling strictly within (0, 1); the last level alone may be β = 1, ᾱ = 0.
pub fn check_levels(levels: &[Level]) {
    let mut previous = 1.0;
    for (index, level) in levels.iter().enumerate() {
        let Level {
            beta, alpha_bar, ..
        } = *level;
        let ends_at_zero = index + 1 == levels.len() && alpha_bar == 0.0 && beta == 1.0;
        assert!(
            ends_at_zero || (beta > 0.0 && beta < 1.0),
            "{index}: {level:?}"
        );
        assert!(
            ends_at_zero || (alpha_bar > 0.0 && alpha_bar < 1.0),
            "{index}: {level:?}"
        );
        assert!(alpha_bar < previous, "{index}: {level:?} after {previous}");
        previous = alpha_bar;
    }
}

/// The levels are sound, and so is every number derived from them.
pub fn check_process(process: ProcessView<'_>) {
    check_levels(process.levels());
    for index in 0..process.len() {
        let step = process.coefficients(index).expect("the index is in range");
        let finite = [
            step.sqrt_alpha_bar,
            step.sqrt_one_minus_alpha_bar,
            step.log_one_minus_alpha_bar,
            step.posterior_variance,
            step.posterior_mean_coef1,
            step.posterior_mean_coef2,
        ];
        assert!(finite.iter().all(|value| value.is_finite()), "{step:?}");
        let reciprocal = [step.sqrt_recip_alpha_bar, step.sqrt_recip_m1_alpha_bar];
        assert!(
            step.alpha_bar == 0.0 || reciprocal.iter().all(|value| value.is_finite()),
            "{step:?}"
        );
        // A process of one step has no posterior variance to borrow, and says so.
        let single = process.len() == 1;
        let log_variance = step.posterior_log_variance_clipped;
        assert!(
            if single {
                log_variance == f64::NEG_INFINITY
            } else {
                log_variance.is_finite()
            },
            "{step:?}"
        );
        // β̃ ≤ β but for the rounding of its three operations.
        assert!(
            (0.0..=step.beta * (1.0 + 4.0 * f64::EPSILON)).contains(&step.posterior_variance),
            "{step:?}"
        );
        assert!(process.model_timestep(index).is_ok_and(f32::is_finite));
        match process.reverse_law(index) {
            Ok(_) => assert!(!single, "{step:?}"),
            Err(error) => assert!(single && error == Error::SingleStep, "{error}: {step:?}"),
        }
    }
}

/// The checkpoint of a network as small as any of these channels and classes, for images of 4×4, in 20 timesteps.
pub fn small_checkpoint(unet: UnetConfig) -> Checkpoint {
    let unet = unet
        .with_multipliers(&[1])
        .with_attention(&[])
        .with_learned_variance();
    let size = ImageSize {
        low_res: unet.super_resolution.then_some((2, 2)),
        ..ImageSize::square(4)
    };
    let graph = unet.graph(1, size).expect("a small network");
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 20),
        weights: WeightSet::Raw,
        step: 0,
    };
    let weights = WeightBuffer::F32(vec![0.01; graph.weights_len()]);
    let checkpoint = Checkpoint::new(Description::new(unet, size, card), weights);
    checkpoint.expect("weights of the network")
}
