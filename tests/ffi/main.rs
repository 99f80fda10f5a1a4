//! The door in C, called as C calls it: what it gives is the door's, and what is wrong is refused by its name.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/enlarging.rs"]
mod enlarging_network;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod draws;
mod enlarging;
mod handles;
mod models;
mod planes;
mod runs;

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};

use iddpm::ffi::*;
use iddpm_result::{IDDPM_MORE, IDDPM_OK};

/// The shipped networks: grey of 16x16, and RGBA of 32x32.
pub(crate) const DIGITS: &str = "../examples/assets/digits16.safetensors";
pub(crate) const SPRITES: &str = "../examples/assets/sprites32.safetensors";

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// A text that a function writes: first its size is asked for.
pub(crate) fn text(put: impl Fn(*mut c_char, usize) -> usize) -> String {
    let needed = put(null_mut(), 0);
    let mut bytes = vec![0xFF_u8; needed];
    assert_eq!(put(bytes.as_mut_ptr().cast(), needed), needed);
    assert_eq!(bytes.pop(), Some(0));
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn last_error() -> String {
    text(|out, len| unsafe { iddpm_last_error(out, len) })
}

pub(crate) fn check(result: iddpm_result) {
    assert!(result as i32 >= 0, "{result:?}: {}", last_error());
}

/// That a call failed so, by this sentence.
#[track_caller]
pub(crate) fn refused(result: iddpm_result, expected: iddpm_result, sentence: &str) {
    assert_eq!((result, last_error().as_str()), (expected, sentence));
    assert_eq!(iddpm_last_result(), expected);
}

pub(crate) fn open(path: &str) -> *mut iddpm_model {
    let (path, mut model) = (c(path), null_mut());
    check(unsafe { iddpm_model_open(path.as_ptr(), &mut model) });
    model
}

/// On the processor; the model is freed, which the studio outlives.
pub(crate) fn studio(path: &str) -> *mut iddpm_studio {
    let (model, cpu, mut studio) = (open(path), c("cpu"), null_mut());
    unsafe {
        check(iddpm_model_on(model, cpu.as_ptr(), 1, &mut studio));
        iddpm_model_free(model);
    }
    studio
}

pub(crate) fn usual() -> iddpm_draw {
    let mut draw = std::mem::MaybeUninit::uninit();
    unsafe {
        check(iddpm_draw_init(draw.as_mut_ptr(), size_of::<iddpm_draw>()));
        draw.assume_init()
    }
}

/// Begins a run of a studio that is freed, which the run outlives.
pub(crate) fn begin(path: &str, draw: &iddpm_draw) -> *mut iddpm_run {
    let (studio, mut run) = (studio(path), null_mut());
    unsafe {
        check(iddpm_run_begin(studio, draw, &mut run));
        iddpm_studio_free(studio);
    }
    run
}

/// That a drawing is refused, and no handle made.
#[track_caller]
pub(crate) fn begin_refused(
    path: &str,
    draw: *const iddpm_draw,
    expected: iddpm_result,
    sentence: &str,
) {
    let (studio, mut run) = (studio(path), std::ptr::dangling_mut());
    let result = unsafe { iddpm_run_begin(studio, draw, &mut run) };
    refused(result, expected, sentence);
    assert!(run.is_null());
    unsafe { iddpm_studio_free(studio) };
}

/// Takes all steps, and returns how many calls it took.
pub(crate) fn finish(run: *mut iddpm_run) -> usize {
    for calls in 1.. {
        match unsafe { iddpm_run_step(run) } {
            IDDPM_MORE => {}
            IDDPM_OK => return calls,
            failed => panic!("{failed:?}: {}", last_error()),
        }
    }
    unreachable!()
}

pub(crate) fn pixels(run: *mut iddpm_run, image: u32, side: usize) -> Vec<u8> {
    let mut out = vec![0; side * side * 4];
    let (place, len) = (out.as_mut_ptr(), out.len());
    check(unsafe { iddpm_run_pixels(run, image, place, side * 4, len) });
    out
}

pub(crate) const NO_TEXT: *const c_char = null();
