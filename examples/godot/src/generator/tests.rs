#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, Instant};

use iddpm::{Device, Draw, Model};

use super::{Failure, Frame, Generator, Place, Sprite};

const SPRITES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../assets/sprites32.safetensors"
);

fn place() -> Place {
    Place {
        model: SPRITES.into(),
        device: "cpu".into(),
        threads: 0,
    }
}

fn read() -> Result<Vec<u8>, String> {
    std::fs::read(SPRITES).map_err(|error| error.to_string())
}

/// The model, read at most once.
fn model(generator: &mut Generator) -> Model {
    generator.model(SPRITES, read).unwrap()
}

fn begin(generator: &mut Generator, draw: Draw) -> Result<(), Failure> {
    let model = model(generator);
    generator.begin(model, place(), draw)
}

/// The frames until the sprite is done: their previews, and the sprite.
fn frames(generator: &mut Generator, budget: Duration) -> (Vec<Sprite>, Sprite) {
    let mut previews = Vec::new();
    loop {
        match generator.frame(budget).unwrap() {
            Frame::Nothing => {
                assert!(generator.is_running(), "it ended without a sprite");
                std::thread::sleep(Duration::from_millis(1));
            }
            Frame::Preview(sprite) => previews.push(sprite),
            Frame::Finished(sprite) => return (previews, sprite),
        }
    }
}

fn axe() -> Draw {
    Draw::new().class("axe").seed(7)
}

#[test]
#[ignore = "IDDPM_SAMPLE is to name what `sample` draws of seed 7, as tests/godot/run.sh has it"]
fn the_sprite_is_that_of_sample() {
    let drawn = std::fs::read(std::env::var("IDDPM_SAMPLE").unwrap()).unwrap();
    let mut generator = Generator::default();
    begin(&mut generator, axe()).unwrap();
    let (_, sprite) = frames(&mut generator, Duration::ZERO);
    assert_eq!((sprite.width, sprite.height, sprite.channels), (32, 32, 4));
    assert_eq!(sprite.bytes, drawn[..32 * 32 * 4]);
}

#[test]
fn it_takes_as_many_frames_as_its_budget_makes_it() {
    let mut generator = Generator::default();
    begin(&mut generator, axe().steps("6")).unwrap();
    let (previews, small) = frames(&mut generator, Duration::ZERO);
    assert!(
        previews.len() > 100,
        "an operation a frame: {}",
        previews.len()
    );
    assert_ne!(previews[0], previews[previews.len() - 1]);
    assert!(!generator.is_running());

    begin(&mut generator, axe().steps("6")).unwrap();
    let (previews, large) = frames(&mut generator, Duration::from_secs(60));
    assert_eq!(previews.len(), 0, "all in a frame");
    assert_eq!(small, large);
}

#[test]
fn what_is_under_way_can_be_left() {
    let mut generator = Generator::default();
    begin(&mut generator, axe().steps("6")).unwrap();
    generator.cancel();
    assert!(!generator.is_running());
    assert!(matches!(
        generator.frame(Duration::ZERO).unwrap(),
        Frame::Nothing
    ));

    begin(&mut generator, axe().steps("6")).unwrap();
    while matches!(generator.frame(Duration::ZERO).unwrap(), Frame::Nothing) {}
    let fraction = generator.fraction();
    assert!(fraction > 0.0 && fraction < 1.0 / 6.0, "{fraction}");
    // Another in its place, as if there had been none.
    begin(&mut generator, axe().steps("6").seed(8)).unwrap();
    assert_eq!(generator.fraction(), 0.0);
    let (_, sprite) = frames(&mut generator, Duration::ZERO);
    let mut studio = model(&mut generator).on(Device::cpu()).unwrap();
    let images = studio.sample(&axe().steps("6").seed(8), 1).unwrap();
    assert_eq!(sprite.bytes, images.bytes().unwrap());
}

#[test]
fn several_go_on_beside_each_other() {
    let (mut left, mut right) = (Generator::default(), Generator::default());
    begin(&mut left, axe().steps("3")).unwrap();
    begin(&mut right, axe().steps("3")).unwrap();
    let (mut drawn, until) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while drawn.len() < 2 && Instant::now() < until {
        for generator in [&mut left, &mut right] {
            if let Frame::Finished(sprite) = generator.frame(Duration::ZERO).unwrap() {
                drawn.push(sprite);
            }
        }
    }
    assert_eq!(drawn.len(), 2);
    assert_eq!(drawn[0], drawn[1]);
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_the_library() {
    let mut generator = Generator::default();
    let said = |refused: Result<(), Failure>| refused.unwrap_err().to_string();
    let class = said(begin(&mut generator, Draw::new().class("dragon")));
    assert!(class.starts_with("class \"dragon\": "), "{class}");
    let steps = said(begin(&mut generator, axe().steps("many")));
    assert!(steps.contains("many"), "{steps}");
    assert!(!generator.is_running());

    let none = generator.model("res://none", || Err("ERR_FILE_NOT_FOUND".into()));
    let none = none.unwrap_err().to_string();
    assert_eq!(none, "model \"res://none\": ERR_FILE_NOT_FOUND");
    let broken = generator.model("res://broken", || Ok(vec![0; 9]));
    let broken = broken.unwrap_err().to_string();
    assert!(broken.starts_with("model \"res://broken\": "), "{broken}");
}

#[test]
fn a_device_that_is_not_there_is_said_in_a_frame() {
    let mut generator = Generator::default();
    let model = model(&mut generator);
    let place = Place {
        device: "no such adapter".into(),
        ..place()
    };
    generator.begin(model, place, axe()).unwrap();
    let refused = loop {
        match generator.frame(Duration::ZERO) {
            Ok(frame) => assert!(matches!(frame, Frame::Nothing)),
            Err(failure) => break failure.to_string(),
        }
    };
    assert!(refused.contains("no such adapter"), "{refused}");
    assert!(!generator.is_running());
}
