//! Saved data through JSON: the same bits come back, and what is not whole is refused.
//!
//! serde_json reads floats to the last bit only with its feature `float_roundtrip`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod names;

use core::convert::Infallible;

use iddpm::diffusion::resample::{LossSecondMoment, Resampler, Uniform};
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, Method, ModelCard, Noise, Prediction, Query,
    Sample, Sampler, SamplerState, Schedule, Timesteps, Update, Variance, WeightSet,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A deviate with all 53 bits: a number that is short in decimal would prove little.
fn uniform(element: u64) -> f64 {
    Noise::new(3).stream(0, 0).uniform_f64(element)
}

fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// `Debug` shows a float's shortest digits that no other float has, so equal text is equal bits.
#[track_caller]
fn assert_survives<T: Serialize + DeserializeOwned + core::fmt::Debug>(value: T) {
    let back = through_json(&value);
    assert_eq!(format!("{back:?}"), format!("{value:?}"));
}

fn schedules() -> Vec<Schedule<'static>> {
    let sigmoid = |k: u64| Schedule::Sigmoid {
        start: -3.0 - uniform(3 * k),
        end: 3.0 + uniform(3 * k + 1),
        tau: 0.5 + uniform(3 * k + 2),
    };
    let plain = [Schedule::Linear, Schedule::Cosine, Schedule::SIGMOID];
    plain.into_iter().chain((0..200).map(sigmoid)).collect()
}

const METHODS: [Method; 5] = [
    Method::Ancestral,
    Method::Ddim { eta: 0.1 + 0.2 },
    Method::DdimReverse,
    Method::DpmSolverPlusPlus2M,
    Method::Heun,
];

fn clips() -> [Clip; 3] {
    let dynamic = Clip::Dynamic {
        ratio: uniform(1),
        max: 1.0 + uniform(2),
    };
    [Clip::None, Clip::Unit, dynamic]
}

fn diffusions() -> Vec<Diffusion<'static>> {
    let mut all = Vec::new();
    for schedule in schedules() {
        for (prediction, variance) in [
            (Prediction::Epsilon, Variance::FixedSmall),
            (Prediction::XStart, Variance::FixedLarge),
            (Prediction::PreviousX, Variance::Learned),
            (Prediction::V, Variance::LearnedRange),
        ] {
            let model = Diffusion::new(schedule, 400)
                .with_prediction(prediction)
                .with_variance(variance)
                .with_rescaled_timesteps(variance.is_learned())
                .with_zero_terminal_snr(prediction == Prediction::V);
            all.push(model);
        }
    }
    all
}

#[test]
fn states_methods_clips_diffusions_and_cards_survive() {
    for fingerprint in [0, 1, u64::MAX, 0x8000_0000_0000_0001] {
        assert_survives(SamplerState {
            fingerprint,
            position: u32::MAX,
        });
    }
    METHODS.into_iter().for_each(assert_survives);
    (0..500).for_each(|k| assert_survives(Method::Ddim { eta: uniform(k) }));
    clips().into_iter().for_each(assert_survives);
    for diffusion in diffusions() {
        assert_survives(diffusion);
        for weights in [WeightSet::Raw, WeightSet::Ema { rate: uniform(7) }] {
            assert_survives(ModelCard {
                diffusion,
                weights,
                step: u64::MAX - 1,
            });
        }
    }
    assert_survives(Sample {
        noise: Noise::new(u64::MAX),
        number: 1 << 63,
        label: Some(u32::MAX),
    });
}

#[test]
fn every_number_of_every_step_survives() {
    for model in diffusions().into_iter().take(24) {
        let process = InlineProcess::<30>::new(&model, Timesteps::trailing(30)).unwrap();
        for method in METHODS {
            for clip in clips() {
                let Ok(sampler) = Sampler::new(&process, method, clip) else {
                    continue;
                };
                for step in sampler {
                    assert_survives::<Update>(*step.update());
                }
            }
        }
        for &level in process.levels() {
            assert_survives(level);
        }
    }
}

