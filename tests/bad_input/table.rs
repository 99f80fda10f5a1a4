//! One table of inputs, each with the error it must give: every variant is in it.

use iddpm::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::exact::{GaussianData, ListedImages};
use iddpm::diffusion::likelihood::{BitsPerDim, Noised, prior_bits_per_dim, term};
use iddpm::diffusion::pixels::image_to_u8;
use iddpm::diffusion::resample::{LossSecondMoment, Resampler, Uniform};
use iddpm::diffusion::schedule::MAX_TIMESTEPS;
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Level, Method, Objective, Prediction, Process, Sampler,
    SamplerState, Schedule, Timesteps, Variance,
};

use crate::{assert_same, refused};

type Case = (&'static str, Error, Error);
type Ten = InlineProcess<10>;

fn model() -> Diffusion<'static> {
    Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall)
}

fn ten() -> Ten {
    Ten::new(&model(), Timesteps::even(10)).unwrap()
}

fn levels(schedule: Schedule<'_>, num_timesteps: u32) -> Error {
    refused(schedule.levels(num_timesteps, false))
}

fn spacing(timesteps: Timesteps<'_>, num_timesteps: u32) -> Error {
    refused(timesteps.count(num_timesteps))
}

fn schedules() -> Vec<Case> {
    let few = |num_timesteps, min| Error::TooFewTimesteps { num_timesteps, min };
    let beta = |index, beta| Error::BetaOutOfRange { index, beta };
    let alpha_bar = |index, alpha_bar| Error::AlphaBarOutOfRange { index, alpha_bar };
    let sigmoid = |start, end, tau| {
        let schedule = Schedule::Sigmoid { start, end, tau };
        let error = Error::SigmoidParameters { start, end, tau };
        (levels(schedule, 50), error)
    };
    let mut cases = vec![
        ("T = 0", levels(Schedule::Linear, 0), few(0, 21)),
        ("T = 1", levels(Schedule::Linear, 1), few(1, 21)),
        ("T = 19, linear", levels(Schedule::Linear, 19), few(19, 21)),
        (
            "T = 20, linear: its last beta is 1",
            levels(Schedule::Linear, 20),
            few(20, 21),
        ),
        ("T = 0, cosine", levels(Schedule::Cosine, 0), few(0, 2)),
        ("T = 1, cosine", levels(Schedule::Cosine, 1), few(1, 2)),
        ("T = 1, sigmoid", levels(Schedule::SIGMOID, 1), few(1, 2)),
        ("T = 0, no losses", refused(Uniform::new(0)), few(0, 1)),
        (
            "T too large",
            levels(Schedule::Cosine, MAX_TIMESTEPS + 1),
            Error::TooManyTimesteps {
                num_timesteps: MAX_TIMESTEPS + 1,
                max: MAX_TIMESTEPS,
            },
        ),
        (
            "a schedule's name",
            refused("cosinus".parse::<Schedule<'_>>()),
            Error::UnknownSchedule,
        ),
        (
            "a table of another length than T",
            levels(Schedule::Betas(&[0.1, 0.2]), 3),
            Error::TableLength {
                len: 2,
                num_timesteps: 3,
            },
        ),
        (
            "beta = 0",
            levels(Schedule::Betas(&[0.1, 0.0, 0.2]), 3),
            beta(1, 0.0),
        ),
        (
            "beta < 0",
            levels(Schedule::Betas(&[-0.1, 0.2, 0.2]), 3),
            beta(0, -0.1),
        ),
        (
            "beta = 1",
            levels(Schedule::Betas(&[0.1, 0.2, 1.0]), 3),
            beta(2, 1.0),
        ),
        (
            "beta > 1",
            levels(Schedule::Betas(&[0.1, 1.5, 0.2]), 3),
            beta(1, 1.5),
        ),
        (
            "beta = inf",
            levels(Schedule::Betas(&[0.1, f64::INFINITY]), 2),
            beta(1, f64::INFINITY),
        ),
        (
            "alpha_bar = 1",
            levels(Schedule::AlphaBars(&[1.0, 0.5]), 2),
            alpha_bar(0, 1.0),
        ),
        (
            "alpha_bar > 1",
            levels(Schedule::AlphaBars(&[1.5, 0.5]), 2),
            alpha_bar(0, 1.5),
        ),
        (
            "alpha_bar < 0",
            levels(Schedule::AlphaBars(&[0.9, -0.5]), 2),
            alpha_bar(1, -0.5),
        ),
        (
            "alpha_bar = 0 early",
            levels(Schedule::AlphaBars(&[0.9, 0.0, 0.0]), 3),
            alpha_bar(1, 0.0),
        ),
        (
            "alpha_bar too small",
            levels(Schedule::AlphaBars(&[0.9, 1e-80]), 2),
            alpha_bar(1, 1e-80),
        ),
        (
            "alpha_bar rises",
            levels(Schedule::AlphaBars(&[0.9, 0.5, 0.6]), 3),
            Error::AlphaBarNotDecreasing {
                index: 2,
                alpha_bar: 0.6,
                previous: 0.5,
            },
        ),
        (
            "alpha_bar stays",
            levels(Schedule::AlphaBars(&[0.9, 0.9]), 2),
            Error::AlphaBarNotDecreasing {
                index: 1,
                alpha_bar: 0.9,
                previous: 0.9,
            },
        ),
    ];
    for (start, end, tau) in [
        (3.0, -3.0, 1.0),
        (1.0, 1.0, 1.0),
        (-3.0, 3.0, 0.0),
        (-3.0, 3.0, -1.0),
        (f64::NAN, 3.0, 1.0),
        (-3.0, f64::INFINITY, 1.0),
        (-3.0, 3.0, f64::NAN),
        (-3.0, 3.0, f64::INFINITY),
        (-1e308, 1e308, 1.0),
        // The logistic curve is flat to the last bit where this one begins.
        (-300.0, 300.0, 1.0),
    ] {
        let (found, expected) = sigmoid(start, end, tau);
        cases.push(("sigmoid parameters", found, expected));
    }
    cases
}

fn spacings() -> Vec<Case> {
    let many = |steps, num_timesteps| Error::TooManySteps {
        steps,
        num_timesteps,
    };
    let section = |section, size, count| Error::SectionTooSmall {
        section,
        size,
        count,
    };
    let no_stride = |steps, num_timesteps| Error::NoStride {
        steps,
        num_timesteps,
    };
    let parsed = |text| refused(Timesteps::parse(text));
    let mut cases = vec![
        (
            "a section too small",
            spacing(Timesteps::sections(&[3, 4, 3]), 10),
            section(1, 3, 4),
        ),
        (
            "a section too small, as text",
            spacing(Timesteps::parse("2,2,9").unwrap(), 10),
            section(2, 3, 9),
        ),
        (
            "ddim7 where no stride gives 7",
            spacing(Timesteps::parse("ddim7").unwrap(), 10),
            no_stride(7, 10),
        ),
        ("ddim0", spacing(Timesteps::ddim(0), 10), no_stride(0, 10)),
        (
            "one step",
            refused(Ten::new(&model(), Timesteps::even(1))),
            Error::TooFewSteps { steps: 1, min: 2 },
        ),
        (
            "no steps",
            refused(Ten::new(&model(), Timesteps::custom(&[]))),
            Error::TooFewSteps { steps: 0, min: 2 },
        ),
        ("no text", parsed(""), Error::SpecEmpty),
        ("blank text", parsed("  "), Error::SpecEmpty),
        ("a word", parsed("some"), Error::SpecSyntax { at: 0 }),
        (
            "a word after commas",
            parsed("10,15,x"),
            Error::SpecSyntax { at: 6 },
        ),
        (
            "a missing number",
            parsed("10,,5"),
            Error::SpecSyntax { at: 3 },
        ),
        (
            "a missing count",
            parsed("ddim"),
            Error::SpecSyntax { at: 4 },
        ),
        (
            "a negative count",
            parsed("trailing-5"),
            Error::SpecSyntax { at: 8 },
        ),
        (
            "a count beyond 32 bits",
            parsed("4294967296"),
            Error::SpecSyntax { at: 0 },
        ),
        (
            "a list that ascends",
            spacing(Timesteps::custom(&[9, 4, 5]), 10),
            Error::TimestepsNotDescending {
                index: 2,
                timestep: 5,
                previous: 4,
            },
        ),
        (
            "a list that repeats",
            spacing(Timesteps::custom(&[9, 9]), 10),
            Error::TimestepsNotDescending {
                index: 1,
                timestep: 9,
                previous: 9,
            },
        ),
        (
            "a list beyond T",
            spacing(Timesteps::custom(&[10, 4]), 10),
            Error::TimestepOutOfRange {
                timestep: 10,
                num_timesteps: 10,
            },
        ),
        (
            "capacity exceeded",
            refused(Ten::new(&model(), Timesteps::even(11))),
            Error::Capacity {
                needed: 11,
                capacity: 10,
            },
        ),
        (
            "a slice too short for the levels",
            refused(Process::in_slice(
                &model(),
                Timesteps::even(11),
                &mut ten().levels().to_vec(),
            )),
            Error::Capacity {
                needed: 11,
                capacity: 10,
            },
        ),
        (
            "a slice too short for the timesteps",
            refused(Timesteps::ALL.fill(10, &mut [0; 9])),
            Error::Capacity {
                needed: 10,
                capacity: 9,
            },
        ),
    ];
    for timesteps in [
        Timesteps::even(11),
        Timesteps::even_with_early(11),
        Timesteps::sections(&[11]),
        Timesteps::ddim(11),
        Timesteps::leading(11),
        Timesteps::trailing(11),
        Timesteps::linspace(11),
        Timesteps::quadratic(11),
        Timesteps::parse("11").unwrap(),
    ] {
        cases.push(("more steps than T", spacing(timesteps, 10), many(11, 10)));
    }
    cases
}

fn processes() -> Vec<Case> {
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
            "Heun at zero terminal SNR",
            refused(Sampler::new(&zero_v, Method::Heun, Clip::None)),
            zero_snr,
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

fn thresholds() -> Vec<Case> {
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

fn values() -> Vec<Case> {
    let process = ten();
    let not_finite = |slice, index| Error::NotFinite { slice, index };
    let storage = || [0.0; LossSecondMoment::storage_len(4, 2)];
    let moments = |history, uniform| LossSecondMoment::new(storage(), 4, history, uniform);
    let mut law = moments(2, 0.001).unwrap();
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
            "a loss beyond T",
            refused(law.update(&[0, 4], &[1.0, 1.0])),
            Error::TimestepOutOfRange {
                timestep: 4,
                num_timesteps: 4,
            },
        ),
    ]
}

fn states() -> Vec<Case> {
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

fn all() -> Vec<Case> {
    [
        schedules(),
        spacings(),
        processes(),
        thresholds(),
        values(),
        states(),
    ]
    .concat()
}

#[test]
fn each_input_gives_its_error() {
    for (what, found, expected) in all() {
        println!("{what}: {found}");
        assert_same(found, expected);
    }
}

/// The names of an enum's variants, from its source: what stands alone at one level of indent.
fn variants(name: &str) -> Vec<&'static str> {
    let source = include_str!("../../src/diffusion/error.rs");
    let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| line.split([' ', ',']).next().unwrap())
        .collect()
}

