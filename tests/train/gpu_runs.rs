//! The optimiser on a GPU alone, on given gradients; and a run beside the same on the processor.

use std::sync::Arc;

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::data::Images;
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
use iddpm::gpu::{Gpu, GpuError, Kept, Precision, wgpu};
use iddpm::train::{
    AdamW, Batch, Broken, CpuEngine, Engine, GpuEngine, OptimizerStep, Slot, TrainConfig,
    TrainError, Trainer, TrainingData, graph_of, initial_weights,
};
use iddpm::unet::{Extents, Graph, Init, Input, Op, Shape, UnetConfig};

use super::case::{cases, golden_directory};
use super::cases::generate;
use super::cpu::check_that_sums_begin_anew;
use super::golden::{Stepper, check_optimizer};
use super::gpu::gpu;
use super::held::Held;
use super::report::Report;

/// An engine over one parameter of so many numbers, whose gradient is written by the test.
fn engine_of(len: usize, rates: &[f64]) -> GpuEngine {
    let mut graph = Graph::new(1);
    let param = graph.add_param("weights".into(), &[len], Init::Zero);
    let shape = Shape {
        batch: 1,
        channels: len,
        height: 1,
        width: 1,
    };
    let grad = graph.add_input(Input::X, "x", shape);
    let sum = Op::ChannelSum { grad };
    graph.add_gradient("weights.grad", sum, param);
    GpuEngine::new_blocking(gpu(), &graph, rates, Precision::Full).unwrap()
}

/// As long as the slice of all weights of a graph of one parameter.
fn padded(numbers: &[f32]) -> Vec<f32> {
    let mut padded = numbers.to_vec();
    padded.resize(numbers.len().next_multiple_of(64), 0.0);
    padded
}

fn read(engine: &impl Engine, slot: Slot, len: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; len.next_multiple_of(64)];
    engine.read(slot, &mut numbers).unwrap();
    numbers.truncate(len);
    numbers
}

/// Weights, moments and averages.
fn slots(averages: usize) -> impl Iterator<Item = Slot> {
    let first = [Slot::Weights, Slot::FirstMoment, Slot::SecondMoment];
    first.into_iter().chain((0..averages).map(Slot::Ema))
}

fn with_weights(weights: &[f32], rates: &[f64]) -> GpuEngine {
    let mut engine = engine_of(weights.len(), rates);
    engine.write(Slot::Weights, &padded(weights)).unwrap();
    for at in 0..rates.len() {
        engine.write(Slot::Ema(at), &padded(weights)).unwrap();
    }
    engine
}

fn on_device(weights: &[f32], rates: &[f64]) -> Stepper {
    let (len, averages) = (weights.len(), rates.len());
    let mut engine = with_weights(weights, rates);
    Box::new(move |gradients, update| {
        let training = engine.training_mut();
        training.write(Kept::Sum, &padded(gradients)).unwrap();
        assert!(engine.update(update).unwrap().taken);
        slots(averages)
            .map(|slot| read(&engine, slot, len))
            .collect()
    })
}