#[test]
fn loss_histories_survive() {
    let storage = vec![0.0; LossSecondMoment::storage_len(5, 3)];
    let mut law = LossSecondMoment::new(storage, 5, 3, 0.001).unwrap();
    for round in 0..5 {
        let losses: Vec<_> = (0..5).map(|t| uniform(5 * round + t) * 10.0).collect();
        law.update(&[0, 1, 2, 3, 4], &losses).unwrap();
        let back: LossSecondMoment<Vec<f64>> = through_json(&law);
        assert_eq!(back, law);
        assert_eq!(back.is_warm(), round >= 2);
        let sum: f64 = (0..5).map(|timestep| back.probability(timestep)).sum();
        assert!((sum - 1.0).abs() < 1e-15);
        for k in 0..100 {
            let deviate = uniform(1000 + k);
            assert_eq!(back.draw(deviate), law.draw(deviate));
        }
    }
}

/// A file may hold anything that has the right shape: no numbers in it make a law panic.
#[test]
fn laws_read_from_any_numbers_do_not_panic() {
    let empty: Uniform = serde_json::from_str(r#"{"num_timesteps":0}"#).unwrap();
    assert_eq!(empty.probability(0), 0.0);
    assert_eq!(empty.draw(0.5).unwrap().timestep, 0);
    let whole = [0, 1, 2, u32::MAX];
    for (num_timesteps, history, full) in whole.iter().flat_map(|&t| {
        whole
            .iter()
            .flat_map(move |&h| whole.map(|full| (t, h, full)))
    }) {
        for rows in [
            "[]",
            "[1e300]",
            "[0,0,0,0,0,0,0]",
            "[-5,1e308,9e99,-1,1e308,3]",
        ] {
            let text = format!(
                r#"{{"num_timesteps":{num_timesteps},"history_per_term":{history},
                "uniform_probability":0.5,"full":{full},"rows":{rows}}}"#
            );
            let mut law: LossSecondMoment<Vec<f64>> = serde_json::from_str(&text).unwrap();
            for round in 0..4 {
                let _ = law.update(&[0, 1], &[1.0, f64::from(round)]);
                for timestep in [0, 1, 2, u32::MAX] {
                    let _ = (law.probability(timestep), law.held(timestep));
                    assert!(law.losses(timestep).len() < 6);
                }
                // A walk over all of T is what a draw costs.
                if num_timesteps < u32::MAX {
                    let _ = law.draw(0.7);
                }
            }
        }
    }
}

/// A table is not part of a description: storing one is an error, not a loss.
#[test]
fn tables_are_not_stored() {
    for schedule in [
        Schedule::Betas(&[0.1, 0.2]),
        Schedule::AlphaBars(&[0.9, 0.2]),
    ] {
        let text = serde_json::to_string(&Diffusion::new(schedule, 2));
        assert!(text.is_err(), "{text:?}");
    }
    for name in ["betas", "alpha_bars"] {
        let read = serde_json::from_str::<Schedule<'_>>(&format!("{{\"{name}\":[0.1]}}"));
        assert!(read.is_err(), "{read:?}");
    }
}

/// Leaves out each field in turn, and adds one.
#[test]
fn nothing_is_missing_and_nothing_is_added() {
    fn check<T: Serialize + DeserializeOwned>(value: &T) {
        let whole = serde_json::to_value(value).unwrap();
        let fields = whole.as_object().unwrap();
        assert!(fields.len() > 1);
        for name in fields.keys() {
            let mut part = fields.clone();
            part.remove(name);
            assert!(
                serde_json::from_value::<T>(part.into()).is_err(),
                "without {name}"
            );
        }
        let mut more = fields.clone();
        more.insert("colour".into(), true.into());
        assert!(serde_json::from_value::<T>(more.into()).is_err());
    }
    let diffusion = Diffusion::new(Schedule::Cosine, 4000);
    check(&diffusion);
    check(&ModelCard {
        diffusion,
        weights: WeightSet::Ema { rate: 0.9999 },
        step: 500_000,
    });
    check(&SamplerState {
        fingerprint: 1,
        position: 2,
    });
}

