//! Drawings that are steered: on a picture, within a mask, in a palette, between two seeds, guided.

use iddpm::diffusion::Method;
use iddpm::run::{Canvas, DrawError, Palette};
use iddpm::{Draw, Error, Model, Run, Saved};

use crate::{digits, studio};

fn finished(mut run: Run) -> Vec<u8> {
    while run.advance().unwrap() {}
    run.images().unwrap().bytes().unwrap()
}

/// A digit as the network draws it, every value of which there is somewhere.
fn picture() -> Vec<u8> {
    let draw = Draw::new().class("3").steps("5");
    let mut three = studio().sample(&draw, 1).unwrap().bytes().unwrap();
    for (at, byte) in three.iter_mut().enumerate() {
        *byte ^= at as u8;
    }
    three
}

fn canvas(model: &Model) -> Canvas {
    Canvas::from_bytes(model, &picture()).unwrap()
}

/// The left half drawn anew, the column beside it a mixture.
fn mask() -> Vec<u8> {
    let column = |at: usize| [255, 128, 0][(at % 16 / 8) + usize::from(at % 16 > 8)];
    (0..256).map(column).collect()
}

const METHODS: [&str; 5] = ["ancestral", "ddim", "ddim:0.5", "dpm", "heun"];

#[test]
fn strength_goes_from_the_picture_to_a_plain_drawing() {
    let model = digits();
    let mut studio = studio();
    for method in METHODS {
        let draw = Draw::new().class("8").steps("6").method(method).seed(4);
        let plain = studio.sample(&draw, 2).unwrap().bytes().unwrap();
        let mut at = |strength: f64| {
            let draw = draw.clone().strength(strength);
            finished(studio.begin_on(&draw, &canvas(&model), 0..2).unwrap())
        };
        assert_eq!(at(0.0), [picture(), picture()].concat(), "{method}");
        assert_eq!(at(1.0), plain, "{method}");
        let mut last = -1.0;
        for strength in [0.01, 0.5, 0.84] {
            let (drawn, picture) = (at(strength), picture());
            let far = drawn.iter().zip(picture.iter().cycle());
            let far: f64 = far.map(|(&a, &b)| f64::from(a.abs_diff(b))).sum();
            assert!(far > last, "{method} at {strength}: {far}, {last}");
            last = far;
        }
    }
}

/// One step of one is the least that a strength above 0 takes.
#[test]
fn the_least_strength_takes_a_step() {
    let mut studio = studio();
    let draw = Draw::new().class("8").steps("6").strength(1e-9);
    assert_eq!(draw.evaluations(studio.model()).unwrap(), 1);
    let canvas = canvas(&digits());
    let run = studio.begin_on(&draw, &canvas, 0..1).unwrap();
    assert_eq!(run.steps(), 1);
}

#[test]
fn what_is_outside_a_mask_keeps_its_bytes() {
    let model = digits();
    let canvas = canvas(&model).with_mask(&mask()).unwrap();
    let mut studio = studio();
    for method in METHODS {
        for (resample, strength) in [("1", 1.0), ("3", 1.0), ("2,2", 0.5)] {
            let draw = Draw::new().class("8").steps("4").method(method);
            let draw = draw.resample(resample).strength(strength);
            let run = studio.begin_on(&draw, &canvas, 0..2).unwrap();
            assert_eq!(run.steps(), draw.evaluations(&model).unwrap());
            let drawn = finished(run);
            for image in drawn.chunks(256) {
                for (at, (drawn, given)) in image.iter().zip(picture()).enumerate() {
                    if at % 16 > 8 {
                        assert_eq!(*drawn, given, "{method}, {resample}: {at}");
                    }
                }
                assert_ne!(image, picture(), "{method}, {resample}");
            }
        }
    }
}