#[test]
fn golden_optimizer() {
    let mut report = Report::new("grad");
    for case in cases(&golden_directory(), "grad").unwrap() {
        if case.params.get("model").is_none() && case.params.get("lr_used").is_some() {
            report.begin(&case.name);
            check_optimizer(&case, on_device, &mut report)
                .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
    }
    println!("{report}");
    report
        .verdict()
        .unwrap_or_else(|message| panic!("{message}"));
}

pub(crate) fn singles(seed: u64, len: usize, scale: f64) -> Vec<f32> {
    let numbers = generate(seed, "numbers", len, 0.0, scale);
    numbers.iter().map(|&number| number as f32).collect()
}

#[test]
fn norm_clipping_and_steps_that_are_not_taken() {
    // More than one workgroup of squares, and no multiple of anything.
    let len = 40_003;
    let weights = singles(1, len, 1.0);
    let gradients = singles(2, len, 1e3);
    let rates = [0.75, 0.999];
    let mut engine = with_weights(&weights, &rates);
    let mut update = OptimizerStep {
        adamw: AdamW {
            weight_decay: 0.1,
            ..AdamW::default()
        },
        lr: 0.01,
        step: 3,
        unscale: 1.0 / 1024.0,
        clip: Some(2.0),
        ema_warm_up: true,
    };
    let truth = gradients.iter().map(|&g| f64::from(g) * f64::from(g));
    let norm = truth.sum::<f64>().sqrt() * update.unscale;

    // One number that is not finite: nothing changes but the sum, which begins anew.
    for (at, bad) in [(0, f32::NAN), (len - 1, f32::INFINITY)] {
        let mut gradients = gradients.clone();
        gradients[at] = bad;
        let training = engine.training_mut();
        training.write(Kept::Sum, &padded(&gradients)).unwrap();
        let report = engine.update(&update).unwrap();
        assert!(
            !report.taken && !report.grad_norm.is_finite(),
            "{bad}: {report:?}"
        );
        assert_eq!(read(&engine, Slot::Weights, len), weights);
        assert_eq!(read(&engine, Slot::FirstMoment, len), vec![0.0; len]);
        assert_eq!(read(&engine, Slot::Ema(0), len), weights);
        let mut sum = padded(&weights);
        let training = engine.training();
        training.read_blocking(Kept::Sum, &mut sum).unwrap();
        assert_eq!(sum[..len], vec![0.0; len]);
    }

    let mut expected = vec![weights.clone(), vec![0.0; len], vec![0.0; len]];
    expected.extend([weights.clone(), weights]);
    for clip in [Some(2.0), Some(1e6), None] {
        update.clip = clip;
        let training = engine.training_mut();
        training.write(Kept::Sum, &padded(&gradients)).unwrap();
        let report = engine.update(&update).unwrap();
        // 157 sums of up to 64 squares to a lane, then trees.
        assert!(
            (report.grad_norm - norm).abs() < 2e-6 * norm && report.taken,
            "{report:?}, not {norm}"
        );
        let [weights, first, second, averages @ ..] = &mut expected[..] else {
            panic!("weights and two moments");
        };
        update.apply(norm, &gradients, weights, first, second);
        for (average, &rate) in averages.iter_mut().zip(&rates) {
            iddpm::train::average(update.ema_rate(rate), weights, average);
        }
        for (slot, expected) in slots(rates.len()).zip(&expected) {
            let mine = read(&engine, slot, len);
            let most = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            for (at, (mine, expected)) in mine.iter().zip(expected).enumerate() {
                // The factor of clipping carries the norm's rounding, all else a few of its own.
                let error = (mine - expected).abs();
                assert!(
                    error <= 4e-6 * most,
                    "{slot:?}[{at}] = {mine}, not {expected}, clip {clip:?}"
                );
            }
        }
        update.step += 1;
    }
}

pub(crate) const SIDE: usize = 8;

pub(crate) fn description() -> Description {
    let unet = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
            .with_learned_variance()
            .with_classes(3)
    };
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 50),
        weights: WeightSet::Raw,
        step: 0,
    };
    Description::new(unet, ImageSize::square(SIDE), card)
}

fn images() -> Images {
    let extents = Extents {
        channels: 1,
        height: SIDE,
        width: SIDE,
    };
    let pixels = generate(4, "pixels", 13 * SIDE * SIDE, 128.0, 127.0);
    let pixels = pixels.iter().map(|&value| value as u8).collect();
    let labels = (0..13).map(|n| n % 3).collect();
    Images::new(extents, pixels, Some(labels), Some(3)).unwrap()
}

/// The losses and gradients' norms of ten steps, after which a device holds what it held before.
fn ten_steps(
    mut engine: impl Engine,
    config: &TrainConfig,
    held: impl Fn() -> Option<Held>,
) -> Vec<[f64; 4]> {
    let description = description();
    let weights = initial_weights(&graph_of(&description, config).unwrap(), config.seed).unwrap();
    engine.write(Slot::Weights, &weights).unwrap();
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), &weights).unwrap();
    }
    let mut trainer = beginning(engine, &description, config);
    let before = held();
    let steps = (0..10).map(|_| {
        let step = trainer.step().unwrap();
        [step.loss, step.mse, step.bound, step.grad_norm]
    });
    let steps = steps.collect();
    assert_eq!(held(), before, "everything is made before the run");
    steps
}

pub(crate) fn beginning<E: Engine>(
    engine: E,
    description: &Description,
    config: &TrainConfig,
) -> Trainer<E> {
    let progress = Trainer::<E>::beginning(description, config).unwrap();
    let data = TrainingData::new(Arc::new(images()), Broken::Fatal).unwrap();
    let description = description.clone();
    Trainer::new(
        engine,
        description,
        config.clone(),
        data,
        Broken::Fatal,
        progress,
    )
    .unwrap()
}

pub(crate) fn ten_step_config() -> TrainConfig {
    TrainConfig {
        batch: 6,
        microbatch: 3,
        lr: 1e-2,
        clip: 1.0,
        dropout: 0.1,
        flip: true,
        ema_rates: vec![0.9],
        seed: 5,
        ..TrainConfig::default()
    }
}

/// Ten steps on the processor, and on a device of its own, on which what is made is counted.
pub(crate) fn both(config: &TrainConfig, precision: Precision) -> (Vec<[f64; 4]>, Vec<[f64; 4]>) {
    let graph = graph_of(&description(), config).unwrap();
    let on_processor = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    let gpu = Gpu::create_blocking().unwrap();
    let on_device = GpuEngine::new_blocking(&gpu, &graph, &config.ema_rates, precision).unwrap();
    (
        ten_steps(on_processor, config, || None),
        ten_steps(on_device, config, || Some(at_rest(&gpu))),
    )
}