/// Names as they are written in files: they must not change.
#[test]
fn a_card_reads_as_it_is_written() {
    let text = r#"{
        "diffusion": {
            "schedule": {"sigmoid": {"start": -3.0, "end": 3.0, "tau": 0.9}},
            "num_timesteps": 1000,
            "zero_terminal_snr": true,
            "prediction": "x_start",
            "variance": "learned_range",
            "rescale_timesteps": false
        },
        "weights": {"ema": {"rate": 0.9999}},
        "step": 250000
    }"#;
    let schedule = Schedule::Sigmoid {
        start: -3.0,
        end: 3.0,
        tau: 0.9,
    };
    let card = ModelCard {
        diffusion: Diffusion::new(schedule, 1000)
            .with_prediction(Prediction::XStart)
            .with_rescaled_timesteps(false)
            .with_zero_terminal_snr(true),
        weights: WeightSet::Ema { rate: 0.9999 },
        step: 250_000,
    };
    assert_eq!(serde_json::from_str::<ModelCard<'_>>(text).unwrap(), card);
    let written: serde_json::Value = serde_json::to_value(card).unwrap();
    assert_eq!(
        written,
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
}

struct Half;

impl Denoiser for Half {
    type Error = Infallible;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), Infallible> {
        for (output, x) in output.iter_mut().zip(x.iter().cycle()) {
            *output = 0.5 * x + query.timestep * 1e-3;
        }
        Ok(())
    }
}

/// A paused generation as JSON: description, cursor, x and history.
#[derive(Clone)]
struct Saved {
    diffusion: String,
    method: String,
    clip: String,
    state: String,
    sample: String,
    pixels: String,
}

impl Saved {
    /// Takes up to `count` evaluations from where it was saved.
    fn resumed(&self, count: usize) -> Self {
        let diffusion: Diffusion<'_> = serde_json::from_str(&self.diffusion).unwrap();
        let process = InlineProcess::<9>::new(&diffusion, Timesteps::trailing(9)).unwrap();
        let method = serde_json::from_str(&self.method).unwrap();
        let clip = serde_json::from_str(&self.clip).unwrap();
        let sample: Sample = serde_json::from_str(&self.sample).unwrap();
        let (mut x, mut history): (Vec<f32>, Vec<f32>) =
            serde_json::from_str(&self.pixels).unwrap();
        let mut sampler = Sampler::new(&process, method, clip).unwrap();
        sampler
            .resume(serde_json::from_str(&self.state).unwrap())
            .unwrap();
        let mut output = vec![0.0; process.prediction_len(x.len())];
        let mut noise = vec![0.0; x.len()];
        for _ in 0..count {
            let mut image = Image {
                x: &mut x,
                output: &mut output,
                noise: &mut noise,
                history: &mut history,
            };
            if !sample.advance(&mut sampler, &mut Half, &mut image).unwrap() {
                break;
            }
        }
        Self {
            state: serde_json::to_string(&sampler.state()).unwrap(),
            pixels: serde_json::to_string(&(x, history)).unwrap(),
            ..self.clone()
        }
    }
}

#[test]
fn a_run_resumed_from_json_is_the_run() {
    let sigmoid = schedules().pop().unwrap();
    let diffusion = Diffusion::new(sigmoid, 400)
        .with_prediction(Prediction::V)
        .with_variance(Variance::FixedLarge);
    let process = InlineProcess::<9>::new(&diffusion, Timesteps::trailing(9)).unwrap();
    for method in METHODS {
        for clip in clips() {
            let sampler = Sampler::new(&process, method, clip).unwrap();
            let sample = Sample {
                noise: Noise::new(8),
                number: 2,
                label: None,
            };
            let mut x = vec![0.0; 70];
            sample.begin(&mut x);
            let start = Saved {
                diffusion: serde_json::to_string(&diffusion).unwrap(),
                method: serde_json::to_string(&method).unwrap(),
                clip: serde_json::to_string(&clip).unwrap(),
                state: serde_json::to_string(&sampler.state()).unwrap(),
                sample: serde_json::to_string(&sample).unwrap(),
                pixels: serde_json::to_string(&(&x, vec![0.0; 70])).unwrap(),
            };
            let whole = start.resumed(usize::MAX);
            assert_ne!(whole.pixels, start.pixels);
            for cut in 0..=sampler.len() {
                let pieces = start.resumed(cut).resumed(usize::MAX);
                assert_eq!(pieces.pixels, whole.pixels, "{method:?}, cut at {cut}");
                assert_eq!(pieces.state, whole.state);
            }
        }
    }
}
