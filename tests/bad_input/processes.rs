//! Tables, methods, values and states that do not belong to a process.

use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::exact::{GaussianData, ListedImages};
use iddpm::diffusion::likelihood::{BitsPerDim, Noised, prior_bits_per_dim, term};
use iddpm::diffusion::pixels::image_to_u8;
use iddpm::diffusion::resample::{LossSecondMoment, Resampler, Uniform};
use iddpm::diffusion::{
    Clip, Level, LossRow, Method, Objective, Prediction, Process, Sampler, SamplerState, Timesteps,
};

use crate::refused;
use crate::table::{Case, Ten, model, ten};

pub(crate) fn processes() -> Vec<Case> {
    let with = |change: fn(&mut Vec<Level>)| {
        let mut table = ten().levels().to_vec();
        change(&mut table);
        refused(Process::from_table(&model(), table))
    };
    let process = ten();
    let zero = |prediction| {
        let model = model()
            .with_prediction(prediction)
            .with_zero_terminal_snr(true);
        Ten::new(&model, Timesteps::trailing(10))
    };
    let zero_v = zero(Prediction::V).unwrap();
    let zero_snr = Error::ZeroTerminalSnr { index: 9 };
    let single = Ten::new(&model(), Timesteps::trailing(1)).unwrap();
    let image = Noised {
        x_start: &[0.0],
        noise: &[0.0],
        x_t: &[0.0],
    };
    let sampler = |method| Sampler::new(&process, method, Clip::None);
    let ancestral = sampler(Method::Ancestral).unwrap();
    let mut mean_squares = [0.5; 10];
    mean_squares[4] = f64::NAN;
    vec![
        (
            "epsilon at zero terminal SNR",
            refused(zero(Prediction::Epsilon)),
            zero_snr,
        ),
        (
            "an ancestral run of one step",
            refused(Sampler::new(&single, Method::Ancestral, Clip::None)),
            Error::SingleStep,
        ),
        (
            "the law of a single step",
            refused(single.reverse_law(0)),
            Error::SingleStep,
        ),
        (
            "a bound over a single step",
            refused(BitsPerDim::new(&single, Clip::Unit, &[0.0])),
            Error::SingleStep,
        ),
        (
            "a term of a single step",
            refused(term(&single, 0, image, &[0.0], Clip::Unit)),
            Error::SingleStep,
        ),
        (
            "a loss of a single step's bound",
            refused(Objective::Kl.loss(&single, 0, image, &[0.0])),
            Error::SingleStep,
        ),
        (
            "the numbers of a single step's loss",
            refused(LossRow::of(&single, Objective::Mse, 0)),
            Error::SingleStep,
        ),
        (
            "an optimal variance at zero terminal SNR",
            refused(
                Sampler::new(&zero_v, Method::Ancestral, Clip::None)
                    .unwrap()
                    .with_optimal_variance(&[0.5; 10]),
            ),
            zero_snr,
        ),
        (
            "a table that ends at zero with a last β below 1",
            with(|table| {
                table[9].beta = 1.0 - 4.0 * f64::EPSILON;
                table[9].alpha_bar = 0.0;
            }),
            Error::TableInconsistent {
                index: 9,
                alpha_bar: 0.0,
                expected: process.levels()[8].alpha_bar * 4.0 * f64::EPSILON,
            },
        ),
        (
            "a table that is not consistent",
            with(|table| table[3].beta = 0.5),
            Error::TableInconsistent {
                index: 3,
                alpha_bar: process.levels()[3].alpha_bar,
                expected: process.levels()[2].alpha_bar * 0.5,
            },
        ),
        (
            "a table out of order",
            with(|table| table.swap(0, 1)),
            Error::TimestepsNotDescending {
                index: 0,
                timestep: process.levels()[1].timestep,
                previous: process.levels()[0].timestep,
            },
        ),
        (
            "a table beyond T",
            with(|table| table[9].timestep = 100),
            Error::TimestepOutOfRange {
                timestep: 100,
                num_timesteps: 100,
            },
        ),
        (
            "a table of one entry",
            with(|table| table.truncate(1)),
            Error::TooFewSteps { steps: 1, min: 2 },
        ),
        (
            "one step that is not the last of all",
            refused(Ten::new(&model(), Timesteps::custom(&[98]))),
            Error::TooFewSteps { steps: 1, min: 2 },
        ),
        (
            "a step beyond the process",
            refused(process.coefficients(10)),
            Error::StepOutOfRange { index: 10, len: 10 },
        ),
        (
            "a timestep beyond the process",
            refused(process.model_timestep(10)),
            Error::StepOutOfRange { index: 10, len: 10 },
        ),
        (
            "a law beyond the process",
            refused(process.reverse_law(11)),
            Error::StepOutOfRange { index: 11, len: 10 },
        ),
        (
            "eta > 1",
            refused(sampler(Method::Ddim { eta: 1.5 })),
            Error::Eta { eta: 1.5 },
        ),
        (
            "eta < 0",
            refused(sampler(Method::Ddim { eta: -0.1 })),
            Error::Eta { eta: -0.1 },
        ),
        (
            "eta NaN",
            refused(sampler(Method::Ddim { eta: f64::NAN })),
            Error::Eta { eta: f64::NAN },
        ),
        (
            "an optimal variance for DDIM",
            refused(
                sampler(Method::Ddim { eta: 1.0 })
                    .unwrap()
                    .with_optimal_variance(&[0.5; 10]),
            ),
            Error::OptimalVarianceMethod,
        ),
        (
            "a mean square that is NaN",
            refused(ancestral.clone().with_optimal_variance(&mean_squares)),
            Error::MeanSquareOutOfRange {
                index: 4,
                value: f64::NAN,
            },
        ),
        (
            "a mean square below 0",
            refused(ancestral.clone().with_optimal_variance(&[-1.0; 10])),
            Error::MeanSquareOutOfRange {
                index: 0,
                value: -1.0,
            },
        ),
        (
            "a mean square for too few steps",
            refused(ancestral.with_optimal_variance(&[0.5; 9])),
            Error::Length {
                slice: Slice::PerStep,
                len: 9,
                expected: 10,
            },
        ),
    ]
}

