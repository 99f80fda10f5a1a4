//! One table of inputs, each with the error it must give: every variant is in it.

use iddpm::diffusion::Error;
use iddpm::diffusion::{
    Diffusion, InlineProcess, Level, Prediction, Process, Schedule, Timesteps, Variance,
};

use crate::kept::kept;
use crate::processes::{processes, states, thresholds, values};
use crate::schedules::{schedules, spacings};
use crate::{assert_same, refused};

pub(crate) type Case = (&'static str, Error, Error);
pub(crate) type Ten = InlineProcess<10>;

pub(crate) fn model() -> Diffusion<'static> {
    Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall)
}

pub(crate) fn ten() -> Ten {
    Ten::new(&model(), Timesteps::even(10)).unwrap()
}

pub(crate) fn levels(schedule: Schedule<'_>, num_timesteps: u32) -> Error {
    refused(schedule.levels(num_timesteps, false))
}

pub(crate) fn spacing(timesteps: Timesteps<'_>, num_timesteps: u32) -> Error {
    refused(timesteps.count(num_timesteps))
}

fn all() -> Vec<Case> {
    [
        schedules(),
        spacings(),
        processes(),
        thresholds(),
        values(),
        states(),
        kept(),
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
        // Of words, with commas in them.
        if let Error::Unknown { what, known } = error {
            assert!(text.contains(what) && text.contains(known), "{text}");
            continue;
        }
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
                let (Error::Length { slice, .. }
                | Error::NotFinite { slice, .. }
                | Error::OutOfRange { slice, .. }) = error
                else {
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

/// One number for each variant, in the order of the type; firmware has some of them in its own tables.
#[test]
fn each_error_has_its_number() {
    let mut numbers = std::collections::BTreeMap::new();
    let mut cases = all();
    cases.extend(crate::lengths::cases());
    for (what, found, _) in cases {
        let shown = format!("{found:?}");
        let name = shown.split([' ', '(']).next().unwrap().to_owned();
        let code = found.code();
        assert!((1..100).contains(&code), "{what}: {code}");
        assert_eq!(iddpm::Error::from(found).code(), code);
        let before = numbers.insert(code, name.clone());
        assert!(before.is_none_or(|before| before == name), "{what}: {code}");
    }
    assert_eq!(numbers.len(), variants("Error").len());
    for (code, name) in [(1, "TooFewTimesteps"), (24, "NotFinite")] {
        assert_eq!(numbers[&code], name);
    }
}
