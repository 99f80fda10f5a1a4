//! Runs in slices smaller than a step: the same bits, whatever happens between them.

use std::time::Duration;

use iddpm::run::DrawError;
use iddpm::{Device, Draw, Error, Run, Studio};

use crate::null_class::with_null_class;

/// Steps with noise, classes side by side, the network asked twice for each image.
fn draw() -> Draw {
    Draw::new().method("ancestral").steps("3").guidance(2.0)
}

fn studio() -> Studio {
    with_null_class().on(Device::cpu()).unwrap()
}

fn finished(mut run: Run) -> Vec<f32> {
    while run.advance().unwrap() {}
    run.images().unwrap().planes().to_vec()
}

fn whole(studio: &mut Studio) -> Vec<f32> {
    finished(studio.begin(&draw(), 2).unwrap())
}

/// What is shown on the way is of whole steps, and how much is done only grows.
#[test]
fn an_image_by_operations_is_the_image_by_steps() {
    let mut studio = studio();
    let expected = whole(&mut studio);
    let mut by_steps = studio.begin(&draw(), 2).unwrap();
    let mut run = studio.begin(&draw(), 2).unwrap();
    let (mut slices, mut fraction) = (0, 0.0);
    while run.advance_while(|| false).unwrap() {
        slices += 1;
        assert!(run.fraction() > fraction, "slice {slices}");
        fraction = run.fraction();
        if run.position() > by_steps.position() {
            by_steps.advance().unwrap();
        }
        assert!((run.position() as f32) / 3.0 <= fraction && fraction < 1.0);
        let (shown, known) = (run.preview().unwrap(), by_steps.preview().unwrap());
        assert_eq!(shown.planes(), known.planes());
    }
    assert!(slices > 100, "an operation is a slice: {slices}");
    assert_eq!((run.position(), run.fraction()), (3, 1.0));
    assert!(!run.advance_while(|| false).unwrap());
    assert_eq!(run.images().unwrap().planes(), expected);
}

/// As a host asks it to stop anywhere: it is asked once after each operation, and heeded at once.
#[test]
fn it_is_asked_after_every_operation() {
    let mut studio = studio();
    let mut run = studio.begin(&draw(), 1).unwrap();
    let mut slices = 1_usize;
    while run.advance_while(|| false).unwrap() {
        slices += 1;
    }
    for at_once in [2, 7, slices - 1, slices] {
        let mut run = studio.begin(&draw(), 1).unwrap();
        let (mut asked, mut calls) = (0, 1);
        let mut again = || {
            asked += 1;
            asked % at_once != 0
        };
        while run.advance_while(&mut again).unwrap() {
            calls += 1;
        }
        assert_eq!(
            (asked, calls),
            (slices, slices.div_ceil(at_once)),
            "{at_once}"
        );
    }
}

/// Runs of one studio are each in the middle of a step of their own.
#[test]
fn runs_side_by_side_do_not_disturb_each_other() {
    let mut studio = studio();
    let draws = [0, 1, 2].map(|seed| draw().seed(seed));
    let expected = draws
        .clone()
        .map(|draw| finished(studio.begin(&draw, 2).unwrap()));
    let mut runs = draws.map(|draw| studio.begin(&draw, 2).unwrap());
    let mut turn = 0;
    while runs.iter().any(|run| !run.is_done()) {
        turn += 1;
        for (run, size) in runs.iter_mut().zip([1, 3, 10]) {
            let mut left = size;
            run.advance_while(|| {
                left -= 1;
                left > 0
            })
            .unwrap();
        }
    }
    assert!(turn > 100, "they are on their way together: {turn}");
    for (run, expected) in runs.iter().zip(&expected) {
        assert_eq!(run.images().unwrap().planes(), expected);
    }
}

/// Saved in the middle of a step: what was done of it is done again, and the run itself goes on with it.
#[test]
fn what_is_saved_within_a_step_goes_on_to_the_same_image() {
    let mut studio = studio();
    let expected = whole(&mut studio);
    let mut run = studio.begin(&draw(), 2).unwrap();
    let mut slices = 0;
    while run.advance_while(|| false).unwrap() {
        slices += 1;
        if slices % 13 == 0 {
            let saved = run.save().unwrap();
            assert_eq!(saved.position(), run.position());
            let resumed = studio.resume(&saved).unwrap();
            assert_eq!(resumed.fraction(), run.position() as f32 / 3.0);
            assert_eq!(finished(resumed), expected);
        }
    }
    assert_eq!(run.images().unwrap().planes(), expected);
}