pub(crate) fn thresholds() -> Vec<Case> {
    let process = ten();
    let mut cases = Vec::new();
    for (ratio, max) in [
        (0.0, 1.0),
        (1.1, 1.0),
        (f64::NAN, 1.0),
        (0.9, 0.5),
        (0.9, f64::NAN),
        (0.9, f64::INFINITY),
    ] {
        let clip = Clip::Dynamic { ratio, max };
        let error = Error::Threshold { ratio, max };
        cases.push(("a threshold", refused(clip.check()), error));
        cases.push((
            "a threshold at work",
            refused(clip.apply(&mut [0.0])),
            error,
        ));
        let sampler = Sampler::new(&process, Method::Ancestral, clip);
        cases.push(("a threshold of a run", refused(sampler), error));
        let bound = BitsPerDim::new(&process, clip, &[0.0]);
        cases.push(("a threshold of a bound", refused(bound), error));
    }
    cases
}

pub(crate) fn values() -> Vec<Case> {
    let process = ten();
    let not_finite = |slice, index| Error::NotFinite { slice, index };
    let storage = || [0.0; LossSecondMoment::storage_len(4, 2)];
    let moments = |history, uniform| LossSecondMoment::new(storage(), 4, history, uniform);
    let mut law = moments(2, 0.001).unwrap();
    let mut lopsided = LossSecondMoment::new([0.0; 6], 2, 1, 0.0).unwrap();
    lopsided.update(&[0, 1], &[1e-160, 1e150]).unwrap();
    let mut bound = BitsPerDim::new(&process, Clip::Unit, &[0.0]).unwrap();
    let image = Noised {
        x_start: &[0.0],
        noise: &[0.0],
        x_t: &[0.0],
    };
    let early = bound.add(3, image, &[0.0]);
    (0..10).rev().for_each(|index| {
        bound.add(index, image, &[0.0]).unwrap();
    });
    let again = bound.add(2, image, &[0.0]);
    let nan = f32::NAN;
    let of = |x_start, x_t| {
        let noise = &[0.0; 2];
        Noised {
            x_start,
            noise,
            x_t,
        }
    };
    let (fine, bad) = (&[0.0; 2], &[0.0, nan]);
    let term = |image, output| refused(term(&process, 4, image, output, Clip::None));
    let mse = |image, output| refused(Objective::Mse.loss(&process, 4, image, output));
    vec![
        (
            "a term of an output that is NaN",
            term(of(fine, fine), bad),
            not_finite(Slice::Prediction, 1),
        ),
        (
            "a term of an x_t that is NaN",
            term(of(fine, bad), fine),
            not_finite(Slice::X, 1),
        ),
        (
            "a term of an x_0 that is NaN",
            term(of(bad, fine), fine),
            not_finite(Slice::XStart, 1),
        ),
        (
            "a loss of an output that is NaN",
            mse(of(fine, fine), bad),
            not_finite(Slice::Prediction, 1),
        ),
        (
            "a loss of a noise that is NaN",
            mse(
                Noised {
                    noise: bad,
                    ..of(fine, fine)
                },
                fine,
            ),
            not_finite(Slice::Noise, 1),
        ),
        (
            "a bound out of order",
            refused(early),
            Error::TermsOutOfOrder { index: 3, due: 9 },
        ),
        (
            "a bound beyond its end",
            refused(again),
            Error::TermsOutOfOrder { index: 2, due: 0 },
        ),
        (
            "an x_0 that is NaN",
            refused(prior_bits_per_dim(&process, &[0.0, nan])),
            not_finite(Slice::XStart, 1),
        ),
        (
            "a pixel that is infinite",
            refused(image_to_u8(&[0.0, f32::INFINITY], &mut [0; 2])),
            not_finite(Slice::X, 1),
        ),
        (
            "a listed image that is NaN",
            refused(ListedImages::new(process.view(), &[0.0, 0.0, nan], 3)),
            not_finite(Slice::Images, 2),
        ),
        (
            "images of no elements",
            refused(ListedImages::new(process.view(), &[0.0], 0)),
            Error::NoImages,
        ),
        (
            "no images",
            refused(ListedImages::new(process.view(), &[], 3)),
            Error::NoImages,
        ),
        (
            "data of negative variance",
            refused(GaussianData::new(process.view(), 0.0, -1.0)),
            Error::Variance { value: -1.0 },
        ),
        (
            "data of infinite variance",
            refused(GaussianData::new(process.view(), 0.0, f64::INFINITY)),
            Error::Variance {
                value: f64::INFINITY,
            },
        ),
        (
            "data of a variance beyond f32",
            refused(GaussianData::new(process.view(), 0.0, 1e39)),
            Error::Variance { value: 1e39 },
        ),
        (
            "data of a mean beyond f32",
            refused(GaussianData::new(process.view(), 1e300, 1.0)),
            not_finite(Slice::XStart, 0),
        ),
        (
            "a listed image too large to square",
            refused(ListedImages::new(
                process.view(),
                &[1.0, 2.0, -3e38, 3e38],
                2,
            )),
            not_finite(Slice::Images, 2),
        ),
        (
            "a timestep too improbable to weigh",
            refused(lopsided.draw(0.0)),
            Error::Probability {
                value: lopsided.probability(0),
            },
        ),
        (
            "data of no mean",
            refused(GaussianData::new(process.view(), f64::NAN, 1.0)),
            not_finite(Slice::XStart, 0),
        ),
        (
            "no history",
            refused(moments(0, 0.001)),
            Error::HistoryLength {
                history_per_term: 0,
            },
        ),
        (
            "a probability above 1",
            refused(moments(2, 1.5)),
            Error::Probability { value: 1.5 },
        ),
        (
            "a deviate of 1",
            refused(law.draw(1.0)),
            Error::Probability { value: 1.0 },
        ),
        (
            "a deviate that is NaN",
            refused(Uniform::new(4).unwrap().draw(f64::NAN)),
            Error::Probability { value: f64::NAN },
        ),
        (
            "a loss that is NaN",
            refused(law.update(&[0, 3], &[1.0, f64::NAN])),
            Error::Loss {
                timestep: 3,
                loss: f64::NAN,
            },
        ),
        (
            "a loss whose squares overflow in sum",
            refused(law.update(&[0], &[1.3e154])),
            Error::Loss {
                timestep: 0,
                loss: 1.3e154,
            },
        ),
        (
            "a loss beyond T",
            refused(law.update(&[0, 4], &[1.0, 1.0])),
            Error::TimestepOutOfRange {
                timestep: 4,
                num_timesteps: 4,
            },
        ),
    ]
}

pub(crate) fn states() -> Vec<Case> {
    let process = ten();
    let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let state = sampler.state();
    let saved = state.fingerprint ^ 1;
    let other = SamplerState {
        fingerprint: saved,
        ..state
    };
    let beyond = SamplerState {
        position: 11,
        ..state
    };
    vec![
        (
            "a state of another configuration",
            refused(sampler.resume(other)),
            Error::StateMismatch {
                saved,
                expected: state.fingerprint,
            },
        ),
        (
            "a state beyond the end",
            refused(sampler.resume(beyond)),
            Error::PositionOutOfRange {
                position: 11,
                len: 10,
            },
        ),
        (
            "a state of too few bytes",
            refused(SamplerState::from_bytes(&state.to_bytes()[1..])),
            Error::StateLength {
                len: 23,
                expected: 24,
            },
        ),
        crate::states::corrupt(state),
        crate::states::of_version_2(state),
    ]
}
