//! How fast the output law of each deterministic method approaches the data's as steps double.
//!
//! The levels are uniform in λ = ln(√ᾱ/√(1-ᾱ)) from -3 to 3, the run starts from the exact marginal
//! at -3 and is measured at 3, before the last step, which is of first order in every method
//! (it goes to λ = ∞). The probability flow carries N(m, d²) at one level to N(m', d'²) at the
//! other, so all of the error is the method's.

use iddpm::diffusion::{Clip, Diffusion, Level, Method, Prediction, Process, ProcessView, Sampler};
use iddpm::diffusion::{Schedule, Timesteps};

use crate::law::{Data, Law};

const DATA: Data = Data {
    mean: 0.5,
    variance: 0.16,
};

const PREDICTIONS: [Prediction; 4] = [
    Prediction::Epsilon,
    Prediction::XStart,
    Prediction::PreviousX,
    Prediction::V,
];

/// Levels at the ends of equal intervals in λ, the least noisy first.
fn alpha_bars(intervals: u32) -> Vec<f64> {
    let lambda = |k: u32| 3.0 - 6.0 * f64::from(k) / f64::from(intervals);
    (0..=intervals)
        .map(|k| 1.0 / (1.0 + (-2.0 * lambda(k)).exp()))
        .collect()
}

/// Calls `run` with the process of these levels.
fn with_process<R>(
    alpha_bars: &[f64],
    prediction: Prediction,
    run: impl FnOnce(ProcessView<'_>) -> R,
) -> R {
    let model = Diffusion::new(Schedule::AlphaBars(alpha_bars), alpha_bars.len() as u32)
        .with_prediction(prediction);
    let mut storage = vec![Level::default(); alpha_bars.len()];
    run(Process::in_slice(&model, Timesteps::ALL, &mut storage).unwrap())
}

/// The law after one evaluation of a run over these levels.
fn advance(law: Law, sampler: &Sampler<'_>, position: u32) -> Law {
    let step = sampler.step_at(position).unwrap();
    let process = sampler.process();
    let levels = process.levels();
    let before = step.index().checked_sub(1);
    let output = DATA.output(
        process.prediction(),
        levels[step.index()].alpha_bar,
        before.map_or(1.0, |before| levels[before].alpha_bar),
    );
    law.step(step.update(), output, f64::NAN)
}

/// The 2-Wasserstein distance of a run's law at λ = 3 from the data's there.
fn forward_error(method: Method, prediction: Prediction, intervals: u32) -> f64 {
    let alpha_bars = alpha_bars(intervals);
    with_process(&alpha_bars, prediction, |process| {
        let sampler = Sampler::new(&process, method, Clip::None).unwrap();
        let start = DATA.marginal(alpha_bars[intervals as usize]);
        // All evaluations but that of the last step.
        let law = (0..sampler.evaluations() - 1)
            .fold(start, |law, position| advance(law, &sampler, position));
        let truth = DATA.marginal(alpha_bars[0]);
        (law.mean[0] - truth.mean[0]).hypot(law.deviation - truth.deviation)
    })
}

/// How far DDIM brings a point at λ = 3 from where it was, once reverse DDIM has taken it to -3.
fn round_trip_error(prediction: Prediction, intervals: u32, x: f64) -> f64 {
    with_process(&alpha_bars(intervals), prediction, |process| {
        let there = Sampler::new(&process, Method::DdimReverse, Clip::None).unwrap();
        let back = Sampler::new(&process, Method::Ddim { eta: 0.0 }, Clip::None).unwrap();
        let point = Law::of_x(x, 0.0);
        let noise = (0..intervals).fold(point, |law, position| advance(law, &there, position));
        assert!((noise.mean[0] - x).abs() > 0.05, "{x} went nowhere");
        let image = (0..intervals).fold(noise, |law, position| advance(law, &back, position));
        (image.mean[0] - x).abs()
    })
}

/// The observed orders log2(e(n)/e(2n)) for n = 32, 64, 128, 256.
fn orders(error: impl Fn(u32) -> f64) -> Vec<f64> {
    let errors: Vec<_> = (5..=9).map(|power| error(1 << power)).collect();
    errors
        .windows(2)
        .map(|pair| (pair[0] / pair[1]).log2())
        .collect()
}

/// An error c·h^p + c'·h^(p+1) has the observed order p + O(h). At the first doubling h is 6/32, and
/// the second-order methods' bands leave room for c'/c of about 1; a method of another order is
/// off by 1.
#[test]
fn methods_converge_at_their_order() {
    let methods = [
        (Method::Ddim { eta: 0.0 }, 0.9..1.15),
        (Method::DpmSolverPlusPlus2M, 1.85..2.2),
        (Method::Heun, 1.85..2.2),
    ];
    for (method, band) in methods {
        for prediction in PREDICTIONS {
            let orders = orders(|intervals| forward_error(method, prediction, intervals));
            println!("{method:?}, {prediction:?}: {orders:.3?}");
            assert!(
                orders.iter().all(|order| band.contains(order)),
                "{method:?}, {prediction:?}: observed orders {orders:?}"
            );
        }
    }
}

/// Each step there and back errs by O(h²), as Euler's explicit method both ways does.
#[test]
fn reverse_ddim_then_ddim_returns_at_order_1() {
    for prediction in PREDICTIONS {
        for x in [-1.0, 0.1, 1.3] {
            let orders = orders(|intervals| round_trip_error(prediction, intervals, x));
            println!("{prediction:?}, x = {x}: {orders:.3?}");
            assert!(
                orders.iter().all(|order| (0.9..1.15).contains(order)),
                "{prediction:?}, x = {x}: observed orders {orders:?}"
            );
        }
    }
}
