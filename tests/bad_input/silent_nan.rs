//! Inputs that once came back as NaN, or as a panic, without an error.

use iddpm::diffusion::Error;
use iddpm::diffusion::exact::{GaussianData, ListedImages};
use iddpm::diffusion::likelihood::{Noised, term};
use iddpm::diffusion::resample::{LossSecondMoment, Resampler};
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, InlineProcess, Linear, Method, Prediction, ProcessView, Query,
    Sampler, SamplerState, Schedule, Slice, Step, Timesteps, Variance,
};

fn process() -> InlineProcess<8> {
    let model = Diffusion::new(Schedule::Cosine, 8).with_variance(Variance::FixedSmall);
    InlineProcess::new(&model, Timesteps::ALL).unwrap()
}

#[test]
fn two_last_levels_that_are_shifted_to_0_together() {
    let above = f64::from_bits(0.25_f64.to_bits() + 1);
    let table = [0.5, above, 0.25];
    let levels = Schedule::AlphaBars(&table).levels(3, true);
    assert!(levels.is_err(), "{levels:?}");
}

#[test]
fn noise_that_is_nan_is_found_though_only_a_mean_square_reads_it() {
    let x = [0.5_f32, -0.5];
    let image = Noised {
        x_start: &x,
        noise: &[0.0, f32::NAN],
        x_t: &x,
    };
    let error = Error::NotFinite {
        slice: Slice::Noise,
        index: 1,
    };
    assert_eq!(term(&process(), 3, image, &x, Clip::Unit), Err(error));
}

#[test]
fn a_length_beyond_all_memory_does_not_overflow() {
    let learned = Diffusion::new(Schedule::Cosine, 8);
    let process = InlineProcess::<8>::new(&learned, Timesteps::ALL).unwrap();
    assert_eq!(process.prediction_len(usize::MAX), usize::MAX);
}

#[test]
fn squares_whose_sum_overflows() {
    let mut law = LossSecondMoment::new([0.0; 8], 2, 2, 0.0).unwrap();
    let loss = 1.3e154;
    let error = Error::Loss { timestep: 1, loss };
    assert_eq!(law.update(&[1], &[loss]), Err(error));
    assert_eq!(law.probability(1), 0.5);
}

#[test]
fn the_image_nearest_to_nan_is_none() {
    let process = process();
    let images = [-1.0, 1.0];
    let law = ListedImages::new(process.view(), &images, 1).unwrap();
    let error = Error::NotFinite {
        slice: Slice::X,
        index: 0,
    };
    assert_eq!(law.nearest(&[f32::NAN]), Err(error));
    assert_eq!(law.nearest(&[0.9]), Ok(1));
}

/// A step of every method with x̂_0 clipped and not, from 70 elements: a whole block and a rest.
const D: usize = 70;

fn steps(schedule: Schedule<'_>, prediction: Prediction, clip: Clip) -> Vec<Step> {
    let model = Diffusion::new(schedule, 8)
        .with_prediction(prediction)
        .with_variance(Variance::FixedSmall);
    let process = InlineProcess::<8>::new(&model, Timesteps::ALL).unwrap();
    let methods = [
        Method::Ancestral,
        Method::Ddim { eta: 0.0 },
        Method::DdimReverse,
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ];
    let run = |method| {
        Sampler::new(&process, method, clip)
            .unwrap()
            .collect::<Vec<_>>()
    };
    methods.into_iter().flat_map(run).collect()
}

const PREDICTIONS: [Prediction; 4] = [
    Prediction::Epsilon,
    Prediction::XStart,
    Prediction::PreviousX,
    Prediction::V,
];

const CLIPS: [Clip; 3] = [
    Clip::None,
    Clip::Unit,
    Clip::Dynamic {
        ratio: 0.9,
        max: 2.0,
    },
];

