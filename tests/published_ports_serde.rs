//! Two more errors of published ports: flags that did not travel with the weights, and files of
//! which nobody knew whether they were the average.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use iddpm::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, WeightSet};
use serde_json::{Value, from_value, json, to_value};

/// A card of which no field has a value that one would guess.
fn card() -> ModelCard<'static> {
    let schedule = Schedule::Sigmoid {
        start: -2.5,
        end: 3.0,
        tau: 0.75,
    };
    ModelCard {
        diffusion: Diffusion::new(schedule, 4000)
            .with_prediction(Prediction::V)
            .with_variance(Variance::FixedLarge)
            .with_rescaled_timesteps(false)
            .with_zero_terminal_snr(true),
        weights: WeightSet::Ema { rate: 0.9999 },
        step: 500_000,
    }
}

/// Every object in a value, as the path to it.
fn objects(value: &Value, path: String, found: &mut Vec<String>) {
    let Some(fields) = value.as_object() else {
        return;
    };
    found.push(path.clone());
    for (name, value) in fields {
        objects(value, format!("{path}/{name}"), found);
    }
}

fn refused(value: Value, what: &str) {
    assert!(
        from_value::<ModelCard>(value).is_err(),
        "{what} was accepted"
    );
}

/// Ports kept the flags in a command line: weights were sampled with another schedule, prediction or
/// scaling of timesteps than they were trained with, and nothing said so.
#[test]
fn flags_that_do_not_travel_with_the_weights() {
    for weights in [WeightSet::Raw, WeightSet::Ema { rate: 0.9999 }] {
        for schedule in [Schedule::Linear, Schedule::Cosine, Schedule::SIGMOID] {
            let mut card = card();
            card.weights = weights;
            card.diffusion.schedule = schedule;
            let text = serde_json::to_string(&card).unwrap();
            assert_eq!(serde_json::from_str::<ModelCard>(&text).unwrap(), card);
        }
    }

    let whole = to_value(card()).unwrap();
    assert_eq!(from_value::<ModelCard>(whole.clone()).unwrap(), card());
    let mut paths = Vec::new();
    objects(&whole, String::new(), &mut paths);
    let mut left_out = 0;
    for path in &paths {
        let names: Vec<String> = whole
            .pointer(path)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        for name in names {
            let mut card = whole.clone();
            card.pointer_mut(path)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(&name);
            refused(card, &format!("a card without {path}/{name}"));
            left_out += 1;
        }
    }
    assert!(left_out >= 10, "{left_out}");
    for path in ["", "/diffusion"] {
        let mut card = whole.clone();
        card.pointer_mut(path).unwrap()["beta_start"] = json!(0.1);
        refused(card, &format!("an unknown field in {path:?}"));
    }

    // A reader that fills in what is missing takes such a file for another model.
    let filled_in = Diffusion::new(Schedule::Cosine, 4000);
    assert_ne!(filled_in, card().diffusion);
}

/// A table is too long to travel: a card that should name one is refused, not written without it.
#[test]
fn a_table_is_not_left_out_silently() {
    let table = [0.1, 0.2, 0.3];
    for schedule in [Schedule::Betas(&table), Schedule::AlphaBars(&table)] {
        let mut card = card();
        card.diffusion.schedule = schedule;
        assert!(serde_json::to_string(&card).is_err());
    }
}

/// Ports saved raw and averaged weights alike, and sampled from the raw ones.
#[test]
fn which_file_is_the_average() {
    let ema = to_value(card()).unwrap();
    let mut card = card();
    card.weights = WeightSet::Raw;
    let raw = to_value(card).unwrap();
    assert_eq!(ema["weights"], json!({ "ema": { "rate": 0.9999 } }));
    assert_eq!(raw["weights"], json!("raw"));
    assert_ne!(
        from_value::<ModelCard>(ema.clone()).unwrap(),
        from_value(raw).unwrap()
    );

    // Neither is assumed, and an average has a rate.
    for weights in [
        Value::Null,
        json!("ema"),
        json!({ "ema": {} }),
        json!("other"),
        json!(0.9999),
    ] {
        let mut card = ema.clone();
        card["weights"] = weights.clone();
        refused(card, &format!("weights {weights}"));
    }
}
