//! Pictures without end: tiles are the door's, whatever was drawn before, and what cannot be is refused.

use std::ffi::CStr;
use std::ptr::null_mut;

use iddpm::ffi::*;
use iddpm::{Device, Draw, Model};
use iddpm_result::{IDDPM_ARGUMENT, IDDPM_BUSY};

use crate::{DIGITS, SPRITES, c, check, refused, studio, usual};

/// A class, few steps.
fn drawing(class: &CStr, steps: &CStr) -> iddpm_draw {
    iddpm_draw {
        class_name: class.as_ptr(),
        steps: steps.as_ptr(),
        seed: 7,
        ..usual()
    }
}

/// Begins a plane of a studio that is freed, which the plane outlives.
fn begin(path: &str, draw: &iddpm_draw) -> *mut iddpm_plane {
    let (studio, mut plane) = (studio(path), null_mut());
    unsafe {
        check(iddpm_plane_begin(studio, draw, &mut plane));
        iddpm_studio_free(studio);
    }
    plane
}

fn tile(plane: *mut iddpm_plane, x: i32, y: i32, (width, height): (u32, u32)) -> Vec<u8> {
    let stride = width as usize * 4;
    let mut out = vec![0; stride * height as usize];
    let (place, len) = (out.as_mut_ptr(), out.len());
    check(unsafe { iddpm_plane_tile(plane, x, y, width, height, place, stride, len) });
    out
}

#[test]
fn tiles_are_the_doors_whatever_was_drawn_before() {
    let [sword, steps] = ["sword", "4"].map(c);
    let plane = begin(SPRITES, &drawing(&sword, &steps));
    let first = tile(plane, -8, 0, (48, 20));
    let second = tile(plane, 40, 0, (9, 20));
    assert!(tile(plane, -8, 0, (48, 20)) == first);
    let mut door = Model::open(SPRITES).unwrap().on(Device::cpu()).unwrap();
    let draw = Draw::new().class("sword").steps("4").seed(7);
    let mut known = door.plane(&draw).unwrap();
    let whole = known.tile(-8, 0, (57, 20)).unwrap().bytes().unwrap();
    for (row, whole) in whole.chunks_exact(57 * 4).enumerate() {
        assert!(
            whole[..48 * 4] == first[row * 48 * 4..][..48 * 4],
            "row {row}"
        );
        assert!(
            whole[48 * 4..] == second[row * 9 * 4..][..9 * 4],
            "row {row}"
        );
    }
    unsafe { iddpm_plane_free(plane) };
}

#[test]
fn what_no_plane_can_be_is_refused_where_it_begins() {
    let [class, steps, xy, ancestral, row] = ["3", "4", "xy", "ancestral", "1,2"].map(c);
    let plain = drawing(&class, &steps);
    let grey = [0_u8; 16 * 16 * 4];
    let edge = iddpm_draw {
        wrap: xy.as_ptr(),
        ..plain
    };
    let noisy = iddpm_draw {
        method: ancestral.as_ptr(),
        ..plain
    };
    let between = iddpm_draw {
        between: row.as_ptr(),
        ..plain
    };
    let several = iddpm_draw { count: 2, ..plain };
    let later = iddpm_draw { first: 1, ..plain };
    let on_picture = iddpm_draw {
        init: grey.as_ptr(),
        init_stride: 64,
        init_width: 16,
        init_height: 16,
        ..plain
    };
    let of_all = iddpm_draw {
        class_name: std::ptr::null(),
        ..plain
    };
    let wrong = [
        (edge, "wrap xy: a plane has no edges to go round"),
        (
            noisy,
            "method ancestral: a plane is drawn by ddim, dpm or heun, whose steps add no noise",
        ),
        (between, "between 1,2: a plane is of one seed"),
        (
            several,
            "count 2, the first 0: a plane is one image, its number 0",
        ),
        (
            later,
            "count 1, the first 1: a plane is one image, its number 0",
        ),
        (on_picture, "init given: a plane begins with noise alone"),
        (of_all, "class \"\": a plane is of one class: name it"),
    ];
    let on = studio(DIGITS);
    for (draw, sentence) in &wrong {
        let mut plane = std::ptr::dangling_mut();
        let result = unsafe { iddpm_plane_begin(on, draw, &mut plane) };
        refused(result, IDDPM_ARGUMENT, sentence);
        assert!(plane.is_null());
    }
    unsafe { iddpm_studio_free(on) };
}

