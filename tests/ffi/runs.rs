//! Runs on their way: looked at, saved, resumed, cancelled.

use std::ptr::{null, null_mut};

use iddpm::ffi::*;
use iddpm::{Device, Draw, Model, Saved};
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_ENDED, IDDPM_MORE, IDDPM_OK, IDDPM_SAVED};

use crate::{DIGITS, SPRITES, begin, c, check, finish, last_error, pixels, refused, studio, usual};

fn save(run: *mut iddpm_run) -> Vec<u8> {
    let mut len = usize::MAX;
    check(unsafe { iddpm_run_save(run, null_mut(), &mut len) });
    let mut saved = vec![0; len];
    check(unsafe { iddpm_run_save(run, saved.as_mut_ptr(), &mut len) });
    assert_eq!(len, saved.len());
    saved
}

fn resume(path: &str, saved: &[u8]) -> (iddpm_result, *mut iddpm_run) {
    let (on, mut run) = (studio(path), std::ptr::dangling_mut());
    let result = unsafe { iddpm_run_resume(on, saved.as_ptr(), saved.len(), &mut run) };
    unsafe { iddpm_studio_free(on) };
    (result, run)
}

#[test]
fn no_time_is_one_operation_and_enough_is_all() {
    let steps = c("5");
    let draw = iddpm_draw {
        steps: steps.as_ptr(),
        ..usual()
    };
    let run = begin(DIGITS, &draw);
    for taken in 1..5 {
        // A part of each: the step takes the rest of it.
        assert_eq!(unsafe { iddpm_run_advance(run, 0) }, IDDPM_MORE);
        let begun = unsafe { iddpm_run_fraction(run) };
        let step = (taken as f32 - 1.0) / 5.0..taken as f32 / 5.0;
        assert!(
            begun > step.start && begun < step.end,
            "{begun} of {step:?}"
        );
        assert_eq!(unsafe { iddpm_run_step(run) }, IDDPM_MORE);
        assert_eq!(unsafe { iddpm_run_fraction(run) }, step.end);
    }
    assert_eq!(unsafe { iddpm_run_step(run) }, IDDPM_OK);
    assert_eq!(unsafe { iddpm_run_fraction(run) }, 1.0);
    let done = pixels(run, 0, 16);
    assert_eq!(unsafe { iddpm_run_advance(run, u32::MAX) }, IDDPM_OK);
    assert_eq!(pixels(run, 0, 16), done);
    let at_once = begin(DIGITS, &draw);
    assert_eq!(unsafe { iddpm_run_advance(at_once, u32::MAX) }, IDDPM_OK);
    assert_eq!(pixels(at_once, 0, 16), done);
    unsafe {
        iddpm_run_free(run);
        iddpm_run_free(at_once);
    }
}

#[test]
fn what_is_seen_on_the_way_is_the_doors() {
    let run = begin(SPRITES, &usual());
    let mut door = Model::open(SPRITES).unwrap().on(Device::cpu()).unwrap();
    let mut known = door.begin(&Draw::new(), 1).unwrap();
    for _ in 0..2 {
        let mut preview = vec![0; 32 * 32 * 4];
        let len = preview.len();
        check(unsafe { iddpm_run_preview(run, 0, preview.as_mut_ptr(), 128, len) });
        assert!(preview == known.preview().unwrap().bytes().unwrap());
        assert!(pixels(run, 0, 32) == known.images().unwrap().bytes().unwrap());
        known.advance().unwrap();
        assert_eq!(unsafe { iddpm_run_step(run) }, IDDPM_MORE);
    }
    unsafe { iddpm_run_free(run) };
}

/// Rows lie a stride apart, and what is between them and behind the last is as it was.
#[test]
fn pixels_go_into_rows_of_the_callers() {
    let run = begin(DIGITS, &usual());
    let tight = pixels(run, 0, 16);
    let stride = 64 + 3;
    let needed = 15 * stride + 64;
    let mut wide = vec![7; 16 * stride];
    let out = wide.as_mut_ptr();
    check(unsafe { iddpm_run_pixels(run, 0, out, stride, needed) });
    for (y, row) in wide.chunks(stride).enumerate() {
        let (pixels, between) = row.split_at(64);
        assert_eq!(pixels, &tight[y * 64..][..64]);
        assert!(between.iter().all(|&byte| byte == 7));
    }
    let before = wide.clone();
    let out = wide.as_mut_ptr();
    let wrong = |image, out, stride, len, sentence: &str| {
        refused(
            unsafe { iddpm_run_pixels(run, image, out, stride, len) },
            IDDPM_ARGUMENT,
            sentence,
        );
    };
    let short = format!("out {} bytes: {needed} are needed", needed - 1);
    wrong(0, out, stride, needed - 1, &short);
    wrong(
        0,
        out,
        63,
        needed,
        "out stride 63: a row of 16 pixels of 4 bytes has 64",
    );
    let most = format!(
        "out stride {} of 16 rows: more bytes than memory has",
        usize::MAX
    );
    wrong(0, out, usize::MAX, needed, &most);
    wrong(
        1,
        out,
        stride,
        needed,
        "image 1: the run has 1 images, the first of which is 0",
    );
    wrong(
        0,
        null_mut(),
        stride,
        needed,
        "out NULL: it must lead somewhere",
    );
    assert_eq!(wide, before);
    unsafe { iddpm_run_free(run) };
}