/// From a file written after any step, another studio goes on with the same bits.
#[test]
fn a_steered_run_is_saved_at_every_step() {
    let model = digits();
    let canvas = canvas(&model).with_mask(&mask()).unwrap();
    let palette: Palette = "#000000,#808080,#ffffff".parse().unwrap();
    let draw = Draw::new()
        .class("8")
        .steps("4")
        .method("dpm")
        .resample("2");
    let draw = draw.strength(0.8).palette(palette);
    let mut run = studio().begin_on(&draw, &canvas, 3..5).unwrap();
    let whole = finished(studio().begin_on(&draw, &canvas, 3..5).unwrap());
    loop {
        let bytes = run.save().unwrap().to_bytes().unwrap();
        let saved = Saved::from_bytes(&bytes).unwrap();
        assert_eq!(saved.draw(), &draw);
        assert_eq!(saved.to_bytes().unwrap(), bytes);
        let resumed = studio().resume(&saved).unwrap();
        assert_eq!(finished(resumed), whole, "{}", saved.position());
        if !run.advance().unwrap() {
            break;
        }
    }
    // What keeps a picture has a format of its own.
    let bytes = run.save().unwrap().to_bytes().unwrap();
    assert_eq!(bytes[4], 2, "the format of what is kept");
    let plain = studio()
        .begin(&Draw::new().steps("4"), 1)
        .unwrap()
        .save()
        .unwrap();
    assert_eq!(plain.to_bytes().unwrap()[4], 1, "what is not is as it was");
}

/// All of the palette's colours, and no others.
#[test]
fn a_palette_has_all_colours_of_a_drawing() {
    let palette: Palette = "#000000,#404040,#ffffff".parse().unwrap();
    let mut studio = studio();
    for method in METHODS {
        for steps in ["2", "7"] {
            let draw = Draw::new()
                .steps(steps)
                .method(method)
                .palette(palette.clone());
            let drawn = studio.sample(&draw, 4).unwrap().bytes().unwrap();
            let known = |byte: &u8| [0, 0x40, 255].contains(byte);
            assert!(drawn.iter().all(known), "{method}, {steps}");
            assert!(
                drawn.contains(&0) && drawn.contains(&255),
                "{method}, {steps}"
            );
        }
    }
    let colours: Palette = "#ff0000".parse().unwrap();
    let refused = studio.begin(&Draw::new().palette(colours), 1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "palette #ff0000: no colour of a network with 1 channels"
    );
    let see_through: Palette = "#000000,#80808080".parse().unwrap();
    let refused = studio.begin(&Draw::new().palette(see_through), 1);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .starts_with("palette #80808080: a network with 1 channels draws nothing transparent")
    );
}

#[test]
fn palettes_are_read_or_refused() {
    let palette =
        Palette::from_lines("; comment\n1a1c2c\n\n#F4F4F4 ; white\n1a1c2c\n00000000\n").unwrap();
    assert_eq!(palette.to_string(), "#1a1c2c,#f4f4f4,#00000000");
    assert_eq!(palette.to_string().parse(), Ok(palette));
    for text in ["", "#", "#12345", "#+12345", "#1234567", "red", "#123456,,"] {
        assert!(text.parse::<Palette>().is_err(), "{text}");
    }
    let many = (0..257).map(|at: u32| [at as u8, (at >> 8) as u8, 0, 255]);
    assert!(Palette::new(many.clone().take(256)).is_ok());
    assert!(Palette::new(many).is_err());
    assert!(Palette::new([]).is_err());
}

