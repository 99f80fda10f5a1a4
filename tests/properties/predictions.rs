//! x_0, ε, v and x_{t-1} become each other.

use iddpm::diffusion::{Coefficients, Diffusion, Level, Linear, Prediction, Process, Timesteps};
use proptest::prelude::*;

use crate::drawn;

/// What each prediction is, by its definition, of an image element and its noise.
fn by_definition(prediction: Prediction, step: &Coefficients, x_0: f64, epsilon: f64) -> f64 {
    let (root, sigma) = (step.alpha_bar.sqrt(), (1.0 - step.alpha_bar).sqrt());
    let x_t = root * x_0 + sigma * epsilon;
    match prediction {
        Prediction::XStart => x_0,
        Prediction::Epsilon => epsilon,
        Prediction::V => root * epsilon - sigma * x_0,
        Prediction::PreviousX => {
            let scale = 1.0 / (1.0 - step.alpha_bar);
            let of_x_0 = step.alpha_bar_prev.sqrt() * step.beta * scale;
            let of_x_t = (1.0 - step.beta).sqrt() * (1.0 - step.alpha_bar_prev) * scale;
            of_x_0 * x_0 + of_x_t * x_t
        }
        other => panic!("{other:?} has no formula here"),
    }
}

/// |map|(|x|, |value|): what the roundings of a map are relative to.
fn magnitude(map: Linear, x: f64, value: f64) -> f64 {
    map.x.abs() * x.abs() + map.value.abs() * value.abs()
}

const ALL: [Prediction; 4] = [
    Prediction::Epsilon,
    Prediction::XStart,
    Prediction::PreviousX,
    Prediction::V,
];

proptest! {
    #![proptest_config(crate::config(150))]

    #[test]
    fn every_pair_there_and_back(
        (schedule, num_timesteps) in drawn::schedule(),
        zero in any::<bool>(),
        x_0 in -1.0..1.0,
        epsilon in -4.0..4.0,
    ) {
        let model = Diffusion::new(schedule.borrow(), num_timesteps)
            .with_prediction(Prediction::XStart)
            .with_zero_terminal_snr(zero);
        let mut storage = vec![Level::default(); num_timesteps as usize];
        let Ok(process) = Process::in_slice(&model, Timesteps::ALL, &mut storage) else {
            return Ok(());
        };
        let stride = process.len().div_ceil(40);
        for index in (0..process.len()).step_by(stride).chain([process.len() - 1]) {
            let step = process.coefficients(index).unwrap();
            let x_t = step.q_sample().at(x_0, epsilon);
            for from in ALL {
                let given = by_definition(from, &step, x_0, epsilon);
                let Ok(to_x_0) = from.to_x_start(&step) else {
                    prop_assert_eq!((from, step.alpha_bar), (Prediction::Epsilon, 0.0));
                    continue;
                };
                // Relative roundings of inputs and weights. Those that hold 1/ᾱ - 1 as a
                // difference, or a β̃-like quotient, are relative to 1-ᾱ.
                let unit = 16.0 * f64::EPSILON * (1.0 + 1.0 / (1.0 - step.alpha_bar));
                let error_x_0 = unit * magnitude(to_x_0, x_t, given);
                for to in ALL {
                    let map = from.convert(to, &step);
                    prop_assert!(map.is_ok() || from == Prediction::Epsilon);
                    let Ok(map) = map else { continue };
                    let onward = to.from_x_start(&step);
                    let expected = by_definition(to, &step, x_0, epsilon);
                    let found = map.at(x_t, given);
                    let tolerance = onward.value.abs() * error_x_0
                        + unit * magnitude(onward, x_t, x_0)
                        + unit * expected.abs();
                    prop_assert!(
                        (found - expected).abs() <= tolerance,
                        "{from:?} to {to:?} at {index}: {found} {expected} ± {tolerance}, {step:?}"
                    );
                    // There and back is the identity, as a map.
                    let Ok(back) = to.convert(from, &step) else { continue };
                    let both = back.after(map);
                    let scale = 1.0 + back.x.abs() + (back.value * map.x).abs();
                    let inner = to.to_x_start(&step).map_or(1.0, |map| 1.0 + map.x.abs());
                    let outer = from.from_x_start(&step);
                    let slack = unit * scale * (1.0 + outer.value.abs() * inner);
                    prop_assert!(both.x.abs() <= slack, "{from:?} by {to:?} at {index}: {both:?}, {slack}");
                    let slack = unit * (1.0 + (back.value * map.value).abs());
                    prop_assert!((both.value - 1.0).abs() <= slack, "{from:?} by {to:?}: {both:?}");
                }
            }
        }
    }
}