#[test]
fn a_preview_of_nan_is_an_error() {
    let bad = |index: usize| {
        let mut slice = vec![0.1; D];
        slice[index] = f32::NAN;
        slice
    };
    let fine = vec![0.1; D];
    for clip in [Clip::None, Clip::Unit] {
        for step in steps(Schedule::Cosine, Prediction::Epsilon, clip) {
            for index in [0, 63, 64, D - 1] {
                let mut x_start = vec![0.0; D];
                let error = |slice| Err(Error::NotFinite { slice, index });
                let found = step.x_start(&fine, &bad(index), &mut x_start);
                assert_eq!(found, error(Slice::Prediction));
                let found = step.x_start(&bad(index), &fine, &mut x_start);
                assert_eq!(found, error(Slice::X));
                let found = step
                    .update()
                    .predict_x_start(&fine, &bad(index), &mut x_start);
                assert_eq!(found, error(Slice::Prediction));
            }
        }
    }
    // Finite, and too large for √(1/ᾱ).
    let step = steps(Schedule::Cosine, Prediction::Epsilon, Clip::None)[0];
    let mut x_start = vec![0.0; D];
    let error = Error::NotFinite {
        slice: Slice::XStart,
        index: 0,
    };
    assert_eq!(
        step.x_start(&[3e38; D], &[-3e38; D], &mut x_start),
        Err(error)
    );
}

