//! The gradient's noise scale: against gradients in f64, a law of known covariance, and itself on another device.

use std::collections::HashMap;

use iddpm::diffusion::Noise;
use iddpm::gpu::Precision;
use iddpm::train::{
    Awaited, Batch, CpuEngine, Engine, GpuEngine, GradientNoise, MicrobatchRule, OptimizerStep,
    Report, Slot, TimestepLaw, TrainConfig, TrainError, graph_of, initial_weights,
};
use iddpm::unet::{Graph, Input};

use super::cases::reference::{Inputs, run};
use super::gpu::gpu;
use super::gpu_runs::{beginning, description, ten_step_config};
use super::runs;

/// Where a row of the batch has an example's share in what is minimised, and how long it is.
const WEIGHT: usize = 13;
const ROW: usize = 16;

/// An engine that keeps the microbatches that it was given, with each example's share in the mean over them as its only
/// weight.
struct Keeping {
    engine: CpuEngine,
    given: Vec<Inputs>,
}

impl Keeping {
    fn keep(&mut self, batch: &Batch<'_>) {
        let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|&x| x.into()).collect() };
        let whole = |words: &[u32]| -> Vec<f64> { words.iter().map(|&x| x.into()).collect() };
        let count = batch.timesteps.len();
        let mut rows = wide(batch.rows);
        for row in rows.chunks_exact_mut(ROW) {
            row[WEIGHT] = 1.0 / count as f64;
        }
        self.given.push(HashMap::from([
            (Input::XStart, wide(batch.x_start)),
            (Input::Noise, wide(batch.noise)),
            (Input::Rows, rows),
            (Input::Timesteps, wide(batch.timesteps)),
            (Input::Labels, whole(batch.labels.unwrap())),
            (Input::Keys, whole(batch.keys.unwrap())),
        ]));
    }
}

impl Engine for Keeping {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        self.keep(batch);
        self.engine.accumulate_async(batch, loss)
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        self.engine.update_async(update)
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        self.engine.gradient_norm_async(unscale)
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        self.engine.read_async(slot, into)
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        self.engine.write(slot, numbers)
    }
}

fn square(gradient: &[f64]) -> f64 {
    gradient.iter().map(|g| g * g).sum()
}

/// The mean gradients of the first microbatch and of all of them, squared, in f64.
fn squares(graph: &Graph, weights: &[f32], given: &[Inputs]) -> (f64, f64) {
    let weights: Vec<f64> = weights.iter().map(|&weight| weight.into()).collect();
    let mut all = vec![0.0; weights.len()];
    let mut of_first = None;
    for inputs in given {
        let gradient = run(graph, &weights, inputs).gradients;
        of_first.get_or_insert(square(&gradient));
        for (all, gradient) in all.iter_mut().zip(&gradient) {
            *all += gradient / given.len() as f64;
        }
    }
    (of_first.unwrap(), square(&all))
}

/// By either rule, and with a loss scale.
#[test]
fn it_is_that_of_gradients_in_f64() {
    for (rule, half) in [
        (MicrobatchRule::Mean, false),
        (MicrobatchRule::Sum, false),
        (MicrobatchRule::Sum, true),
    ] {
        let config = TrainConfig {
            rule,
            half,
            ..ten_step_config()
        };
        let description = description();
        let graph = graph_of(&description, &config).unwrap();
        let mut engine = CpuEngine::new(&graph, &config.ema_rates, half).unwrap();
        // Numbers that f16 holds as well.
        let mut weights = initial_weights(&graph, config.seed).unwrap();
        for weight in &mut weights {
            *weight = half::f16::from_f32(*weight).to_f32();
        }
        engine.write(Slot::Weights, &weights).unwrap();
        let engine = Keeping {
            engine,
            given: Vec::new(),
        };
        let trainer = beginning(engine, &description, &config);
        let mut trainer = trainer.with_noise_scale().unwrap();
        let noise = trainer.step().unwrap().noise.unwrap();

        let given = &trainer.engine().given;
        assert_eq!(given.len(), 2);
        let (of_first, of_all) = squares(&graph, &weights, given);
        // 3 and 6 examples: 1/(1/3 - 1/6) = 6.
        let (expected, signal) = (6.0 * (of_first - of_all), 2.0 * of_all - of_first);
        // Each squared norm is within 5e-5 of f64's: gradients are within 2.1e-5 there.
        let error = 5e-5 * (of_first + of_all);
        assert!(
            (noise.noise - expected).abs() < 6.0 * error,
            "{rule:?}, {half}: {noise:?}, not {expected}"
        );
        assert!(
            (noise.signal - signal).abs() < 2.0 * error,
            "{rule:?}, {half}: {noise:?}, not {signal}"
        );
        assert!(expected > 10.0 * 6.0 * error, "too near to 0 to tell");
    }
}

