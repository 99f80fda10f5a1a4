//! Drawings as text, and what is no drawing.

use iddpm::checkpoint::{Checkpoint, WeightBuffer};
use iddpm::diffusion::{Noise, Sample};
use iddpm::run::{DrawError, Palette};
use iddpm::{Device, Draw, Error, Model};
use proptest::prelude::*;

use crate::{digits, studio};

proptest! {
    #[test]
    fn a_drawing_is_its_text(
        classes in proptest::collection::vec(any::<String>(), 0..4),
        steps in any::<String>(),
        method in "[a-z:0-9. \"\\\\=]{0,9}",
        clip in any::<String>(),
        wrap in "none|xy?|[a-z \"=]{0,9}",
        seed in any::<u64>(),
        guidance in any::<f64>(),
        strength in any::<f64>(),
        resample in any::<String>(),
        colours in proptest::collection::vec(any::<[u8; 4]>(), 0..3),
        row in proptest::option::of((any::<u64>(), 2_u64..10_000)),
    ) {
        let draw = Draw::new().steps(steps).method(method).clip(clip).seed(seed);
        let draw = draw.classes(classes).wrap(wrap).guidance(guidance).strength(strength).resample(resample);
        let draw = match Palette::new(colours) {
            Ok(palette) => draw.palette(palette),
            Err(_) => draw,
        };
        let draw = match row {
            Some((seed, frames)) => draw.between(seed, frames).unwrap(),
            None => draw,
        };
        let text = draw.to_string();
        prop_assert_eq!(text.parse(), Ok(draw.clone()), "{}", text);
        let json = serde_json::to_string(&draw).unwrap();
        prop_assert_eq!(serde_json::from_str::<Draw>(&json).unwrap(), draw);
    }

    #[test]
    fn any_text_is_a_drawing_or_an_error(text in any::<String>()) {
        let _ = text.parse::<Draw>();
    }
}

#[test]
fn words_come_in_any_order_and_what_is_not_said_is_the_default() {
    let draw: Draw = "seed=7   class=\"sea \\\"lion\\\"\"\tsteps=25"
        .parse()
        .unwrap();
    assert_eq!(draw, Draw::new().class("sea \"lion\"").steps("25").seed(7));
    assert_eq!("".parse(), Ok(Draw::new()));
    for (text, word) in [
        ("colour=red", "colour"),
        ("colour=\"red", "colour"),
        ("steps", "steps"),
    ] {
        let word = word.into();
        assert_eq!(
            text.parse::<Draw>(),
            Err(DrawError::Word { word }),
            "{text}"
        );
    }
    for (text, says) in [
        ("class=\"sea", "class \"sea: its quote is not closed"),
        (
            "steps=5 steps=9",
            "steps 9: it was said before, and is said once",
        ),
        (
            "seed=5 class=3 seed=5",
            "seed 5: it was said before, and is said once",
        ),
    ] {
        let error = text.parse::<Draw>().unwrap_err().to_string();
        assert_eq!(error, says);
    }
    let error = "seed=-1".parse::<Draw>().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("seed -1: no whole number from 0 to {}", u64::MAX)
    );
}

/// Texts that were kept before there were wraps stay what they were.
#[test]
fn no_wrap_is_not_written() {
    let draw = Draw::new().steps("50").method("ancestral").wrap("none");
    assert_eq!(draw, Draw::new().steps("50").method("ancestral"));
    let text = "steps=50 method=ancestral clip=unit seed=0";
    assert_eq!(draw.to_string(), text);
    let json = serde_json::to_string(&draw).unwrap();
    assert!(!json.contains("wrap"), "{json}");
    let round = draw.wrap("xy");
    let text = "steps=50 method=ancestral clip=unit wrap=xy seed=0";
    assert_eq!(round.to_string(), text);
    let json = serde_json::to_string(&round).unwrap();
    assert_eq!(serde_json::from_str::<Draw>(&json).unwrap(), round);
}

/// Each by the option's name and value, before anything is drawn.
#[test]
fn what_cannot_be_drawn_is_told_by_its_option() {
    let mut studio = studio();
    for (draw, option, says) in [
        (
            Draw::new().steps("50.5"),
            "steps",
            "steps 50.5: steps can be 50, ",
        ),
        (
            Draw::new().steps(""),
            "steps",
            "steps \"\": steps can be 50, ",
        ),
        (Draw::new().steps("2000"), "steps", "steps 2000: "),
        (Draw::new().steps("1"), "steps", "steps 1: "),
        (Draw::new().method("euler"), "method", "method euler: "),
        (Draw::new().method("ddim:2"), "method", "method ddim:2: "),
        (Draw::new().clip("hard"), "clip", "clip hard: "),
        (
            Draw::new().clip("dynamic:2,1"),
            "clip",
            "clip dynamic:2,1: ",
        ),
        (
            Draw::new().wrap("z"),
            "wrap",
            "wrap z: unknown wrap; known are none, x, y, xy",
        ),
        (
            Draw::new().class("10"),
            "class",
            "class \"10\": this network's classes are 0 to 9",
        ),
        (Draw::new().class("sword"), "class", "class \"sword\": "),
    ] {
        for refused in [
            studio.begin(&draw, 1).map(drop),
            studio.sample(&draw, 1).map(drop),
        ] {
            let Err(Error::Draw(error)) = refused else {
                panic!("{draw}: {refused:?}");
            };
            assert_eq!(error.option(), Some(option), "{draw}");
            assert!(error.to_string().starts_with(says), "{error}");
        }
    }
    for refused in [
        studio.begin(&Draw::new(), 0).map(drop),
        studio.sample(&Draw::new(), 0).map(drop),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert_eq!(refused, "count 0: a drawing is of one image or more");
    }
    let run = studio.begin(&Draw::new(), 1).unwrap();
    let refused = run.with_low_res(&[0.0; 16]);
    assert!(matches!(
        refused,
        Err(Error::Draw(DrawError::LowResUnexpected))
    ));
}