#[test]
fn a_saved_run_goes_on_to_the_same_bytes_from_every_step() {
    let [steps, method] = ["4", "ancestral"].map(c);
    let draw = iddpm_draw {
        steps: steps.as_ptr(),
        method: method.as_ptr(),
        count: 2,
        ..usual()
    };
    let straight = begin(DIGITS, &draw);
    finish(straight);
    for taken in 0..=4 {
        let run = begin(DIGITS, &draw);
        for _ in 0..taken {
            check(unsafe { iddpm_run_step(run) });
        }
        let saved = save(run);
        // Of the door's own form.
        assert_eq!(Saved::from_bytes(&saved).unwrap().position(), taken);
        let (result, resumed) = resume(DIGITS, &saved);
        check(result);
        finish(resumed);
        for image in 0..2 {
            assert!(
                pixels(resumed, image, 16) == pixels(straight, image, 16),
                "{taken}"
            );
        }
        unsafe {
            iddpm_run_free(run);
            iddpm_run_free(resumed);
        }
    }
    unsafe { iddpm_run_free(straight) };
}

#[test]
fn what_is_no_saved_run_of_the_model_is_refused() {
    let run = begin(DIGITS, &usual());
    let saved = save(run);
    let (result, none) = resume(SPRITES, &saved);
    assert_eq!(result, IDDPM_SAVED);
    assert!(
        last_error().contains("it is another model's"),
        "{}",
        last_error()
    );
    assert!(none.is_null());
    for len in [0, 1, saved.len() - 1] {
        let error = Saved::from_bytes(&saved[..len]).unwrap_err();
        refused(
            resume(DIGITS, &saved[..len]).0,
            IDDPM_SAVED,
            &error.to_string(),
        );
    }
    let mut short = vec![7; saved.len()];
    let mut len = saved.len() - 1;
    let result = unsafe { iddpm_run_save(run, short.as_mut_ptr(), &mut len) };
    let why = format!("out {} bytes: {} are needed", saved.len() - 1, saved.len());
    refused(result, IDDPM_ARGUMENT, &why);
    assert_eq!((len, short), (saved.len(), vec![7; saved.len()]));
    let no_len = unsafe { iddpm_run_save(run, null_mut(), null_mut()) };
    refused(no_len, IDDPM_ARGUMENT, "len NULL: it must lead somewhere");
    let on = studio(DIGITS);
    let nothing = unsafe { iddpm_run_resume(on, null(), 1, &mut null_mut()) };
    refused(
        nothing,
        IDDPM_ARGUMENT,
        "saved NULL: it must lead somewhere",
    );
    unsafe {
        iddpm_studio_free(on);
        iddpm_run_free(run);
    }
}

#[test]
fn a_cancelled_run_says_so() {
    let run = begin(DIGITS, &usual());
    unsafe {
        assert_eq!(iddpm_run_step(run), IDDPM_MORE);
        assert_eq!(iddpm_run_cancel(run), IDDPM_OK);
        let gone = |result| refused(result, IDDPM_ENDED, "run: it was cancelled");
        gone(iddpm_run_step(run));
        gone(iddpm_run_save(run, null_mut(), &mut 0));
        gone(iddpm_run_pixels(run, 0, null_mut(), 64, 0));
        assert_eq!(iddpm_run_fraction(run), -1.0);
        assert_eq!(iddpm_run_count(run), 0);
        assert_eq!(iddpm_run_cancel(run), IDDPM_OK);
        iddpm_run_free(run);
    }
}

/// In software too, where the machine has no other: the door's images, and what was saved goes on.
#[cfg(feature = "gpu")]
#[test]
fn a_run_on_a_gpu_is_the_doors() {
    let (model, gpu, steps) = (crate::open(DIGITS), c("gpu"), c("4"));
    let (mut on, mut run, mut resumed) = (null_mut(), null_mut(), null_mut());
    let draw = iddpm_draw {
        steps: steps.as_ptr(),
        ..usual()
    };
    let mut door = Model::open(DIGITS).unwrap().on(Device::gpu()).unwrap();
    let known = door.sample(&Draw::new().steps("4"), 1).unwrap();
    let known = known.bytes().unwrap();
    unsafe {
        let threads = iddpm_model_on(model, gpu.as_ptr(), 1, &mut on);
        let why = "threads: a GPU runs the network, and they are the processor's";
        refused(threads, IDDPM_ARGUMENT, why);
        check(iddpm_model_on(model, gpu.as_ptr(), 0, &mut on));
        check(iddpm_run_begin(on, &draw, &mut run));
        assert_eq!(iddpm_run_step(run), IDDPM_MORE);
        let saved = save(run);
        check(iddpm_run_resume(
            on,
            saved.as_ptr(),
            saved.len(),
            &mut resumed,
        ));
        for run in [run, resumed] {
            finish(run);
            let grey: Vec<u8> = pixels(run, 0, 16).into_iter().step_by(4).collect();
            assert!(grey == known);
            iddpm_run_free(run);
        }
        iddpm_studio_free(on);
        iddpm_model_free(model);
    }
}
