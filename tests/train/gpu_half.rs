//! Training in f16 on a GPU, with a loss scale and masters in f32.

use iddpm::diffusion::LossRow;
use iddpm::gpu::{Gpu, Kept, Precision, Variants, distinct_variants, wgpu};
use iddpm::train::{
    AdamW, Batch, Engine, GpuEngine, OptimizerStep, Slot, TrainConfig, graph_of, initial_weights,
};

use super::gpu::{RUN_AGAIN, bits, gpu, gradients};
use super::gpu_runs::{SIDE, both, compare, description, singles, ten_step_config};

/// The word of a [`LossRow`] that an image's loss is weighted by.
const WEIGHT: usize = 13;

/// The distance of a scaled gradient to the reference's, relative to the norm of that.
fn distance(gradients: &[f32], scale: f64, truth: &[f64]) -> f64 {
    let pairs = gradients.iter().zip(truth);
    let squares = pairs.map(|(&mine, truth)| (f64::from(mine) / scale - truth).powi(2));
    let all = truth.iter().map(|truth| truth * truth);
    (squares.sum::<f64>() / all.sum::<f64>()).sqrt()
}

/// Activations and their gradients in f16, the loss scaled. Rounding the weights alone shows how a network
/// carries relative errors of 2^-12 of each layer, once forwards and once backwards, to its gradient;
/// with all in f16 a layer rounds its weights, two or three activations and as many gradients: at most seven
/// errors of one size and no common direction, √7 times that.
#[test]
fn gradients_in_f16() {
    let device = gpu().device();
    if !device.features().contains(wgpu::Features::SHADER_F16) {
        println!("the device has no f16");
        return;
    }
    for (name, case) in super::cpu::cases() {
        let truth = case.reference().gradients;
        let scaled = |gpu: &Gpu, scale: f64, precision| {
            let inputs = case.inputs();
            let mut rows = inputs.rows.to_vec();
            for row in rows.chunks_exact_mut(LossRow::LEN) {
                row[WEIGHT] *= scale as f32;
            }
            let batch = Batch {
                rows: &rows,
                ..inputs
            };
            let (loss, mine) = gradients(gpu, &case.graph, &case.weights, &batch, precision);
            assert!(loss.iter().all(|loss| loss.is_finite()));
            (distance(&mine, scale, &truth), mine)
        };
        let (by_weights, _) = scaled(gpu(), 1.0, Precision::HalfWeights);
        let all = Variants::all(device, gpu().matrices());
        for variants in distinct_variants(all, &case.graph, Precision::Half).unwrap() {
            let gpu = gpu().clone().with_variants(variants);
            let (found, first) = scaled(&gpu, 1024.0, Precision::Half);
            println!("{name}, {variants:?}: {found:.2e}, by weights alone {by_weights:.2e}");
            assert!(
                found < 7_f64.sqrt() * by_weights && found > by_weights,
                "{name}, {variants:?}: {found:e}, by weights alone {by_weights:e}"
            );
            if !RUN_AGAIN.contains(&name) {
                continue;
            }
            let (_, again) = scaled(&gpu, 1024.0, Precision::Half);
            assert_eq!(bits(&first), bits(&again), "{name}, {variants:?}");
            // What f16 cannot hold is seen in the gradient, by which the step is not taken.
            let (_, overflown) = scaled(&gpu, 1e12, Precision::Half);
            assert!(overflown.iter().any(|gradient| !gradient.is_finite()));
        }
    }
}

/// With a loss scale. Weights in f16 are those of the processor but where the weights that are trained,
/// which differ in their last bits, lie beside the middle of two: 1e-6 of 5e-4 of them, or one of some
/// hundred thousand. Activations in f16 round by 5e-4 what the processor keeps, as a rule in no common direction
/// over an image and a batch.
#[test]
fn ten_steps_in_f16() {
    let config = TrainConfig {
        half: true,
        ..ten_step_config()
    };
    let (expected, steps) = both(&config, Precision::HalfWeights);
    compare(&steps, &expected, 1e-4);
    let has_half = gpu()
        .device()
        .features()
        .contains(wgpu::Features::SHADER_F16);
    if has_half {
        let (expected, steps) = both(&config, Precision::Half);
        compare(&steps, &expected, 1e-2);
    }
}

/// After steps, the network runs with what f16 holds of the weights: a fresh engine, whose weights the host
/// has rounded, has the same bits.
#[test]
fn weights_in_f16_are_rounded_from_those_that_are_trained() {
    let config = TrainConfig {
        batch: 2,
        microbatch: 2,
        ..ten_step_config()
    };
    let graph = graph_of(&description(), &config).unwrap();
    let fresh = || GpuEngine::new_blocking(gpu(), &graph, &[], Precision::HalfWeights).unwrap();
    let image = singles(6, 2 * SIDE * SIDE, 1.0);
    let rows = [
        0.7, 0.7, 0.0, 1.0, 0.0, 0.1, -3.0, -3.0, 0.1, 0.0, 1.0, 0.1, 0.0, 1.0, 0.0, 0.0,
    ];
    let batch = Batch {
        x_start: &image,
        noise: &image,
        rows: &[rows, rows].concat(),
        timesteps: &[3.0, 40.0],
        labels: Some(&[0, 2]),
        low_res: None,
        keys: Some(&[1, 2, 3, 4, 5, 6, 7, 8]),
    };
    let mut trained = fresh();
    let weights = initial_weights(&graph, 1).unwrap();
    trained.write(Slot::Weights, &weights).unwrap();
    let mut loss = [0.0; 6];
    for step in 1..=3 {
        trained.accumulate(&batch, &mut loss).unwrap();
        let update = OptimizerStep {
            adamw: AdamW::default(),
            lr: 0.01,
            step,
            unscale: 1.0,
            clip: None,
            ema_warm_up: false,
        };
        assert!(trained.update(&update).unwrap().taken);
    }
    let mut weights_now = vec![0.0; graph.weights_len()];
    trained.read(Slot::Weights, &mut weights_now).unwrap();
    let changed = weights.iter().zip(&weights_now).filter(|(a, b)| a != b);
    assert!(changed.count() > 10_000, "weights are trained");
    let mut written = fresh();
    written.write(Slot::Weights, &weights_now).unwrap();
    let gradients = |engine: &mut GpuEngine| {
        let mut loss = [0.0; 6];
        engine.accumulate(&batch, &mut loss).unwrap();
        let mut numbers = vec![0.0; graph.weights_len()];
        let training = engine.training();
        training
            .read_blocking(Kept::Gradients, &mut numbers)
            .unwrap();
        (loss, numbers)
    };
    assert_eq!(gradients(&mut trained), gradients(&mut written));
}
