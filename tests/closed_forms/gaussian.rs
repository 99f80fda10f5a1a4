//! Normal data: the denoiser is affine, so every method's output law is normal, and its mean and
//! variance follow a recursion that each paper's formula gives.

use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, LogVariance, Method, Noise, Prediction, Query,
    Sample, Sampler, Schedule, Timesteps, Variance,
};

use crate::law::{Affine, Data, Law, posterior_mean, posterior_variance};

const DATA: Data = Data {
    mean: 0.4,
    variance: 0.09,
};
const TOLERANCE: f64 = 1e-10;

type Process = InlineProcess<64>;

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

/// ᾱ at a step, 1 before the first.
fn alpha_bar(process: &Process, index: usize) -> f64 {
    process.levels()[index].alpha_bar
}

fn alpha_bar_prev(process: &Process, index: usize) -> f64 {
    index
        .checked_sub(1)
        .map_or(1.0, |before| alpha_bar(process, before))
}

/// Var[x_{t-1} | x_t] under the data: what a learned variance should be.
fn exact_variance(here: f64, prev: f64) -> f64 {
    let (_, of_x_start) = posterior_mean(here, prev);
    posterior_variance(here, prev) + of_x_start.powi(2) * DATA.x_start_variance(here)
}

/// The variance channel of an optimal network, from its definition (Nichol & Dhariwal, eq. 15).
fn channel(process: &Process, index: usize) -> f64 {
    let (here, prev) = (alpha_bar(process, index), alpha_bar_prev(process, index));
    let exact = exact_variance(here, prev).ln();
    match process.variance() {
        Variance::FixedSmall | Variance::FixedLarge => f64::NAN,
        Variance::Learned => exact,
        Variance::LearnedRange => {
            let large = (1.0 - here / prev).ln();
            let small = posterior_variance(here, prev).ln();
            let fraction = (exact - small) / (large - small);
            2.0 * fraction - 1.0
        }
    }
}

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

/// Ho et al. 2020, algorithm 2, with a variance of each kind: `sigma2(ᾱ, ᾱ_prev, index)`.
fn ancestral(
    process: &Process,
    sigma2: impl Fn(f64, f64, usize) -> f64,
) -> impl Fn(Law, usize) -> Law {
    move |law, index| {
        let (here, prev) = (alpha_bar(process, index), alpha_bar_prev(process, index));
        let (of_x, of_x_start) = posterior_mean(here, prev);
        let sigma2 = if index == 0 {
            0.0
        } else {
            sigma2(here, prev, index)
        };
        law.map_x(DATA.x_start(here).mixed(of_x, of_x_start), sigma2.sqrt())
    }
}

/// Song et al. 2021, eq. 12, from ᾱ to ᾱ'.
fn ddim(law: Law, here: f64, to: f64, eta: f64) -> Law {
    let sigma = match eta {
        // The root is imaginary on the way up.
        0.0 => 0.0,
        _ => eta * ((1.0 - to) / (1.0 - here)).sqrt() * (1.0 - here / to).sqrt(),
    };
    let x_start = DATA.x_start(here);
    let noise_part = x_start.mixed(1.0, -here.sqrt());
    let direction = (1.0 - to - sigma * sigma).max(0.0).sqrt() / (1.0 - here).sqrt();
    let map = Affine {
        slope: to.sqrt() * x_start.slope + direction * noise_part.slope,
        offset: to.sqrt() * x_start.offset + direction * noise_part.offset,
    };
    law.map_x(map, sigma)
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
                };
                let sampler = Sampler::new(&process, Method::Ancestral, Clip::None).unwrap();
                compare(&name, &process, sampler, ancestral(&process, sigma2));
            }
        }
    }
}

