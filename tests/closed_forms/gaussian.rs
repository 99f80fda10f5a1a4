//! Normal data: the denoiser is affine, so every method's output law is normal, and its mean and
//! variance follow a recursion that each paper's formula gives.

use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, LogVariance, Method, Noise, Prediction, Query, Sample,
    Sampler, Schedule, Timesteps, Variance,
};

use crate::law::{Law, posterior_variance};
use crate::published::{
    DATA, Process, alpha_bar, alpha_bar_prev, analytic_variance, ancestral, channel, ddim,
    dpm_solver, epsilon_mean_square, exact_variance, heun,
};

const TOLERANCE: f64 = 1e-10;

/// Processes of every kind: (name, process).
fn processes(prediction: Prediction, variance: Variance) -> Vec<(String, Process)> {
    let sigmoid = Schedule::Sigmoid {
        start: -2.0,
        end: 3.5,
        tau: 0.8,
    };
    let plain = [
        ("cosine", Schedule::Cosine, 1000, Timesteps::even(20)),
        ("cosine, whole", Schedule::Cosine, 50, Timesteps::ALL),
        ("linear", Schedule::Linear, 1000, Timesteps::quadratic(25)),
        ("sigmoid", sigmoid, 4000, Timesteps::leading(30)),
    ];
    let zero = [
        (
            "cosine to zero",
            Schedule::Cosine,
            1000,
            Timesteps::trailing(20),
        ),
        (
            "linear to zero",
            Schedule::Linear,
            1000,
            Timesteps::trailing(25),
        ),
    ];
    let make = |zero: bool| {
        move |(name, schedule, num_timesteps, timesteps): (
            &str,
            Schedule<'_>,
            u32,
            Timesteps<'_>,
        )| {
            let model = Diffusion::new(schedule, num_timesteps)
                .with_prediction(prediction)
                .with_variance(variance)
                .with_zero_terminal_snr(zero);
            let process = Process::new(&model, timesteps).unwrap();
            (format!("{name}, {prediction:?}, {variance:?}"), process)
        }
    };
    let zero: Vec<_> = match prediction {
        Prediction::Epsilon => Vec::new(),
        _ => zero.map(make(true)).into(),
    };
    plain.into_iter().map(make(false)).chain(zero).collect()
}

const PREDICTIONS: [Prediction; 4] = [
    Prediction::Epsilon,
    Prediction::XStart,
    Prediction::PreviousX,
    Prediction::V,
];

fn assert_close(what: &str, found: f64, expected: f64) {
    assert_within(TOLERANCE, what, found, expected);
}

fn assert_within(tolerance: f64, what: &str, found: f64, expected: f64) {
    let error = (found - expected).abs() / expected.abs().max(1.0);
    assert!(
        error <= tolerance,
        "{what}: {found:e}, published formula {expected:e}"
    );
}

/// Runs a sampler and a published recursion side by side and compares x after every whole step.
///
/// `published` maps the law before the step to the law after, at (index, ᾱ, ᾱ_prev).
fn compare(
    name: &str,
    process: &Process,
    sampler: Sampler<'_>,
    mut published: impl FnMut(Law, usize) -> Law,
) -> Law {
    let heun = sampler.method() == Method::Heun;
    // Derived from ε, x̂_0 is rounded at √(1/ᾱ), 2e4 at the first step here, and where that meets
    // a σ of 12 Heun's correction multiplies what is left of it by 800.
    let tolerance = match process.prediction() {
        Prediction::Epsilon if heun => 10.0 * TOLERANCE,
        _ => TOLERANCE,
    };
    let mut law = Law::of_x(0.0, 1.0);
    let mut truth = law;
    let mut index = None;
    for step in sampler {
        let at = step.index();
        let (here, prev) = (alpha_bar(process, at), alpha_bar_prev(process, at));
        let output = DATA.output(process.prediction(), here, prev);
        law = law.step(step.update(), output, channel(process, at));
        let first_half = heun && step.position() % 2 == 0;
        if first_half && at != 0 {
            index = Some(at);
            continue;
        }
        truth = published(truth, index.take().unwrap_or(at));
        let what = format!("{name}, after step {at}");
        assert_within(tolerance, &what, law.mean[0], truth.mean[0]);
        assert_within(tolerance, &what, law.variance(), truth.variance());
    }
    law
}

#[test]
fn ancestral_sampling_has_the_published_law_with_each_variance() {
    for prediction in PREDICTIONS {
        for variance in [
            Variance::FixedSmall,
            Variance::FixedLarge,
            Variance::Learned,
            Variance::LearnedRange,
        ] {
            for (name, process) in processes(prediction, variance) {
                let sigma2 = |here: f64, prev: f64, _: usize| match variance {
                    Variance::FixedSmall => posterior_variance(here, prev),
                    Variance::FixedLarge => 1.0 - here / prev,
                    Variance::Learned | Variance::LearnedRange => exact_variance(here, prev),
                    other => panic!("{other:?} has no formula here"),
                };
                let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
                compare(&name, &process, sampler, ancestral(&process, sigma2));
            }
        }
    }
}

