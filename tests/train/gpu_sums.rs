//! Where gradients are summed that a step is taken by: one microbatch's stay where they are, several are added up, and
//! nobody can tell but by the time it takes.

use iddpm::diffusion::LossRow;
use iddpm::gpu::{Kept, Precision};
use iddpm::train::{AdamW, Batch, Engine, GpuEngine, OptimizerStep, Slot};

use super::cpu::{self, Case};
use super::gpu::{bits, gpu};

const RATES: [f64; 2] = [0.9, 0.5];

/// Of the smallest networks: where sums lie is the same in each.
fn cases() -> impl Iterator<Item = (Case, Precision)> {
    let cases = cpu::cases().into_iter().rev().take(2).map(|(_, case)| case);
    cases.zip([Precision::Full, Precision::HalfWeights])
}

fn engine(case: &Case, precision: Precision) -> GpuEngine {
    let mut engine = GpuEngine::new_blocking(gpu(), &case.graph, &RATES, precision).unwrap();
    engine.training_mut().poison().unwrap();
    let zeros = vec![0.0; case.weights.len()];
    for slot in slots() {
        let is_moment = matches!(slot, Slot::FirstMoment | Slot::SecondMoment);
        let numbers = if is_moment { &zeros } else { &case.weights };
        engine.write(slot, numbers).unwrap();
    }
    engine
}

fn slots() -> [Slot; 5] {
    [
        Slot::Weights,
        Slot::FirstMoment,
        Slot::SecondMoment,
        Slot::Ema(0),
        Slot::Ema(1),
    ]
}

/// Runs a microbatch whose images weigh so much.
fn accumulate(engine: &mut GpuEngine, case: &Case, weight: f32) {
    let inputs = case.inputs();
    let mut rows = inputs.rows.to_vec();
    for row in rows.chunks_exact_mut(LossRow::LEN) {
        row[13] = weight;
    }
    let batch = Batch {
        rows: &rows,
        ..inputs
    };
    let mut loss = vec![0.0; 3 * case.graph.batch()];
    engine.accumulate(&batch, &mut loss).unwrap();
}

fn kept(engine: &GpuEngine, kept: Kept) -> Vec<f32> {
    let training = engine.training();
    let mut numbers = vec![0.0; training.weights_len()];
    training.read_blocking(kept, &mut numbers).unwrap();
    numbers
}

/// Adds as a device does.
fn add(sum: &mut [f32], numbers: &[f32]) {
    for (sum, number) in sum.iter_mut().zip(numbers) {
        *sum += number;
    }
}

/// The same numbers: one sum's 0 may be of the other sign, and what is none of another kind.
fn check_same(mine: &[f32], expected: &[f32], what: &str) {
    assert_eq!(mine.len(), expected.len(), "{what}");
    for (at, (mine, expected)) in mine.iter().zip(expected).enumerate() {
        let same = mine == expected || mine.is_nan() && expected.is_nan();
        assert!(same, "{what}: {mine}, not {expected}, at {at}");
    }
}

fn update(step: u64) -> OptimizerStep {
    OptimizerStep {
        adamw: AdamW {
            weight_decay: 0.1,
            ..AdamW::default()
        },
        lr: 0.01,
        step,
        unscale: 0.5,
        clip: Some(0.5),
        ema_warm_up: false,
    }
}

