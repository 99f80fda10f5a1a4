//! Pixels at few steps: with the exact denoiser of listed images x̂_0 is a mean of images, and neither it
//! nor the image that a run ends with leaves their range.

use iddpm::diffusion::exact::ListedImages;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Level, Method, Noise, Prediction, ProcessView, Query, Sample,
    Sampler, Schedule, Timesteps, Variance,
};

/// Elements of an image.
const D: usize = 4;

const IMAGES: [f32; 5 * D] = [
    1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.32, -0.9, -0.7,
    -0.5, -0.3,
];

const METHODS: [Method; 6] = [
    Method::Ancestral,
    Method::Ddim { eta: 0.0 },
    Method::Ddim { eta: 0.5 },
    Method::Ddim { eta: 1.0 },
    Method::DpmSolverPlusPlus2M,
    Method::Heun,
];

/// Runs a sampler from noise; calls `see` with every x̂_0, the x it was made of and the level.
fn run(sampler: Sampler<'_>, number: u64, mut see: impl FnMut(f64, &[f32], &[f32])) -> [f32; D] {
    let process = sampler.process();
    let mut denoiser = ListedImages::new(process, &IMAGES, D).unwrap();
    let noise = Noise::new(21);
    let (mut x, mut z, mut history, mut x_start) = ([0.0; D], [0.0; D], [0.0; D], [0.0; D]);
    let mut output = vec![0.0; process.prediction_len(D)];
    let sample = Sample {
        noise,
        number,
        label: None,
    };
    sample.begin(&mut x);
    for step in sampler {
        let query = Query {
            timestep: step.timestep(),
            index: step.index(),
            label: None,
        };
        denoiser.denoise(query, &x, &mut output).unwrap();
        step.x_start(&x, &output, &mut x_start).unwrap();
        see(process.levels()[step.index()].alpha_bar, &x, &x_start);
        noise
            .stream(number, step.position())
            .fill_normals(0, &mut z);
        step.apply_with_history(&mut x, &output, &z, &mut history)
            .unwrap();
    }
    x
}

fn largest(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|v| f64::from(v.abs()))
        .fold(0.0, f64::max)
}

/// Calls `check` with the process of each prediction, schedule, spacing and number of steps.
fn for_each_process(mut check: impl FnMut(&str, ProcessView<'_>)) {
    let steep: Vec<f64> = (1..=100)
        .map(|t| 10_f64.powf(-0.6 * f64::from(t)))
        .collect();
    let schedules = [
        ("linear", Schedule::Linear, 1000),
        ("cosine", Schedule::Cosine, 1000),
        ("sigmoid", Schedule::SIGMOID, 300),
        ("steep", Schedule::AlphaBars(&steep), 100),
    ];
    let mut room = vec![Level::default(); 1000];
    for (name, schedule, num_timesteps) in schedules {
        for prediction in [
            Prediction::Epsilon,
            Prediction::XStart,
            Prediction::PreviousX,
            Prediction::V,
        ] {
            for zero in [false, prediction != Prediction::Epsilon] {
                let model = Diffusion::new(schedule, num_timesteps)
                    .with_prediction(prediction)
                    .with_variance(Variance::LearnedRange)
                    .with_zero_terminal_snr(zero);
                for steps in [2, 3, 5, 10, 30] {
                    for spacing in [
                        Timesteps::even(steps),
                        Timesteps::trailing(steps),
                        Timesteps::quadratic(steps),
                    ] {
                        let process = ProcessView::in_slice(&model, spacing, &mut room);
                        // In two steps ᾱ would fall by more than a β has places for.
                        let Ok(process) = process else {
                            assert_eq!(name, "steep");
                            continue;
                        };
                        let what = format!("{name}, {prediction:?}, zero {zero}, {spacing:?}");
                        check(&what, process);
                    }
                }
            }
        }
    }
}

/// Unclipped: as far as f32 tells x_0 from noise of √(1/ᾱ) times its size.
#[test]
fn predictions_are_means_of_images() {
    for_each_process(|name, process| {
        let last = process.levels().last().unwrap().alpha_bar;
        if last > 0.0 && last < 1e-12 {
            // Nothing is left of x_0 in an f32.
            return;
        }
        for method in METHODS {
            let sampler = Sampler::new(&process, method, Clip::None).unwrap();
            let x = run(sampler, 1, |alpha_bar, x, x_start| {
                let scale = match process.prediction() {
                    Prediction::Epsilon | Prediction::PreviousX if alpha_bar > 0.0 => {
                        (1.0 / alpha_bar).sqrt()
                    }
                    _ => 1.0,
                };
                let rounding = 8.0 * f64::from(f32::EPSILON) * scale * (1.0 + largest(x));
                let most = largest(x_start);
                assert!(most <= 1.0 + rounding, "{name}, {method:?}: {x_start:?}");
            });
            assert!(largest(&x) < 1.0 + 1e-5, "{name}, {method:?}: {x:?}");
        }
    });
}

/// Clipped: whatever the level, the method and the rounding, and without noise that grows.
#[test]
fn clipped_runs_end_within_the_range() {
    for_each_process(|name, process| {
        for method in METHODS {
            let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
            let x = run(sampler, 2, |alpha_bar, x, x_start| {
                assert!(largest(x_start) <= 1.0, "{name}, {method:?}: {x_start:?}");
                let image = match method {
                    // 2M goes beyond x̂_0 by as much as that has changed; a long ancestral step draws
                    // what x_0 may be from a normal law.
                    Method::DpmSolverPlusPlus2M => 3.0,
                    Method::Ancestral => 6.0,
                    _ => 1.0,
                };
                let most = image + 5.0 * (1.0 - alpha_bar).sqrt();
                assert!(
                    largest(x) < most,
                    "{name}, {method:?}, at {alpha_bar}: {x:?}"
                );
            });
            assert!(largest(&x) <= 1.0, "{name}, {method:?}: {x:?}");
        }
    });
}