#[test]
fn every_variant_has_a_case() {
    let mut cases = all();
    cases.extend(crate::lengths::cases());
    let found = variants("Error");
    assert!(found.len() > 30, "{found:?}");
    for variant in found {
        let named = |&(_, error, _): &Case| {
            let debug = format!("{error:?}");
            debug.split(' ').next() == Some(variant)
        };
        assert!(cases.iter().any(named), "no case gives Error::{variant}");
    }
    let slices = variants("Slice");
    assert!(slices.len() >= 10, "{slices:?}");
    for slice in slices {
        let named =
            |&(_, error, _): &Case| format!("{error:?}").contains(&format!("slice: {slice},"));
        assert!(cases.iter().any(named), "no case names Slice::{slice}");
    }
}

/// Every field that Debug shows is in the text, in one of the forms numbers are written in.
#[test]
fn texts_hold_their_numbers() {
    let mut cases = all();
    cases.extend(crate::lengths::cases());
    for (what, error, _) in cases {
        let (debug, text) = (format!("{error:?}"), error.to_string());
        assert!(text.len() > 15, "{what}: {text}");
        let Some((_, fields)) = debug.split_once(" { ") else {
            continue;
        };
        for field in fields.trim_end_matches(" }").split(", ") {
            let (name, value) = field.split_once(": ").unwrap();
            let forms = if let Ok(whole) = value.parse::<u64>() {
                vec![
                    whole.to_string(),
                    format!("{whole:08x}"),
                    format!("{whole:016x}"),
                ]
            } else if let Ok(number) = value.parse::<f64>() {
                vec![number.to_string(), format!("{number:e}")]
            } else {
                let (Error::Length { slice, .. } | Error::NotFinite { slice, .. }) = error else {
                    panic!("{what}: {name} = {value} is neither a number nor a slice");
                };
                vec![slice.to_string()]
            };
            assert!(
                forms.iter().any(|form| text.contains(form.as_str())),
                "{what}: {name} = {value} is not in {text:?}"
            );
        }
    }
}