#[test]
fn analytic_dpm_has_the_published_law_and_the_exact_variance() {
    for prediction in PREDICTIONS {
        for (name, process) in processes(prediction, Variance::FixedLarge) {
            let levels = process.levels();
            if levels.last().unwrap().alpha_bar == 0.0 {
                // E‖ε_θ‖² = 1 there whatever the data, and says nothing of their variance.
                continue;
            }
            let measured: Vec<_> = levels
                .iter()
                .map(|level| epsilon_mean_square(level.alpha_bar))
                .collect();
            let sampler = Sampler::new(&process, Method::Ancestral, Clip::None)
                .unwrap()
                .with_optimal_variance(&measured)
                .unwrap();
            let sigma2 = |here: f64, prev: f64, index: usize| {
                let sigma2 = analytic_variance(here, prev, measured[index]);
                assert_close(
                    "measured on normal data",
                    sigma2,
                    exact_variance(here, prev),
                );
                sigma2
            };
            compare(&name, &process, sampler, ancestral(&process, sigma2));
        }
    }
}

#[test]
fn ddim_has_the_published_law_in_both_directions() {
    for prediction in PREDICTIONS {
        for (name, process) in processes(prediction, Variance::FixedSmall) {
            for eta in [0.0, 0.3, 1.0] {
                let sampler = Sampler::new(&process, Method::Ddim { eta }, Clip::None).unwrap();
                let published = |law, index| {
                    let (here, prev) =
                        (alpha_bar(&process, index), alpha_bar_prev(&process, index));
                    ddim(law, here, prev, eta)
                };
                let what = format!("{name}, eta {eta}");
                let law = compare(&what, &process, sampler, published);
                if eta == 1.0 && prediction == Prediction::XStart {
                    let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
                    let same = compare(&name, &process, sampler, published);
                    assert_close("eta = 1 is ancestral", law.variance(), same.variance());
                }
            }
            let sampler = Sampler::new(&process, Method::DdimReverse, Clip::None).unwrap();
            compare(
                &format!("{name}, reverse"),
                &process,
                sampler,
                |law, index| {
                    let next = process
                        .levels()
                        .get(index + 1)
                        .map_or(0.0, |next| next.alpha_bar);
                    ddim(law, alpha_bar(&process, index), next, 0.0)
                },
            );
        }
    }
}

#[test]
fn second_order_methods_have_the_published_law() {
    for prediction in PREDICTIONS {
        for (name, process) in processes(prediction, Variance::FixedSmall) {
            let sampler = Sampler::new(&process, Method::DpmSolverPlusPlus2M, Clip::None).unwrap();
            compare(&format!("{name}, 2M"), &process, sampler, |law, index| {
                let before = process.levels().get(index + 1).map(|level| level.alpha_bar);
                dpm_solver(
                    law,
                    alpha_bar(&process, index),
                    alpha_bar_prev(&process, index),
                    before,
                )
            });
            let sampler = Sampler::new(&process, Method::Heun, Clip::None).unwrap();
            compare(&format!("{name}, Heun"), &process, sampler, |law, index| {
                heun(
                    law,
                    alpha_bar(&process, index),
                    alpha_bar_prev(&process, index),
                )
            });
        }
    }
}

#[test]
fn exact_variance_reproduces_every_marginal() {
    for prediction in PREDICTIONS {
        for variance in [Variance::Learned, Variance::LearnedRange] {
            for (name, process) in processes(prediction, variance) {
                let last = process.levels().last().unwrap().alpha_bar;
                let mut law = DATA.marginal(last);
                for step in Sampler::new(&process, Method::Ancestral, Clip::None).unwrap() {
                    let at = step.index();
                    let (here, prev) = (alpha_bar(&process, at), alpha_bar_prev(&process, at));
                    let output = DATA.output(prediction, here, prev);
                    law = law.step(step.update(), output, channel(&process, at));
                    let truth = DATA.marginal(prev);
                    assert_close(&name, law.mean[0], truth.mean[0]);
                    // The last step returns E[x_0 | x_1] and adds no noise: what it leaves out of
                    // the data's variance is Var[x_0 | x_1], nothing else.
                    let left_out = if at == 0 {
                        DATA.x_start_variance(here)
                    } else {
                        0.0
                    };
                    assert_close(&name, law.variance() + left_out, truth.variance());
                }
            }
        }
    }
}

