//! Handles that are none, of another kind, or in use.

use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, Ordering};

use iddpm::ffi::*;
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_BUSY, IDDPM_MORE};

use crate::{DIGITS, begin, check, finish, last_error, open, pixels, refused, studio, usual};

#[test]
fn null_is_refused_by_its_name_and_free_of_null_is_nothing() {
    let mut draw = usual();
    let mut run = null_mut();
    let null = |result, name: &str| {
        refused(
            result,
            IDDPM_ARGUMENT,
            &format!("{name} NULL: it must lead somewhere"),
        );
    };
    let on = studio(DIGITS);
    unsafe {
        null(iddpm_run_advance(null_mut(), 0), "run");
        null(iddpm_run_step(null_mut()), "run");
        null(iddpm_run_cancel(null_mut()), "run");
        null(iddpm_run_pixels(null_mut(), 0, null_mut(), 0, 0), "run");
        null(iddpm_run_preview(null_mut(), 0, null_mut(), 0, 0), "run");
        null(iddpm_run_save(null_mut(), null_mut(), &mut 0), "run");
        null(iddpm_run_begin(null_mut(), &draw, &mut run), "studio");
        null(iddpm_run_begin(on, &draw, null_mut()), "out");
        null(iddpm_run_begin(on, null_mut(), &mut run), "draw");
        null(
            iddpm_run_resume(null_mut(), null_mut(), 0, &mut run),
            "studio",
        );
        null(
            iddpm_model_on(null_mut(), null_mut(), 0, &mut null_mut()),
            "model",
        );
        null(iddpm_model_info(null_mut(), null_mut(), 0), "model");
        null(iddpm_draw_init(null_mut(), size_of::<iddpm_draw>()), "draw");
        assert_eq!(iddpm_run_fraction(null_mut()), -1.0);
        assert_eq!(iddpm_run_count(null_mut()), 0);
        assert_eq!(iddpm_studio_device(null_mut(), null_mut(), 0), 0);
        assert_eq!(iddpm_model_class_name(null_mut(), 0, null_mut(), 0), 0);
        assert_eq!(iddpm_model_notes(null_mut(), null_mut(), 0), 0);
        iddpm_model_free(null_mut());
        iddpm_studio_free(null_mut());
        iddpm_run_free(null_mut());
        iddpm_studio_free(on);
    }
    draw.palette_count = 2;
    crate::begin_refused(
        DIGITS,
        &draw,
        IDDPM_ARGUMENT,
        "palette NULL: it must lead somewhere",
    );
}

#[test]
fn a_handle_of_another_kind_is_refused_and_stays() {
    let (model, on) = (open(DIGITS), studio(DIGITS));
    let run = begin(DIGITS, &usual());
    let foreign = |name: &str, handle: *mut ()| {
        let why = format!("{name} {handle:p}: no {name} of this library, or one that was freed");
        assert_eq!(last_error(), why);
    };
    unsafe {
        assert_eq!(iddpm_run_advance(model.cast(), 0), IDDPM_ARGUMENT);
        foreign("run", model.cast());
        assert_eq!(
            iddpm_model_on(run.cast(), null_mut(), 0, &mut null_mut()),
            IDDPM_ARGUMENT
        );
        foreign("model", run.cast());
        assert_eq!(iddpm_studio_device(run.cast(), null_mut(), 0), 0);
        foreign("studio", run.cast());
        // Freeing one as another frees nothing.
        iddpm_run_free(on.cast());
        foreign("run", on.cast());
        iddpm_model_free(on.cast());
        foreign("model", on.cast());
        // No handle lies there; nothing is read.
        let odd = without_provenance_mut::<iddpm_run>(3);
        assert_eq!(iddpm_run_advance(odd, 0), IDDPM_ARGUMENT);
        foreign("run", odd.cast());

        assert_eq!(iddpm_run_advance(run, 0), IDDPM_MORE);
        iddpm_run_free(run);
        iddpm_studio_free(on);
        iddpm_model_free(model);
    }
}

/// A call beside another is refused and changes nothing: the image is the one without it.
#[test]
fn a_run_is_used_by_one_thread_at_a_time() {
    struct Shared(*mut iddpm_run);
    // SAFETY: the library refuses what may not be at once.
    unsafe impl Sync for Shared {}
    impl Shared {
        fn advance(&self, microseconds: u32) -> iddpm_result {
            unsafe { iddpm_run_advance(self.0, microseconds) }
        }

        fn fraction(&self) -> f32 {
            unsafe { iddpm_run_fraction(self.0) }
        }
    }
    let method = c"ancestral";
    let draw = iddpm_draw {
        method: method.as_ptr(),
        ..usual()
    };
    let (alone, shared) = (begin(DIGITS, &draw), Shared(begin(DIGITS, &draw)));
    let (is_over, was_busy) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                if shared.fraction() < 0.0 {
                    assert_eq!(last_error(), "run: another thread is in a call with it");
                    assert_eq!(iddpm_last_result(), IDDPM_BUSY);
                    was_busy.store(true, Ordering::SeqCst);
                }
            }
        });
        loop {
            match shared.advance(0) {
                IDDPM_MORE | IDDPM_BUSY => {}
                done => break check(done),
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(was_busy.into_inner(), "no call fell into a step");
    finish(alone);
    assert_eq!(pixels(shared.0, 0, 16), pixels(alone, 0, 16));
    unsafe {
        iddpm_run_free(alone);
        iddpm_run_free(shared.0);
    }
}

/// Begun on one thread, drawn on another, beside a run of the same studio that is drawn here.
#[test]
fn handles_go_from_thread_to_thread() {
    struct Sent(*mut iddpm_run);
    // SAFETY: whoever gets it is the only one that has it.
    unsafe impl Send for Sent {}
    let (on, draw) = (studio(DIGITS), usual());
    let [mut here, mut there] = [null_mut(); 2];
    unsafe {
        check(iddpm_run_begin(on, &draw, &mut here));
        check(iddpm_run_begin(on, &draw, &mut there));
    }
    let sent = Sent(there);
    let drawn = std::thread::spawn(move || {
        let Sent(run) = { sent };
        finish(run);
        let drawn = pixels(run, 0, 16);
        unsafe { iddpm_run_free(run) };
        drawn
    });
    finish(here);
    assert_eq!(drawn.join().unwrap(), pixels(here, 0, 16));
    unsafe {
        iddpm_run_free(here);
        iddpm_studio_free(on);
    }
}