/// A row begins and ends with the drawings of its two seeds.
#[test]
fn a_row_goes_from_one_seed_to_the_other() {
    let mut studio = studio();
    for method in ["ddim", "dpm", "heun"] {
        let draw = Draw::new().class("5").steps("5").method(method).seed(3);
        let row = draw.clone().between(9, 4).unwrap();
        let drawn = finished(studio.begin(&row, 4).unwrap());
        let first = studio.sample(&draw, 1).unwrap().bytes().unwrap();
        let last = studio
            .sample(&draw.clone().seed(9), 1)
            .unwrap()
            .bytes()
            .unwrap();
        assert_eq!(drawn[..256], first, "{method}");
        assert_eq!(drawn[768..], last, "{method}");
        assert_ne!(drawn[256..512], first);
        // Whatever else is in the batch, and from a file.
        let mut run = studio.begin_numbers(&row, 1..2).unwrap();
        run.advance().unwrap();
        let saved = run.save().unwrap();
        assert_eq!(finished(run), drawn[256..512], "{method}");
        assert_eq!(
            finished(studio.resume(&saved).unwrap()),
            drawn[256..512],
            "{method}"
        );
    }
    // To another class.
    let draw = Draw::new().steps("5").method("ddim").seed(3);
    let both = draw.clone().classes(["5", "1"]).between(9, 3).unwrap();
    let drawn = finished(studio.begin(&both, 3).unwrap());
    let mut alone = |class: &str, seed| {
        let draw = draw.clone().class(class).seed(seed);
        studio.sample(&draw, 1).unwrap().bytes().unwrap()
    };
    let near = |a: &[u8], b: &[u8]| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 1);
    assert!(near(&drawn[..256], &alone("5", 3)));
    assert!(near(&drawn[512..], &alone("1", 9)));
}

/// Each option with what it does not go with, by its name.
#[test]
fn what_does_not_go_together_is_refused_by_the_option() {
    let model = digits();
    let mut studio = studio();
    let plain = canvas(&model);
    let ddim = || Draw::new().class("3").method(Method::Ddim { eta: 0.0 });
    let row = || ddim().between(9, 4).unwrap();
    let cases = [
        (
            Draw::new().strength(0.5),
            "strength 0.5: there is no picture to begin with",
        ),
        (
            Draw::new().strength(-0.1),
            "strength -0.1: must be within 0 to 1",
        ),
        (
            Draw::new().strength(f64::NAN),
            "strength NaN: must be within 0 to 1",
        ),
        (
            Draw::new().resample("2"),
            "resample 2: there is no mask, outside of which something is kept",
        ),
        (
            Draw::new().resample("0"),
            "resample 0: 0 rounds of 1 steps: both must be within 1 to 500",
        ),
        (Draw::new().resample("x"), "resample x: "),
        (
            Draw::new().guidance(2.0),
            "guidance 2: this network was trained with every label",
        ),
        (
            Draw::new().guidance(-1.0),
            "guidance -1: must be within 0 to 100",
        ),
        (
            Draw::new().guidance(f64::INFINITY),
            "guidance inf: must be within 0 to 100",
        ),
        (
            row().method("ancestral"),
            "method ancestral: a row is drawn by ddim",
        ),
        (
            row().classes(["1", "2", "3"]),
            "between 9,4: a row is of one class",
        ),
        (
            row().classes(Vec::<String>::new()),
            "between 9,4: a row is of one class",
        ),
    ];
    for (draw, due) in cases {
        let refused = studio.begin(&draw, 1).unwrap_err();
        let Error::Draw(error @ DrawError::Value { .. }) = &refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().starts_with(due), "{error}");
    }
    let refused = studio.begin_on(&row(), &plain, 0..1).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("between 9,4: a row begins with noise")
    );
    let refused = studio.begin_numbers(&row(), 4..5).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "between image 4: the row is of 4 drawings"
    );
    // More than the first that are drawn at once.
    let row = ddim().between(9, 9).unwrap();
    let refused = studio.sample(&row, 10).unwrap_err();
    assert_eq!(refused.to_string(), "count 10: the row is of 9 drawings");
    for frames in [1, 10_001] {
        let refused = ddim().between(9, frames).unwrap_err();
        let due = format!("frames {frames}: a row is of 2 to 10000 drawings");
        assert_eq!(refused.to_string(), due);
        let text = format!("between=9,{frames}");
        let refused = text.parse::<Draw>().unwrap_err();
        assert_eq!(refused.to_string(), format!("between 9,{frames}: {due}"));
    }
    assert!(Canvas::from_bytes(&model, &[0; 255]).is_err());
    assert!(canvas(&model).with_mask(&[0; 257]).is_err());
}