#[test]
fn exact_denoiser_returns_the_formula() {
    for prediction in PREDICTIONS {
        for variance in [
            Variance::FixedSmall,
            Variance::Learned,
            Variance::LearnedRange,
        ] {
            for (name, process) in processes(prediction, variance) {
                let mut denoiser =
                    GaussianData::new(process.view(), DATA.mean, DATA.variance).unwrap();
                for index in 0..process.len() {
                    let x = [-1.5, 0.0, 2.0];
                    let mut output = vec![f32::NAN; process.prediction_len(x.len())];
                    let query = Query {
                        timestep: f32::NAN,
                        index,
                        label: None,
                    };
                    denoiser.denoise(query, &x, &mut output).unwrap();
                    let (here, prev) =
                        (alpha_bar(&process, index), alpha_bar_prev(&process, index));
                    let expected = DATA.output(prediction, here, prev);
                    for (&x, &output) in x.iter().zip(&output) {
                        let expected = expected.slope * f64::from(x) + expected.offset;
                        // The map is rounded to f32, as are its product and sum.
                        let tolerance = 4.0 * f64::from(f32::EPSILON) * (1.0 + expected.abs());
                        let error = (f64::from(output) - expected).abs();
                        assert!(
                            error <= tolerance,
                            "{name}, step {index}: {output} {expected}"
                        );
                    }
                    if index == 0 {
                        // β̃_0 = 0 has no logarithm; the crate's clipped one is checked elsewhere.
                        continue;
                    }
                    for &found in &output[x.len()..] {
                        let channel = channel(&process, index) as f32;
                        let log =
                            |channel: f32| match process.reverse_law(index).unwrap().log_variance {
                                LogVariance::Fixed(_) => panic!("a fixed variance has no channel"),
                                law => law.log(f64::from(channel)),
                            };
                        let error = (log(found) - log(channel)).abs();
                        assert!(error < 1e-5, "{name}, step {index}: {found} {channel}");
                    }
                }
            }
        }
    }
}

/// The numbers of a step are what it does to pixels: moments of 16384 of them, drawn by each
/// method, against the law that the numbers give.
#[test]
fn pixels_follow_the_numbers() {
    const D: usize = 1 << 14;
    let cases = [
        (Method::Ancestral, Variance::FixedSmall),
        (Method::Ancestral, Variance::FixedLarge),
        (Method::Ancestral, Variance::Learned),
        (Method::Ancestral, Variance::LearnedRange),
        (Method::Ddim { eta: 0.0 }, Variance::LearnedRange),
        (Method::Ddim { eta: 0.3 }, Variance::FixedSmall),
        (Method::Ddim { eta: 1.0 }, Variance::FixedSmall),
        (Method::DpmSolverPlusPlus2M, Variance::LearnedRange),
        (Method::Heun, Variance::FixedSmall),
    ];
    for (number, (method, variance)) in (0..).zip(cases) {
        for prediction in PREDICTIONS {
            let (name, process) = processes(prediction, variance).swap_remove(0);
            let mut sampler = Sampler::new(&process, method, Clip::None).unwrap();
            let mut law = Law::of_x(0.0, 1.0);
            for step in sampler.clone() {
                let at = step.index();
                let (here, prev) = (alpha_bar(&process, at), alpha_bar_prev(&process, at));
                let output = DATA.output(prediction, here, prev);
                law = law.step(step.update(), output, channel(&process, at));
            }
            let mut denoiser = GaussianData::new(process.view(), DATA.mean, DATA.variance).unwrap();
            let sample = Sample {
                noise: Noise::new(11),
                number,
                label: None,
            };
            let (mut x, mut noise, mut history) = (vec![0.0; D], vec![0.0; D], vec![0.0; D]);
            let mut output = vec![0.0; process.prediction_len(D)];
            sample.begin(&mut x);
            let mut image = Image {
                x: &mut x,
                output: &mut output,
                noise: &mut noise,
                history: &mut history,
            };
            while sample
                .advance(&mut sampler, &mut denoiser, &mut image)
                .unwrap()
            {}
            let count = D as f64;
            let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
            let square = |&x: &f32| (f64::from(x) - law.mean[0]).powi(2);
            let variance = x.iter().map(square).sum::<f64>() / count;
            // Five standard errors: of the mean √(V/D), of the variance V√(2/D).
            let bounds = (
                5.0 * law.deviation / count.sqrt(),
                5.0 * law.variance() * (2.0 / count).sqrt(),
            );
            let errors = (
                (mean - law.mean[0]).abs(),
                (variance - law.variance()).abs(),
            );
            assert!(
                errors.0 < bounds.0,
                "{name}, {method:?}: mean {mean}, {law:?}"
            );
            assert!(
                errors.1 < bounds.1,
                "{name}, {method:?}: variance {variance}, {law:?}"
            );
        }
    }
}