/// Bao et al. 2022, theorem 1: with Γ = E‖ε_θ‖²/D and λ² = β̃,
/// σ² = λ² + (√(β̄_n/α_n) - √(β̄_{n-1} - λ²))² (1 - Γ), where β̄ = 1 - ᾱ.
fn analytic_variance(here: f64, prev: f64, gamma: f64) -> f64 {
    let small = posterior_variance(here, prev);
    let root = ((1.0 - here) * prev / here).sqrt() - (1.0 - prev - small).sqrt();
    small + root * root * (1.0 - gamma)
}

/// E ε_θ² under the data: the optimal ε is √(1-ᾱ) (x_t - √ᾱ μ)/Var x_t.
fn epsilon_mean_square(here: f64) -> f64 {
    (1.0 - here) / DATA.marginal(here).variance()
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

/// Lu et al. 2022 (DPM-Solver++), algorithm 2: with λ = ln(√ᾱ/√(1-ᾱ)), h = λ' - λ and r = h_before/h,
/// D = (1 + 1/(2r)) x̂_0 - 1/(2r) x̂_0,before, x' = (σ'/σ) x - √ᾱ' (e^{-h} - 1) D.
/// The history of the law is x̂_0 of the step before. First and last step take D = x̂_0.
fn dpm_solver(law: Law, here: f64, to: f64, before: Option<f64>) -> Law {
    let lambda = |alpha_bar: f64| (alpha_bar / (1.0 - alpha_bar)).sqrt().ln();
    let half_over_r = match before {
        // λ = -∞ where ᾱ = 0, and +∞ where it is 1.
        Some(before) if before > 0.0 && to < 1.0 => {
            0.5 * (lambda(to) - lambda(here)) / (lambda(here) - lambda(before))
        }
        _ => 0.0,
    };
    let ratio = ((1.0 - to) / (1.0 - here)).sqrt();
    let e_minus_h = ratio * (here / to).sqrt();
    let weight = to.sqrt() * (1.0 - e_minus_h);
    let x_start = DATA.x_start(here);
    let fresh = x_start.mixed(ratio, weight * (1.0 + half_over_r));
    law.map(
        ([fresh.slope, -weight * half_over_r], fresh.offset),
        ([x_start.slope, 0.0], x_start.offset),
        0.0,
    )
}

/// Karras et al. 2022, algorithm 1 (no churn), in y = x/√ᾱ and σ = √((1-ᾱ)/ᾱ):
/// y' = y + (σ'-σ) d with d = (y - D(y))/σ, which is (σ'/σ) y + (1 - σ'/σ) D(y), and then
/// y'' = y + (σ'-σ)(d + d')/2, which is (y + y' + (σ'-σ) d')/2.
fn heun(law: Law, here: f64, to: f64) -> Law {
    let sigma = |alpha_bar: f64| ((1.0 - alpha_bar) / alpha_bar).sqrt();
    // D as a function of y.
    let denoised = |alpha_bar: f64| Affine {
        slope: DATA.x_start(alpha_bar).slope * alpha_bar.sqrt(),
        ..DATA.x_start(alpha_bar)
    };
    let ratio = sigma(to) / sigma(here);
    let euler = denoised(here).mixed(ratio, 1.0 - ratio);
    let map = if to == 1.0 {
        euler
    } else {
        // (σ'-σ) d' = (1 - σ/σ')(y' - D'(y')).
        let slope = denoised(to).mixed(1.0, -1.0);
        let weight = 1.0 - 1.0 / ratio;
        Affine {
            slope: (1.0 + euler.slope + weight * slope.slope * euler.slope) / 2.0,
            offset: (euler.offset + weight * (slope.slope * euler.offset + slope.offset)) / 2.0,
        }
    };
    let y_to_x = Affine {
        slope: map.slope * (to / here).sqrt(),
        offset: map.offset * to.sqrt(),
    };
    law.map_x(y_to_x, 0.0)
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
            let Ok(sampler) = Sampler::new(&process, Method::Heun, Clip::None) else {
                assert_eq!(process.levels().last().unwrap().alpha_bar, 0.0);
                continue;
            };
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