/// A time that is over at once is one operation, and a long one all; by whatever pieces, it is the image.
#[test]
fn time_slices_have_the_bits_of_whole_steps() {
    let mut studio = studio();
    let expected = whole(&mut studio);
    for time in [Duration::ZERO, Duration::from_micros(300), Duration::MAX] {
        let mut run = studio.begin(&draw(), 2).unwrap();
        let mut calls = 1;
        while run.advance_for(time).unwrap() {
            calls += 1;
        }
        assert_eq!(run.images().unwrap().planes(), expected, "{time:?}");
        assert!(time > Duration::ZERO || calls > 100, "{calls}");
        assert!(time < Duration::MAX || calls == 1, "{calls}");
    }
}

/// A host whose clock panics, caught by it: what was begun is not gone on with, and the step is done anew.
#[test]
fn a_panic_within_a_step_changes_no_bit() {
    let mut studio = studio();
    let expected = whole(&mut studio);
    for at in [1, 2, 50, 101] {
        let mut run = studio.begin(&draw(), 2).unwrap();
        let mut left = at;
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run.advance_while(|| {
                left -= 1;
                assert!(left > 0, "the clock is broken");
                true
            })
        }));
        assert!(stopped.is_err());
        assert_eq!(finished(run), expected, "operation {at}");
    }
}

/// What is enlarged is part of a step that has begun.
#[test]
fn no_low_res_images_are_taken_within_a_step() {
    let model = crate::saved::enlarging();
    let mut studio = model.on(Device::cpu()).unwrap();
    let begun = studio.begin(&Draw::new().steps("3"), 1).unwrap();
    let mut begun = begun.with_low_res(&[0.5; 16]).unwrap();
    begun.advance_while(|| false).unwrap();
    let Err(Error::Draw(DrawError::Value { word, .. })) = begun.with_low_res(&[0.25; 16]) else {
        panic!("they were taken");
    };
    assert_eq!(word, "low-res");
}

/// A frame that the host has recorded and not submitted comes first, wherever it is.
#[cfg(feature = "gpu")]
#[test]
fn time_slices_do_not_overtake_frames() {
    use iddpm::run::Budget;
    let mut studio = with_null_class().on(Device::gpu()).unwrap();
    let expected = whole(&mut studio);
    let gpu = studio.gpu().unwrap().clone();
    let mut run = studio.begin(&draw(), 2).unwrap();
    let frame = |run: &mut Run| {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        run.record(&mut encoder, Budget::milliseconds(1.0)).unwrap();
        encoder
    };
    let held = frame(&mut run);
    let overtaken = run.advance_for(Duration::from_secs(1));
    assert!(
        matches!(overtaken, Err(Error::Draw(DrawError::FrameNotSubmitted))),
        "{overtaken:?}"
    );
    gpu.queue().submit([held.finish()]);
    run.advance_for(Duration::ZERO).unwrap();
    // One that is dropped is made good.
    drop(frame(&mut run));
    while run.advance_for(Duration::from_secs(1)).unwrap() {}
    assert_eq!(run.images().unwrap().planes(), expected);
}

/// On a GPU the slices are dispatches.
#[cfg(feature = "gpu")]
#[test]
fn time_slices_on_a_gpu_have_the_bits_of_whole_steps() {
    let mut studio = with_null_class().on(Device::gpu()).unwrap();
    let expected = whole(&mut studio);
    let mut run = studio.begin(&draw(), 2).unwrap();
    let (mut slices, mut fraction) = (0, 0.0);
    while run.advance_for(Duration::ZERO).unwrap() {
        slices += 1;
        assert!(run.fraction() > fraction, "slice {slices}");
        fraction = run.fraction();
    }
    assert!(slices > 100, "a dispatch is a slice: {slices}");
    assert_eq!(run.fraction(), 1.0);
    assert_eq!(run.images().unwrap().planes(), expected);
    let mut at_once = studio.begin(&draw(), 2).unwrap();
    assert!(!at_once.advance_for(Duration::MAX).unwrap());
    assert_eq!(at_once.images().unwrap().planes(), expected);
}
