//! Networks that enlarge: what they are given is the door's, and what they cannot be given is refused.

use std::ptr::null_mut;

use iddpm::checkpoint::Dtype;
use iddpm::ffi::*;
use iddpm::{Device, Draw, Model, Run};
use iddpm_result::IDDPM_ARGUMENT;

use crate::draws::same;
use crate::scratch::Scratch;
use crate::{DIGITS, begin, begin_refused, check, finish, open, pixels, refused, studio, usual};

/// The path of the file of a network that makes 8x8 of 4x4, RGBA.
fn enlarging(scratch: &Scratch) -> String {
    let file = crate::enlarging_network::enlarging(4).to_bytes(Dtype::F32);
    let path = scratch.write("enlarging.safetensors", &file.unwrap());
    path.to_str().unwrap().into()
}

/// Pixels of so many pictures, each below the one before, in rows that are farther apart than they are long.
const STRIDE: usize = 4 * 4 + 3;
fn small(pictures: usize) -> Vec<u8> {
    (0..pictures * 4 * STRIDE)
        .map(|at| (at * 37) as u8)
        .collect()
}

/// The same as the network sees them: channels first, colours under their alpha.
fn seen(bytes: &[u8]) -> Vec<f32> {
    let pictures = bytes.chunks(4 * STRIDE);
    let number = |picture: &[u8], channel: usize, at: usize| {
        let pixel = &picture[at / 4 * STRIDE + at % 4 * 4..][..4];
        let [value, alpha] = [pixel[channel], pixel[3]].map(u32::from);
        let under = if channel == 3 {
            alpha
        } else {
            (value * alpha + 127) / 255
        };
        under as f32 / 127.5 - 1.0
    };
    let of_picture = |picture| {
        (0..4).flat_map(move |channel| (0..16).map(move |at| number(picture, channel, at)))
    };
    pictures.flat_map(of_picture).collect()
}

fn draw(low_res: &[u8], pictures: u32) -> iddpm_draw {
    iddpm_draw {
        count: 2,
        low_res: low_res.as_ptr(),
        low_res_stride: STRIDE,
        low_res_width: 4,
        low_res_height: 4 * pictures,
        steps: c"2".as_ptr(),
        ..usual()
    }
}

fn known(path: &str, low_res: &[f32]) -> Run {
    let mut studio = Model::open(path).unwrap().on(Device::cpu()).unwrap();
    let run = studio.begin(&Draw::new().steps("2"), 2).unwrap();
    run.with_low_res(low_res).unwrap()
}

#[test]
fn pictures_are_enlarged_as_by_the_door() {
    let scratch = Scratch::new("ffi-enlarging");
    let path = enlarging(&scratch);
    let model = open(&path);
    let mut info = std::mem::MaybeUninit::<iddpm_info>::uninit();
    let info = unsafe {
        check(iddpm_model_info(
            model,
            info.as_mut_ptr(),
            size_of::<iddpm_info>(),
        ));
        iddpm_model_free(model);
        info.assume_init()
    };
    assert_eq!(
        (info.width, info.low_res_width, info.low_res_height),
        (8, 4, 4)
    );

    let (one, two) = (small(1), small(2));
    let for_all = [seen(&one), seen(&one)].concat();
    same(&path, &draw(&one, 1), known(&path, &for_all));
    same(&path, &draw(&two, 2), known(&path, &seen(&two)));
    assert_ne!(for_all, seen(&two));
}

/// A run that was saved needs the picture no more.
#[test]
fn what_is_enlarged_is_saved() {
    let scratch = Scratch::new("ffi-enlarging-saved");
    let path = enlarging(&scratch);
    let run = {
        let two = small(2);
        begin(&path, &draw(&two, 2))
    };
    let (on, mut resumed, mut len) = (studio(&path), null_mut(), 0);
    unsafe {
        check(iddpm_run_step(run));
        check(iddpm_run_save(run, null_mut(), &mut len));
        let mut saved = vec![0; len];
        check(iddpm_run_save(run, saved.as_mut_ptr(), &mut len));
        check(iddpm_run_resume(on, saved.as_ptr(), len, &mut resumed));
    }
    finish(run);
    finish(resumed);
    assert_eq!(pixels(resumed, 1, 8), pixels(run, 1, 8));
    unsafe {
        iddpm_run_free(run);
        iddpm_run_free(resumed);
        iddpm_studio_free(on);
    }
}

#[test]
fn what_is_none_to_enlarge_is_refused() {
    let scratch = Scratch::new("ffi-enlarging-refused");
    let path = enlarging(&scratch);
    let two = small(2);
    let wrong =
        |draw: iddpm_draw, sentence: &str| begin_refused(&path, &draw, IDDPM_ARGUMENT, sentence);
    let size = |shown: &str| {
        format!(
            "low_res {shown}: the network enlarges 4x4: one picture, or 2, each below the one before"
        )
    };
    let all = draw(&two, 2);
    let high = |low_res_height| iddpm_draw {
        low_res_height,
        ..all
    };
    wrong(high(5), &size("4x5"));
    wrong(high(0), &size("4x0"));
    let narrow = iddpm_draw {
        low_res_width: 3,
        ..all
    };
    wrong(narrow, &size("3x8"));
    let close = iddpm_draw {
        low_res_stride: 15,
        ..all
    };
    wrong(
        close,
        "low_res stride 15: a row of 4 pixels of 4 bytes has 16",
    );
    let none = iddpm_draw {
        low_res: std::ptr::null(),
        ..all
    };
    wrong(
        none,
        "this network enlarges images of 4x4: it must be given them",
    );
    begin_refused(
        DIGITS,
        &all,
        IDDPM_ARGUMENT,
        "low-res: this network takes no such image",
    );
    let (on, one, mut plane) = (studio(&path), iddpm_draw { count: 1, ..all }, null_mut());
    let result = unsafe { iddpm_plane_begin(on, &one, &mut plane) };
    refused(
        result,
        IDDPM_ARGUMENT,
        "low_res given: a plane begins with noise alone",
    );
    unsafe { iddpm_studio_free(on) };
}