/// Whatever x, output and history are: what a step calls done is finite, x, preview and history.
#[test]
fn what_a_step_leaves_is_finite_or_an_error() {
    let tiny: Vec<f64> = (0..8).map(|t| 1e-12 * f64::from(t + 1)).collect();
    let sizes = [
        0.0,
        1.0,
        1e20,
        1e32,
        1e35,
        1e37,
        3.4e38,
        f32::INFINITY,
        f32::NAN,
    ];
    let signed: Vec<f32> = sizes.into_iter().flat_map(|size| [size, -size]).collect();
    let (mut done, mut refused) = (0, 0);
    for schedule in [Schedule::Cosine, Schedule::Betas(&tiny)] {
        for (prediction, clip) in PREDICTIONS
            .into_iter()
            .flat_map(|p| CLIPS.map(|clip| (p, clip)))
        {
            for step in steps(schedule, prediction, clip) {
                for (&x, &output) in signed
                    .iter()
                    .flat_map(|x| signed.iter().map(move |o| (x, o)))
                {
                    for kept in [0.5, 3e38] {
                        // In the last place alone: it is in the rest.
                        let with = |value: f32| {
                            let mut slice = vec![0.1; D];
                            slice[D - 1] = value;
                            slice
                        };
                        let (mut x, output, mut history) = (with(x), with(output), with(kept));
                        let mut x_start = vec![0.0; D];
                        let preview = step.x_start(&x, &output, &mut x_start);
                        assert!(preview.is_err() || is_finite(&x_start), "{step:?}");
                        let result =
                            step.apply_with_history(&mut x, &output, &[0.1; D], &mut history);
                        match result {
                            Ok(()) => {
                                let all = is_finite(&x) && is_finite(&history);
                                assert!(all, "{step:?}: {x:?} {history:?}");
                                done += 1;
                            }
                            Err(Error::NotFinite { index, .. }) => {
                                assert_eq!(index, D - 1, "{step:?}");
                                refused += 1;
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            }
        }
    }
    assert!(done > 1000 && refused > 1000, "{done} {refused}");
}

fn is_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// Heun keeps ε̂ = (x - √ᾱ x̂_0)/√(1-ᾱ), which is beyond f32 long before x is.
#[test]
fn a_history_that_overflows_is_found_though_x_is_finite() {
    let tiny: Vec<f64> = (0..8).map(|t| 1e-12 * f64::from(t + 1)).collect();
    let model = Diffusion::new(Schedule::Betas(&tiny), 8).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<8>::new(&model, Timesteps::ALL).unwrap();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let step = sampler.step_at(0).unwrap();
    for index in [0, 63, 64, D - 1] {
        let mut x = vec![0.1; D];
        x[index] = 1e36;
        let mut history = vec![0.0; D];
        let error = Error::NotFinite {
            slice: Slice::History,
            index,
        };
        let output = [0.1; D];
        assert_eq!(
            step.apply_with_history(&mut x, &output, &[], &mut history),
            Err(error)
        );
        assert!(is_finite(&x));
    }
}

#[test]
fn a_history_that_is_nan_is_named_where_it_is_read() {
    let model = Diffusion::new(Schedule::Linear, 100).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<8>::new(&model, Timesteps::trailing(8)).unwrap();
    let sampler = Sampler::new(&process, Method::Heun, Clip::Unit).unwrap();
    let (first, second) = (sampler.step_at(2).unwrap(), sampler.step_at(3).unwrap());
    for index in [5, D - 1] {
        let mut history = vec![0.0; D];
        history[index] = f32::NAN;
        let error = Error::NotFinite {
            slice: Slice::History,
            index,
        };
        let output = [0.1; D];
        let mut x = vec![0.3; D];
        let found = second.apply_with_history(&mut x, &output, &[], &mut history.clone());
        assert_eq!(found, Err(error));
        // A saved run, before it goes on.
        let state = |position| SamplerState {
            fingerprint: 1,
            position,
        };
        assert_eq!(state(3).check(&[0.3; D], &history), Err(error));
        // Of any value before the first step, and where it is written over.
        assert_eq!(state(0).check(&[0.3; D], &history), Ok(()));
        let mut x = vec![0.3; D];
        assert_eq!(
            first.apply_with_history(&mut x, &output, &[], &mut history),
            Ok(())
        );
        let error = Error::NotFinite {
            slice: Slice::X,
            index: 1,
        };
        assert_eq!(state(0).check(&[0.0, f32::INFINITY], &[]), Err(error));
    }
}

#[test]
fn an_x_start_of_the_callers_that_is_nan_is_named() {
    let step = steps(Schedule::Cosine, Prediction::Epsilon, Clip::Unit)[0];
    let (mut x, output, z) = (vec![0.1; D], vec![0.1; D], vec![0.1; D]);
    let hook = |x_start: &mut [f32]| x_start[66] = f32::NAN;
    let error = Error::NotFinite {
        slice: Slice::XStart,
        index: 66,
    };
    let found = step.apply_with_hook(&mut x, &output, &z, &mut [], &mut [0.0; D], hook);
    assert_eq!(found, Err(error));
}

#[test]
fn noising_what_is_not_finite_is_an_error() {
    let step = process().coefficients(4).unwrap();
    let not_finite = |slice, index| Err(Error::NotFinite { slice, index });
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    let mut x_t = [0.0; 2];
    let found = step.diffuse(&[nan, infinite], &[0.0, 0.0], &mut x_t);
    assert_eq!(found, not_finite(Slice::XStart, 0));
    let found = step.diffuse(&[0.0, 0.0], &[0.0, infinite], &mut x_t);
    assert_eq!(found, not_finite(Slice::Noise, 1));
    let found = step.diffuse(&[3.4e38, 0.0], &[3.4e38, 0.0], &mut x_t);
    assert_eq!(found, not_finite(Slice::X, 0));
    assert_eq!(step.diffuse(&[1e37, 0.0], &[1.0, 0.0], &mut x_t), Ok(()));

    let map = Linear { x: 2.0, value: 1.0 };
    let mut out = [0.0; 2];
    assert_eq!(
        map.fill(&[0.0, nan], &[0.0; 2], &mut out),
        not_finite(Slice::X, 1)
    );
    let found = map.fill(&[0.0; 2], &[infinite, 0.0], &mut out);
    assert_eq!(found, not_finite(Slice::Prediction, 0));
    assert_eq!(
        map.fill(&[3e38, 0.0], &[0.0; 2], &mut out),
        not_finite(Slice::Output, 0)
    );
}

/// Clipping makes ±1 of an infinite prediction.
#[test]
fn a_prediction_that_is_not_finite_is_named_though_x_is() {
    let model = Diffusion::new(Schedule::Cosine, 8).with_variance(Variance::Learned);
    let process = InlineProcess::<8>::new(&model, Timesteps::ALL).unwrap();
    for clip in [Clip::None, Clip::Unit, Clip::DYNAMIC] {
        let sampler = Sampler::new(&process, Method::Ancestral, clip).unwrap();
        let step = sampler.step_at(3).unwrap();
        for index in [0, 63, 64, D - 1] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut output = [0.1; 2 * D];
                output[index] = bad;
                let (mut x, z) = ([0.5; D], [0.2; D]);
                let slices = match step.apply(&mut x, &output, &z) {
                    Err(Error::NotFinite { slice, index: at }) => Some((slice, at)),
                    _ => None,
                };
                // The quantile of what is clipped dynamically is of x̂_0.
                let dynamic = Some((Slice::XStart, index));
                let named = slices == Some((Slice::Prediction, index))
                    || (clip == Clip::DYNAMIC && slices == dynamic);
                assert!(named, "{clip:?}, {bad} at {index}: {slices:?}");
                let preview = step.x_start(&x, &output, &mut [0.0; D]);
                let slice = Slice::Prediction;
                assert_eq!(preview, Err(Error::NotFinite { slice, index }));
            }
        }
    }
}

#[test]
fn clipping_does_not_hide_nan() {
    let not_finite = |index| {
        let slice = Slice::XStart;
        Err(Error::NotFinite { slice, index })
    };
    for clip in CLIPS {
        assert_eq!(clip.apply(&mut [0.0, f32::NAN]), not_finite(1), "{clip:?}");
    }
    assert_eq!(Clip::None.apply(&mut [f32::INFINITY]), not_finite(0));
    let mut clipped = [f32::INFINITY, f32::NEG_INFINITY];
    assert_eq!(Clip::Unit.apply(&mut clipped), Ok(()));
    assert_eq!(clipped, [1.0, -1.0]);
}

/// Laws of data whose numbers are within f32, with x and the map beyond it.
#[test]
fn exact_denoisers_return_finite_numbers_or_an_error() {
    let tiny: Vec<f64> = (0..8).map(|t| 1e-12 * f64::from(t + 1)).collect();
    for schedule in [Schedule::Cosine, Schedule::Betas(&tiny)] {
        for (prediction, variance) in PREDICTIONS.into_iter().flat_map(|prediction| {
            [
                Variance::FixedSmall,
                Variance::Learned,
                Variance::LearnedRange,
            ]
            .map(|variance| (prediction, variance))
        }) {
            let model = Diffusion::new(schedule, 8)
                .with_prediction(prediction)
                .with_variance(variance);
            let process = InlineProcess::<8>::new(&model, Timesteps::ALL).unwrap();
            let one = InlineProcess::<1>::new(&model, Timesteps::trailing(1)).unwrap();
            for view in [process.view(), one.view()] {
                for large in [1.0_f32, 1e18, 1e19, 1e36, 3e38] {
                    let law = GaussianData::new(view, large.into(), large.into()).unwrap();
                    check_denoiser(view, law);
                    if let Ok(law) = ListedImages::new(view, &[large, -large, 1.0, 2.0], 2) {
                        check_denoiser(view, law);
                    } else {
                        assert!(large > 1e18);
                    }
                }
            }
        }
    }
}

fn check_denoiser(process: ProcessView<'_>, mut denoiser: impl Denoiser<Error = Error>) {
    for index in 0..process.len() {
        let query = Query {
            timestep: 0.0,
            index,
            label: None,
        };
        for x in [0.0, 1.0, 1e19, 3e38, f32::INFINITY, f32::NAN] {
            let mut output = vec![f32::NAN; process.prediction_len(2)];
            match denoiser.denoise(query, &[1.0, x], &mut output) {
                Ok(()) => assert!(is_finite(&output), "{query:?}, {x}: {output:?}"),
                Err(error) => {
                    let overflowed = matches!(
                        error,
                        Error::NotFinite {
                            slice: Slice::Output,
                            ..
                        }
                    );
                    let given = Error::NotFinite {
                        slice: Slice::X,
                        index: 1,
                    };
                    assert!(
                        overflowed || (error == given && !x.is_finite()),
                        "{error:?}"
                    );
                }
            }
        }
    }
}
