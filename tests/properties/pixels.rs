//! What a step does to pixels: its numbers, element by element.

use iddpm::diffusion::{
    Clip, InlineProcess, LogVariance, NoiseScale, Sampler, Step, Timesteps, Update,
};
use proptest::prelude::*;

use crate::drawn;

type Process = InlineProcess<12>;

/// The slices of one step.
#[derive(Debug, Clone)]
struct Slices {
    x: Vec<f32>,
    output: Vec<f32>,
    noise: Vec<f32>,
    history: Vec<f32>,
}

fn slices() -> impl Strategy<Value = Slices> {
    let slice = |len| proptest::collection::vec(-3.0_f32..3.0, len);
    (1_usize..200).prop_flat_map(move |d| {
        (slice(d), slice(2 * d), slice(d), slice(d)).prop_map(|(x, output, noise, history)| {
            Slices {
                x,
                output,
                noise,
                history,
            }
        })
    })
}

/// The `ratio` quantile of magnitudes, linearly interpolated, by sorting.
fn quantile(values: &[f64], ratio: f64) -> f64 {
    let mut sorted: Vec<_> = values.iter().map(|value| value.abs()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let position = ratio * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (position - position.floor()) * (sorted[above] - sorted[below])
}

/// Each element after the step in f64, and the rounding that f32 may have there.
fn exact(update: &Update, clip: Clip, slices: &Slices) -> Vec<(f64, f64)> {
    let wide = |slice: &[f32]| slice.iter().copied().map(f64::from).collect::<Vec<_>>();
    let (x, output) = (wide(&slices.x), wide(&slices.output));
    let (noise, history) = (wide(&slices.noise), wide(&slices.history));
    let (a, b) = (update.x_start.x, update.x_start.value);
    let raw: Vec<_> = x
        .iter()
        .zip(&output)
        .map(|(x, output)| a * x + b * output)
        .collect();
    let rounding: Vec<_> = x
        .iter()
        .zip(&output)
        .map(|(x, output)| 1e-7 * ((a * x).abs() + (b * output).abs()))
        .collect();
    let worst = rounding.iter().copied().fold(0.0, f64::max);
    let bound = match clip {
        Clip::None => f64::INFINITY,
        Clip::Unit => 1.0,
        Clip::Dynamic { ratio, max } => quantile(&raw, ratio).clamp(1.0, max),
        other => panic!("{other:?} has no formula here"),
    };
    let dynamic = matches!(clip, Clip::Dynamic { .. });
    let scale = if dynamic { 1.0 / bound } else { 1.0 };
    let mix = update.mix;
    let element = |i: usize| {
        let x_start = raw[i].clamp(-bound, bound) * scale;
        let (sigma, sigma_error) = match update.noise {
            NoiseScale::None => (0.0, 0.0),
            NoiseScale::Sigma(sigma) => (sigma, 1e-7 * sigma),
            NoiseScale::Learned(law) => {
                let channel = output[x.len() + i];
                let sigma = law.sigma(channel);
                let exponent = match law {
                    LogVariance::Fixed(log) => log.abs(),
                    LogVariance::Learned => channel.abs(),
                    LogVariance::LearnedRange { min, max } => {
                        (min.abs() + max.abs()) * (1.0 + channel.abs())
                    }
                };
                (sigma, sigma * 2e-7 * (1.0 + exponent))
            }
        };
        let terms = [
            mix.x * x[i],
            mix.x_start * x_start,
            mix.output * output[i],
            mix.history * history[i],
            sigma * noise[i],
        ];
        // The threshold of a dynamic clip errs as the x̂_0 do that it is taken from.
        let x_start_error = if dynamic {
            2.0 * worst + 2e-7
        } else {
            rounding[i]
        };
        let magnitude: f64 = terms.iter().map(|term| term.abs()).sum();
        let error = mix.x_start.abs() * x_start_error + sigma_error * noise[i].abs();
        (terms.iter().sum(), error + 4e-7 * magnitude)
    };
    (0..x.len()).map(element).collect()
}

/// The slices that this step wants of these.
fn fit(step: &Step, process: &Process, slices: &Slices) -> Slices {
    let mut slices = slices.clone();
    slices
        .output
        .truncate(process.prediction_len(slices.x.len()));
    if !step.needs_noise() {
        slices.noise.clear();
    }
    slices
}

proptest! {
    #![proptest_config(crate::config(600))]

    /// Images of every length: whole blocks, a rest, both.
    #[test]
    fn pixels_are_the_numbers_of_the_step(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        clip in drawn::clip(),
        slices in slices(),
    ) {
        let process = Process::new(&model, Timesteps::trailing(steps)).unwrap();
        let Ok(sampler) = Sampler::new(&process, method, clip) else {
            return Ok(());
        };
        for step in sampler {
            let mut fitted = fit(&step, &process, &slices);
            step.apply_with_history(
                &mut fitted.x,
                &fitted.output,
                &fitted.noise,
                &mut fitted.history,
            )
            .unwrap();
            let update = step.update();
            for (i, (expected, bound)) in exact(update, clip, &slices).into_iter().enumerate() {
                let error = (f64::from(fitted.x[i]) - expected).abs();
                prop_assert!(error <= bound, "{step:?}, element {i}: {error} > {bound}");
                let kept = match update.history {
                    None => slices.history[i],
                    Some(map) if clip == Clip::None => {
                        let (x, output) = (f64::from(slices.x[i]), f64::from(slices.output[i]));
                        let x_start = update.x_start.at(x, output);
                        let magnitude = update.x_start.x.abs() * x.abs()
                            + update.x_start.value.abs() * output.abs();
                        let error = (f64::from(fitted.history[i]) - map.at(x, x_start)).abs();
                        let bound = 4e-7 * (map.x.abs() * x.abs() + map.value.abs() * magnitude);
                        prop_assert!(error <= bound, "{step:?}, history {i}: {error} > {bound}");
                        continue;
                    }
                    Some(_) => continue,
                };
                prop_assert_eq!(fitted.history[i], kept);
            }
        }
    }

    /// `apply` is `x_start` and then a step with that x̂_0, bit for bit.
    #[test]
    fn an_empty_hook_changes_nothing(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        clip in drawn::clip(),
        slices in slices(),
    ) {
        let process = Process::new(&model, Timesteps::trailing(steps)).unwrap();
        let Ok(sampler) = Sampler::new(&process, method, clip) else {
            return Ok(());
        };
        for step in sampler {
            let mut plain = fit(&step, &process, &slices);
            let (mut hooked, mut given) = (plain.clone(), plain.clone());
            let mut preview = vec![f32::NAN; plain.x.len()];
            step.x_start(&plain.x, &plain.output, &mut preview).unwrap();
            let result = step.apply_with_history(
                &mut plain.x,
                &plain.output,
                &plain.noise,
                &mut plain.history,
            );
            let mut scratch = vec![f32::NAN; hooked.x.len()];
            let same = step.apply_with_hook(
                &mut hooked.x,
                &hooked.output,
                &hooked.noise,
                &mut hooked.history,
                &mut scratch,
                |_| {},
            );
            prop_assert_eq!(result, same);
            prop_assert_eq!(bits(&scratch), bits(&preview));
            prop_assert_eq!(bits(&plain.x), bits(&hooked.x));
            prop_assert_eq!(bits(&plain.history), bits(&hooked.history));

            let pixels = iddpm::diffusion::Pixels {
                x: &mut given.x,
                output: &given.output,
                noise: &given.noise,
                history: &mut given.history,
            };
            step.update().apply_x_start(&preview, pixels).unwrap();
            prop_assert_eq!(bits(&plain.x), bits(&given.x));
        }
    }

    /// What a hook writes is clipped and used.
    #[test]
    fn a_hook_replaces_x_start(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        slices in slices(),
    ) {
        let process = Process::new(&model, Timesteps::trailing(steps)).unwrap();
        let Ok(mut sampler) = Sampler::new(&process, method, Clip::Unit) else {
            return Ok(());
        };
        let step = sampler.next().unwrap();
        let mut fitted = fit(&step, &process, &slices);
        let mut scratch = vec![0.0; fitted.x.len()];
        step.apply_with_hook(
            &mut fitted.x,
            &fitted.output,
            &fitted.noise,
            &mut fitted.history,
            &mut scratch,
            |x_start| x_start.fill(5.0),
        )
        .unwrap();
        prop_assert!(scratch.iter().all(|&value| value == 1.0));
        let update = Update {
            // x̂_0 = 5·√x² where x is 1, whatever the network returned.
            x_start: iddpm::diffusion::Linear { x: 0.0, value: 0.0 },
            ..*step.update()
        };
        let offset = update.mix.x_start;
        for (i, (expected, bound)) in exact(&update, Clip::None, &slices).into_iter().enumerate() {
            let error = (f64::from(fitted.x[i]) - expected - offset).abs();
            prop_assert!(error <= bound + 4e-7 * offset.abs(), "{step:?}, element {i}: {error}");
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