/// Gradients of a normal law: mean and covariance come back.
#[test]
fn the_law_of_gradients_comes_back() {
    const MEAN: [f64; 3] = [0.5, -0.25, 0.0];
    const DEVIATION: [f64; 3] = [1.0, 2.0, 0.5];
    const STEPS: u32 = 20_000;
    let (few, many) = (2, 8);
    let noise = Noise::new(3);
    let steps = (0..STEPS).map(|step| {
        let mut normals = [0.0; 24];
        noise.stream(step.into(), 0).fill_normals(0, &mut normals);
        let mean = |count: usize| -> f64 {
            let mut sums = [0.0; 3];
            for example in normals.chunks_exact(3).take(count) {
                for (at, &normal) in example.iter().enumerate() {
                    sums[at] += MEAN[at] + DEVIATION[at] * f64::from(normal);
                }
            }
            square(&sums.map(|sum| sum / count as f64)).sqrt()
        };
        GradientNoise::of((few, mean(few)), (many, mean(many)))
    });
    let mean = GradientNoise::mean(steps).unwrap();
    // Of one step they deviate by about 9 and 2.5: five standard errors of so many.
    assert!(
        (mean.noise - 5.25).abs() < 5.0 * 9.0 / f64::from(STEPS).sqrt(),
        "{mean:?}"
    );
    assert!(
        (mean.signal - 0.3125).abs() < 5.0 * 2.5 / f64::from(STEPS).sqrt(),
        "{mean:?}"
    );
    assert_eq!(mean.scale(), Some(mean.noise / mean.signal));
}

#[test]
fn there_is_no_scale_without_a_step_or_a_signal() {
    assert_eq!(GradientNoise::mean([]), None);
    let step = GradientNoise {
        noise: 1.0,
        signal: -0.5,
    };
    assert_eq!(GradientNoise::mean([step]).unwrap().scale(), None);
}

/// Bits of everything that is kept, of a run with every option that has a state.
#[test]
fn a_run_is_the_same_with_it() {
    let mut without = runs::begin(&runs::config());
    let mut with = runs::begin(&runs::config()).with_noise_scale().unwrap();
    for _ in 0..12 {
        let (mut measured, plain) = (with.step().unwrap(), without.step().unwrap());
        assert_eq!(measured.noise.is_some(), measured.taken);
        measured.noise = None;
        assert_eq!(measured, plain);
    }
    assert!(runs::everything(&with) == runs::everything(&without));
}

#[test]
fn one_microbatch_has_nothing_to_be_compared_with() {
    let config = TrainConfig {
        microbatch: 8,
        timesteps: TimestepLaw::Uniform,
        ..runs::config()
    };
    let error = runs::begin(&config).with_noise_scale().unwrap_err();
    assert_eq!(
        error.to_string(),
        "microbatch = 8, must be below the batch where the noise scale is measured"
    );
}

fn on(mut engine: impl Engine, config: &TrainConfig) -> Vec<GradientNoise> {
    let description = description();
    let weights = initial_weights(&graph_of(&description, config).unwrap(), config.seed).unwrap();
    engine.write(Slot::Weights, &weights).unwrap();
    let trainer = beginning(engine, &description, config);
    let mut trainer = trainer.with_noise_scale().unwrap();
    (0..5)
        .map(|_| trainer.step().unwrap().noise.unwrap())
        .collect()
}

#[test]
fn a_gpu_measures_what_the_processor_does() {
    let config = TrainConfig {
        rule: MicrobatchRule::Sum,
        ..ten_step_config()
    };
    let graph = graph_of(&description(), &config).unwrap();
    let processor = on(CpuEngine::new(&graph, &[0.9], false).unwrap(), &config);
    let device = GpuEngine::new_blocking(gpu(), &graph, &[0.9], Precision::Full).unwrap();
    for (mine, expected) in on(device, &config).iter().zip(&processor) {
        // Norms are within 1e-5 of each other, as those of ten steps are; |g|² of the first 3 examples is this.
        let error = 2e-5 * (expected.signal + expected.noise / 3.0);
        assert!(
            (mine.noise - expected.noise).abs() < 2.0 * 6.0 * error
                && (mine.signal - expected.signal).abs() < 3.0 * error,
            "{mine:?}, not {expected:?}"
        );
    }
}