/// Before anything is drawn, and nothing is written.
#[test]
fn a_tile_that_cannot_be_is_refused() {
    let [class, steps] = ["3", "4"].map(c);
    let plane = begin(DIGITS, &drawing(&class, &steps));
    let mut out = [7_u8; 64];
    let len = out.len();
    let mut ask = |plane, x, size: (u32, u32), stride, sentence: &str| {
        let result =
            unsafe { iddpm_plane_tile(plane, x, 0, size.0, size.1, out.as_mut_ptr(), stride, len) };
        refused(result, IDDPM_ARGUMENT, sentence);
        assert_eq!(out, [7; 64]);
    };
    let run = crate::begin(DIGITS, &usual());
    ask(
        null_mut(),
        0,
        (4, 4),
        16,
        "plane NULL: it must lead somewhere",
    );
    ask(plane, 0, (4, 5), 16, "out 64 bytes: 80 are needed");
    ask(
        plane,
        0,
        (4, 4),
        15,
        "out stride 15: a row of 4 pixels of 4 bytes has 16",
    );
    let why = "a tile has pixels, and lies within half of what 32 bits count";
    ask(plane, 0, (0, 4), 16, &format!("size 0x4 at 0,0: {why}"));
    ask(
        plane,
        i32::MAX,
        (4, 4),
        16,
        &format!("size 4x4 at {},0: {why}", i32::MAX),
    );
    let foreign = format!("plane {run:p}: no plane of this library, or one that was freed");
    ask(run.cast(), 0, (4, 4), 16, &foreign);
    // And it goes on.
    assert_eq!(tile(plane, 0, 0, (4, 4)).len(), 64);
    unsafe {
        iddpm_run_free(run);
        iddpm_plane_free(plane);
        iddpm_plane_free(null_mut());
    }
}

/// A studio draws for one at a time: whoever asks meanwhile is told.
#[test]
fn a_tile_keeps_its_studio_busy() {
    let [class, steps] = ["sword", "15"].map(c);
    let draw = drawing(&class, &steps);
    let (on, mut plane) = (studio(SPRITES), null_mut());
    check(unsafe { iddpm_plane_begin(on, &draw, &mut plane) });
    struct Sent(*mut iddpm_plane);
    // SAFETY: whoever gets it is the only one that has it.
    unsafe impl Send for Sent {}
    let sent = Sent(plane);
    std::thread::scope(|scope| {
        let drawing = scope.spawn(move || {
            let Sent(plane) = { sent };
            let mut out = vec![0; 64 * 64 * 4];
            let (place, len) = (out.as_mut_ptr(), out.len());
            loop {
                match unsafe { iddpm_plane_tile(plane, 0, 0, 64, 64, place, 256, len) } {
                    IDDPM_BUSY => {}
                    done => break check(done),
                }
            }
        });
        let mut was_busy = false;
        while !drawing.is_finished() {
            let mut run = null_mut();
            match unsafe { iddpm_run_begin(on, &usual(), &mut run) } {
                IDDPM_BUSY => was_busy = true,
                other => check(other),
            }
            unsafe { iddpm_run_free(run) };
        }
        assert!(was_busy, "no call fell into a tile");
        drawing.join().unwrap();
    });
    unsafe {
        iddpm_plane_free(plane);
        iddpm_studio_free(on);
    }
}