/// A NaN at any position of a custom table is found there.
#[test]
fn nan_anywhere_in_a_table() {
    let alpha_bars = [0.9, 0.7, 0.5, 0.3, 0.1];
    for index in 0..5 {
        let mut betas = [0.1; 5];
        betas[index] = f64::NAN;
        let expected = Error::BetaOutOfRange {
            index,
            beta: f64::NAN,
        };
        assert_same(levels(Schedule::Betas(&betas), 5), expected);

        let mut alpha_bars = alpha_bars;
        alpha_bars[index] = f64::NAN;
        let expected = Error::AlphaBarOutOfRange {
            index,
            alpha_bar: f64::NAN,
        };
        assert_same(levels(Schedule::AlphaBars(&alpha_bars), 5), expected);
        for zero_terminal_snr in [false, true] {
            let model = Diffusion::new(Schedule::AlphaBars(&alpha_bars), 5)
                .with_prediction(Prediction::V)
                .with_zero_terminal_snr(zero_terminal_snr);
            assert_same(refused(Ten::new(&model, Timesteps::ALL)), expected);
        }
        for change in [
            |level: &mut Level| level.beta = f64::NAN,
            |level: &mut Level| level.alpha_bar = f64::NAN,
        ] {
            let mut table = ten().levels().to_vec();
            change(&mut table[index]);
            let debug = format!("{:?}", refused(Process::from_table(&model(), table)));
            assert!(debug.contains(&format!("index: {index}")), "{debug}");
            assert!(debug.contains("NaN"), "{debug}");
        }
    }
}