/// As files of settings have them: nothing, a name, a list.
#[test]
fn classes_are_drawn_in_turn() {
    let draw: Draw = serde_json::from_str(r#"{"class": ["7", "1"], "steps": "2"}"#).unwrap();
    assert_eq!(draw, Draw::new().classes(["7", "1"]).steps("2"));
    let images = studio().sample(&draw, 3).unwrap();
    let labels = images.samples().iter().map(|sample| sample.label);
    assert!(labels.eq([7, 1, 7].map(Some)));
    let one: Draw = serde_json::from_str(r#"{"class": "7"}"#).unwrap();
    assert_eq!(one, Draw::new().class("7"));
    let all: Draw = serde_json::from_str(r#"{"class": null}"#).unwrap();
    assert_eq!(all, Draw::new());
    let error = serde_json::from_str::<Draw>(r#"{"class": 7}"#).unwrap_err();
    assert!(error.to_string().contains("a class, or a list of classes"));
    let unknown = studio().begin(&Draw::new().classes(["7", "12"]), 1);
    let unknown = unknown.unwrap_err().to_string();
    assert!(unknown.starts_with("class \"12\": "), "{unknown}");
}

/// An image is the same however many are drawn with it, and of every class in turn.
#[test]
fn images_are_those_of_their_numbers() {
    let mut studio = studio();
    let draw = Draw::new().steps("3");
    let all = studio.sample(&draw, 11).unwrap();
    let labels: Vec<_> = all
        .samples()
        .iter()
        .map(|sample| sample.label.unwrap())
        .collect();
    assert_eq!(labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    assert_eq!(all.class_name(10).as_deref(), Some("0"));
    assert_eq!((all.size(), all.channels(), all.len()), ((16, 16), 1, 11));
    let mut run = studio.begin_numbers(&draw, 9..11).unwrap();
    assert_eq!((run.steps(), run.fraction()), (3, 0.0));
    assert!(run.advance().unwrap());
    assert_eq!(run.position(), 1);
    while run.advance_for(std::time::Duration::from_secs(9)).unwrap() {}
    let two = run.images().unwrap();
    assert_eq!(two.planes(), &all.planes()[9 * 256..]);
    assert_eq!(two.bytes().unwrap(), all.bytes().unwrap()[9 * 256..]);
    assert_eq!(two.floats().unwrap(), two.planes());
    let again = digits();
    assert_eq!(
        again.fingerprint().unwrap(),
        studio.model().fingerprint().unwrap()
    );
}

/// Before anything is made, on whichever device.
#[test]
fn images_of_classes_that_there_are_not_are_refused() {
    let sample = |number, label| Sample {
        noise: Noise::new(0),
        number,
        label,
    };
    for (label, says) in [
        (
            Some(10),
            "class 10: image 7 is of it, and this network has 10 classes",
        ),
        (
            None,
            "class none: image 7 is of no class, and this network has 10 classes",
        ),
    ] {
        let samples = [sample(3, Some(9)), sample(7, label)];
        let begun = studio().begin_samples(&Draw::new().steps("2"), &samples);
        assert_eq!(begun.unwrap_err().to_string(), says);
    }
}

/// What a failed step has left is no image.
#[test]
fn a_spent_run_shows_nothing() {
    let (description, graph, _) = digits().checkpoint().clone().into_parts();
    // All that the network says is what its output is offset by: finite, and too much for a step.
    let mut huge = vec![0.0; graph.weights_len()];
    let offset = graph.params().iter().find(|it| it.name == "out.2.bias");
    let offset = offset.unwrap();
    huge[offset.offset..][..offset.elements()].fill(f32::MAX);
    let huge = Checkpoint::new(description, WeightBuffer::F32(huge)).unwrap();
    let mut studio = Model::from(huge).on(Device::cpu()).unwrap();
    let draw = Draw::new().steps("2").clip("none");
    let mut run = studio.begin(&draw, 1).unwrap();
    run.images().unwrap();
    run.advance().unwrap_err();
    let refused = [
        run.advance().map(drop),
        run.images().map(drop),
        run.preview().map(drop),
    ];
    for refused in refused {
        assert!(
            matches!(refused, Err(Error::Draw(DrawError::Spent))),
            "{refused:?}"
        );
    }
}

/// Where nothing is said of steps there are as many as the method wants, or all.
#[test]
fn as_many_steps_as_the_method_wants() {
    let steps = |draw: &Draw| studio().begin(draw, 1).unwrap().steps();
    for (method, count) in [
        ("dpm", 15),
        ("ddim", 25),
        ("ddim:0.5", 25),
        ("ancestral", 50),
    ] {
        let draw = Draw::new().method(method);
        assert_eq!(steps(&draw), count, "{method}");
        assert_eq!(steps(&draw.clone().steps("7")), 7, "{method}");
        assert_eq!(draw.to_string().parse(), Ok(draw));
    }
    // Evaluations, two of each step but the last.
    assert_eq!(steps(&Draw::new().method("heun")), 19);
    assert_eq!(steps(&Draw::new()), 15);
    assert_eq!(Draw::new().to_string(), "clip=unit seed=0");
    let json = serde_json::to_string(&Draw::new()).unwrap();
    assert_eq!(serde_json::from_str::<Draw>(&json).unwrap(), Draw::new());
}
