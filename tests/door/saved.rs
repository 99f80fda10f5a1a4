//! Saved runs as bytes: whole, or refused.

use iddpm::run::{DrawError, LowRes};
use iddpm::{Device, Draw, Error, Model, Saved, Studio};

use crate::scratch::Scratch;
use crate::studio;

fn why(refused: Result<impl std::fmt::Debug, Error>) -> String {
    match refused {
        Err(Error::Draw(DrawError::Saved { why, .. })) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_goes_on_where_the_run_was() {
    let scratch = Scratch::new("door-saved");
    let mut studio = studio();
    let draw = Draw::new().steps("5").method("heun").wrap("x").seed(3);
    let mut run = studio.begin(&draw, 2).unwrap();
    for _ in 0..3 {
        assert!(run.advance().unwrap());
    }
    let saved = run.save().unwrap();
    saved.write(scratch.join("run")).unwrap();
    let read = Saved::read(scratch.join("run")).unwrap();
    assert_eq!((&read, read.draw(), read.position()), (&saved, &draw, 3));
    assert_eq!((read.made_with(), run.made_with()), (None, None));
    // In another process, on as many threads as it likes.
    let model = Model::open("../examples/assets/digits16.safetensors").unwrap();
    let mut resumed = model
        .on(Device::cpu().with_threads(1))
        .unwrap()
        .resume(&read)
        .unwrap();
    while resumed.advance().unwrap() {}
    // A network that goes round another way does not stay for the next run.
    let flat = draw.clone().wrap("none");
    let other = studio.sample(&flat, 2).unwrap();
    while run.advance().unwrap() {}
    let images = run.images().unwrap();
    assert_eq!(resumed.images().unwrap(), images);
    assert_eq!(studio.sample(&draw, 2).unwrap(), images);
    assert_ne!(other.planes(), images.planes());
    assert!(matches!(
        Saved::read(scratch.join("absent")),
        Err(Error::File(_))
    ));
}

/// Every byte counts, and so does every one that is missing.
#[test]
fn what_is_no_saved_run_is_refused() {
    let mut studio = studio();
    let mut run = studio.begin(&Draw::new().steps("5"), 1).unwrap();
    run.advance().unwrap();
    let bytes = run.save().unwrap().to_bytes().unwrap();
    for at in (0..bytes.len()).filter(|at| *at < 200 || at % 97 == 0) {
        let mut other = bytes.clone();
        other[at] ^= 0x10;
        let why = why(Saved::from_bytes(&other));
        let due = match at {
            0..4 => "it does not begin with iDDr",
            4..8 => "version ",
            _ => "it is damaged or cut",
        };
        assert!(why.starts_with(due), "{at}: {why}");
        assert!(Saved::from_bytes(&bytes[..at]).is_err(), "{at}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(why(Saved::from_bytes(&longer)).starts_with("it is damaged or cut"));
    assert!(
        why(Saved::from_bytes(b"iDDr\x04\0\0\0")).starts_with("version 4; this crate reads 1 to 3")
    );
}

/// By its name, and what it is instead.
#[test]
fn a_file_that_is_no_saved_run_is_named() {
    for (file, kind) in [
        ("samples.png", "a picture (PNG)"),
        ("digits16.safetensors", "a checkpoint (safetensors)"),
        ("README.md", "text that begins "),
    ] {
        let path = format!("../examples/assets/{file}");
        let error = Saved::read(&path).unwrap_err().to_string();
        let due = format!("saved run {path}: it is {kind}");
        assert!(error.starts_with(&due), "{error}");
        assert!(error.ends_with("and no saved run, which begins with iDDr"));
    }
    let none = why(Saved::from_bytes(&[7, 0, 9, 200]));
    assert_eq!(none, "it does not begin with iDDr, as a saved run does");
}

#[test]
fn another_models_run_is_refused() {
    let mut run = studio().begin(&Draw::new().steps("5"), 1).unwrap();
    let saved = run.save().unwrap();
    let sprites = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let refused = sprites.on(Device::cpu()).unwrap().resume(&saved);
    assert!(why(refused).starts_with("it is another model's, whose fingerprint is "));
}

/// A network that makes 8x8 of 4x4, in grey.
pub(crate) fn enlarging() -> Model {
    Model::from(crate::enlarging_network::enlarging(1))
}

/// Saved before it was given what it enlarges, a run asks for that when it goes on.
#[test]
fn a_run_that_enlarges_may_be_saved_at_its_beginning() {
    let model = enlarging();
    let mut studio = model.on(Device::cpu()).unwrap();
    let round = studio.begin(&Draw::new().steps("2").wrap("x"), 1);
    assert_eq!(
        round.unwrap_err().to_string(),
        "wrap x: this network enlarges images, which have edges"
    );
    let mut run = studio.begin(&Draw::new().steps("2"), 1).unwrap();
    let saved = run.save().unwrap();
    let mut resumed = studio.resume(&saved).unwrap();
    let missing = resumed.advance().unwrap_err();
    assert!(matches!(
        missing,
        Error::Draw(DrawError::LowResMissing { .. })
    ));
    let (mut run, mut resumed) = (
        run.with_low_res(&[0.5; 16]).unwrap(),
        resumed.with_low_res(&[0.5; 16]).unwrap(),
    );
    run.advance().unwrap();
    resumed.advance().unwrap();
    let late = resumed.save().unwrap();
    assert_eq!(run.save().unwrap(), late);
    studio.resume(&late).unwrap();
}

/// Pictures in memory are what those of a file are: one for all, straight alpha.
#[test]
fn bytes_are_enlarged_as_a_file_is() {
    let scratch = Scratch::new("door-enlarging");
    let model = enlarging();
    let grey: Vec<u8> = (0..16).map(|at| at * 16).collect();
    let path = scratch.join("small.png");
    image::GrayImage::from_raw(4, 4, grey.clone())
        .unwrap()
        .save(&path)
        .unwrap();
    let mut studio = model.on(Device::cpu()).unwrap();
    let draw = Draw::new().steps("2");
    let low_res = LowRes::open(&path, &model).unwrap();
    let of_file = studio.begin_enlarging(&draw, &low_res, 0..2).unwrap();
    let begun = |studio: &mut Studio| studio.begin(&draw, 2).unwrap();
    let for_all = begun(&mut studio).with_low_res_bytes(&grey).unwrap();
    let for_each = [&grey[..], &grey[..]].concat();
    let for_each = begun(&mut studio).with_low_res_bytes(&for_each).unwrap();
    let drawn = [of_file, for_all, for_each].map(|mut run| {
        while run.advance().unwrap() {}
        run.images().unwrap()
    });
    assert_eq!(drawn[0], drawn[1]);
    assert_eq!(drawn[0], drawn[2]);
    let refused = begun(&mut studio).with_low_res_bytes(&grey[1..]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "low-res 15 bytes: an image of 4x4 has 16, and there is one for all, or one for each of 2"
    );
}