/// An engine that runs microbatches beside one that is given their sum: after each step both hold the same bits, whether
/// there was one, or several, or none, and where the step was not taken.
#[test]
fn a_step_is_that_of_the_sum() {
    for (case, precision) in cases() {
        let (mut trained, mut given) = (engine(&case, precision), engine(&case, precision));
        let steps: [&[f32]; 11] = [
            &[1.0],
            &[1.0, 0.5],
            &[0.3, 2.0, 1.0],
            &[],
            &[1.5],
            &[f32::INFINITY],
            &[1.0],
            &[0.5, f32::INFINITY],
            &[],
            &[1.0, 1.0],
            &[2.0],
        ];
        for (step, weights) in (1..).zip(steps) {
            let what = format!("{precision:?}, step {step}");
            let mut sum = vec![0.0; case.weights.len()];
            for &weight in weights {
                accumulate(&mut trained, &case, weight);
                add(&mut sum, &kept(&trained, Kept::Gradients));
                check_same(&kept(&trained, Kept::Sum), &sum, &what);
            }
            given.training_mut().write(Kept::Sum, &sum).unwrap();
            let update = update(step);
            let is_finite = weights.iter().all(|weight| weight.is_finite());
            let norms = [&mut trained, &mut given].map(|engine| {
                let before = slots().map(|slot| bits(&kept(engine, Kept::Slot(slot))));
                let norm = engine.gradient_norm(update.unscale).unwrap();
                let report = engine.update(&update).unwrap();
                assert_eq!(report.taken, is_finite, "{what}");
                assert_eq!(norm.is_finite(), is_finite, "{what}");
                if is_finite {
                    assert_eq!(norm, report.grad_norm, "{what}");
                    assert_eq!(norm > 0.0, !weights.is_empty(), "{what}");
                } else {
                    let after = slots().map(|slot| bits(&kept(engine, Kept::Slot(slot))));
                    assert_eq!(before, after, "{what}");
                }
                check_same(
                    &kept(engine, Kept::Sum),
                    &vec![0.0; case.weights.len()],
                    &what,
                );
                report.grad_norm
            });
            check_same(&[norms[0] as f32], &[norms[1] as f32], &what);
            for slot in slots() {
                let [mine, expected] =
                    [&trained, &given].map(|engine| kept(engine, Kept::Slot(slot)));
                assert_eq!(bits(&mine), bits(&expected), "{what}, {slot:?}");
            }
        }
    }
}

/// The sum is no longer where gradients lie when those are written, be it by the caller.
#[test]
fn what_is_written_leaves_the_rest_of_the_sum() {
    let (case, precision) = cases().next().unwrap();
    let mut engine = engine(&case, precision);
    let zeros = vec![0.0; case.weights.len()];
    check_same(&kept(&engine, Kept::Sum), &zeros, "poisoned");

    accumulate(&mut engine, &case, 1.0);
    let mut sum = kept(&engine, Kept::Gradients);
    // What is refused changes nothing.
    let training = engine.training_mut();
    training.write(Kept::Sum, &sum[1..]).unwrap_err();
    training.write(Kept::Gradients, &sum[1..]).unwrap_err();
    training.accumulate_blocking(&mut []).unwrap_err();
    let no_rates = training.update_blocking(&update(1).numbers(), &[]);
    no_rates.unwrap_err();
    check_same(&kept(&engine, Kept::Sum), &sum, "refused");

    let training = engine.training_mut();
    training.write(Kept::Gradients, &case.weights).unwrap();
    check_same(
        &kept(&engine, Kept::Gradients),
        &case.weights,
        "gradients of the caller's",
    );
    check_same(&kept(&engine, Kept::Sum), &sum, "the sum beside them");
    accumulate(&mut engine, &case, 1.0);
    add(&mut sum, &kept(&engine, Kept::Gradients));
    check_same(&kept(&engine, Kept::Sum), &sum, "two microbatches");

    for is_pending in [false, true] {
        assert!(engine.update(&update(1)).unwrap().taken);
        if is_pending {
            accumulate(&mut engine, &case, 2.0);
        }
        let training = engine.training_mut();
        training.write(Kept::Sum, &case.weights).unwrap();
        check_same(
            &kept(&engine, Kept::Sum),
            &case.weights,
            "a sum of the caller's",
        );
        accumulate(&mut engine, &case, 1.0);
        let mut sum = case.weights.clone();
        add(&mut sum, &kept(&engine, Kept::Gradients));
        check_same(&kept(&engine, Kept::Sum), &sum, "and a microbatch");
    }

    assert!(engine.update(&update(2)).unwrap().taken);
    accumulate(&mut engine, &case, 1.0);
    engine.training_mut().poison().unwrap();
    check_same(&kept(&engine, Kept::Sum), &zeros, "poisoned again");
}