/// What a device holds when nothing is on its way any more.
fn at_rest(gpu: &Gpu) -> Held {
    gpu.queue().submit([]);
    let wait = wgpu::PollType::wait_indefinitely();
    gpu.device().poll(wait).unwrap();
    Held::by(gpu)
}

pub(crate) fn compare(steps: &[[f64; 4]], expected: &[[f64; 4]], tolerance: f64) {
    for (at, (step, expected)) in steps.iter().zip(expected).enumerate() {
        for (which, (mine, expected)) in step.iter().zip(expected).enumerate() {
            assert!(
                (mine - expected).abs() < tolerance * expected.abs(),
                "step {at}, number {which}: {mine}, not {expected}"
            );
        }
    }
}

#[test]
fn ten_steps_are_those_of_the_processor() {
    let (expected, steps) = both(&ten_step_config(), Precision::Full);
    // Sums of some hundreds of roundings of 6e-8 each, in two orders; a step carries them on.
    compare(&steps, &expected, 1e-5);
}

#[test]
fn wrong_input_is_refused() {
    let config = TrainConfig {
        batch: 2,
        microbatch: 2,
        ..TrainConfig::default()
    };
    let graph = graph_of(&description(), &config).unwrap();
    let mut engine = GpuEngine::new_blocking(gpu(), &graph, &[0.5], Precision::Full).unwrap();
    let (image, rows, timesteps) = (vec![0.0; 2 * SIDE * SIDE], vec![0.0; 32], vec![0.0; 2]);
    let batch = Batch {
        x_start: &image,
        noise: &image,
        rows: &rows,
        timesteps: &timesteps,
        labels: Some(&[0, 2]),
        low_res: None,
        keys: None,
    };
    let mut loss = vec![0.0; 6];
    engine.accumulate(&batch, &mut loss).unwrap();
    let mut refused = |batch: Batch<'_>, loss: &mut [f32]| match engine.accumulate(&batch, loss) {
        Err(TrainError::Gpu(error)) => error,
        other => panic!("{other:?}"),
    };
    let label = Batch {
        labels: Some(&[0, 3]),
        ..batch
    };
    assert_eq!(
        refused(label, &mut loss),
        GpuError::Label {
            index: 1,
            label: 3,
            classes: 3
        }
    );
    let none = Batch {
        labels: None,
        ..batch
    };
    assert_eq!(
        refused(none, &mut loss),
        GpuError::LabelsExpected { expected: true }
    );
    let keys = Batch {
        keys: Some(&[1; 8]),
        ..batch
    };
    let length = |what, len, expected| GpuError::Length {
        what,
        len,
        expected,
    };
    assert_eq!(refused(keys, &mut loss), length("keys", 8, 0));
    let short = Batch {
        noise: &image[1..],
        ..batch
    };
    assert_eq!(refused(short, &mut loss), length("noise", 127, 128));
    assert_eq!(refused(batch, &mut loss[1..]), length("losses", 5, 6));

    let mut weights = vec![0.0; graph.weights_len()];
    let error = engine.read(Slot::Ema(1), &mut weights).unwrap_err();
    assert!(
        matches!(error, TrainError::NoSuchAverage { index: 1, count: 1 }),
        "{error}"
    );
    let error = engine.write(Slot::Weights, &weights[1..]).unwrap_err();
    assert!(matches!(error, TrainError::Length { .. }), "{error}");
}

#[test]
fn sums_begin_anew_with_each_step() {
    let (_, case) = super::cpu::cases().into_iter().next().unwrap();
    let mut engine = GpuEngine::new_blocking(gpu(), &case.graph, &[], Precision::Full).unwrap();
    check_that_sums_begin_anew(&mut engine, &case);
}

/// A class is checked whichever way it is given.
#[test]
fn wrong_labels_are_named() {
    let mut cases = super::cpu::cases().into_iter().map(|(_, case)| case);
    let case = cases.find(|case| case.graph.classes().is_some()).unwrap();
    let engine = GpuEngine::new_blocking(gpu(), &case.graph, &[], Precision::Full).unwrap();
    let (training, classes) = (engine.training(), case.graph.classes().unwrap());
    let mut labels = vec![0; case.graph.batch()];
    assert_eq!(training.write_labels(Some(&labels)), Ok(()));
    labels[0] = classes;
    let wrong = GpuError::Label {
        index: 0,
        label: classes,
        classes,
    };
    assert_eq!(training.write_labels(Some(&labels)), Err(wrong.clone()));
    labels[0] = (classes as f32).to_bits();
    let written = training.write_input(Input::Labels, Some(&labels));
    assert_eq!(written, Err(wrong));
    labels[0] = 0.5_f32.to_bits();
    let written = training.write_input(Input::Labels, Some(&labels));
    let (index, number) = (0, 0.5);
    assert_eq!(written, Err(GpuError::NoLabel { index, number }));
}
