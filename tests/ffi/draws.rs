//! Options of drawings, each beside the door's own.

use iddpm::ffi::*;
use iddpm::run::{Canvas, Palette};
use iddpm::{Device, Draw, Model, Run, Studio};
use iddpm_result::IDDPM_ARGUMENT;

use crate::{DIGITS, SPRITES, begin, begin_refused, c, check, finish, pixels, usual};

fn door(path: &str) -> Studio {
    Model::open(path).unwrap().on(Device::cpu()).unwrap()
}

/// Each image of a run of the door's as RGBA.
fn rgba(mut run: Run) -> Vec<Vec<u8>> {
    while run.advance().unwrap() {}
    let images = run.images().unwrap();
    let (width, height) = images.size();
    let bytes = images.bytes().unwrap();
    let each = bytes.chunks(width * height * images.channels());
    let wide = |pixel: &[u8]| match *pixel {
        [grey] => [grey, grey, grey, 255],
        [red, green, blue, alpha] => [red, green, blue, alpha],
        _ => panic!("{pixel:?}"),
    };
    each.map(|image| image.chunks(images.channels()).flat_map(wide).collect())
        .collect()
}

/// That a drawing of the interface is one of the door's.
#[track_caller]
pub(crate) fn same(path: &str, draw: &iddpm_draw, expected: Run) {
    let run = begin(path, draw);
    finish(run);
    let expected = rgba(expected);
    assert_eq!(unsafe { iddpm_run_count(run) } as usize, expected.len());
    for (image, expected) in (0..).zip(&expected) {
        let side = (expected.len() / 4).isqrt();
        assert!(pixels(run, image, side) == *expected, "image {image}");
    }
    unsafe { iddpm_run_free(run) };
}

#[test]
fn the_usual_drawing_is_the_doors() {
    same(
        DIGITS,
        &usual(),
        door(DIGITS).begin(&Draw::new(), 1).unwrap(),
    );
}

#[test]
fn every_option_is_the_doors() {
    let [class, steps, method, clip, wrap] = ["sword", "ddim4", "ddim:0.5", "none", "xy"].map(c);
    let palette = [0x1A, 0x1C, 0x2C, 255, 0xF4, 0xF4, 0xF4, 0x80];
    let draw = iddpm_draw {
        seed: u64::MAX,
        first: 3,
        count: 2,
        guidance: 2.0,
        class_name: class.as_ptr(),
        steps: steps.as_ptr(),
        method: method.as_ptr(),
        clip: clip.as_ptr(),
        wrap: wrap.as_ptr(),
        palette: palette.as_ptr(),
        palette_count: 2,
        ..usual()
    };
    let colours: Palette = "#1a1c2c,#f4f4f480".parse().unwrap();
    let words = "class=sword steps=ddim4 method=ddim:0.5 clip=none wrap=xy guidance=2";
    let known: Draw = words.parse().unwrap();
    let known = known.seed(u64::MAX).palette(colours);
    same(
        SPRITES,
        &draw,
        door(SPRITES).begin_numbers(&known, 3..5).unwrap(),
    );
}

/// Beside the one class or without it, by name or number.
#[test]
fn several_classes_are_drawn_in_turn_as_by_the_door() {
    let [sword, steps, axe, number] = ["sword", "2", "axe", "11"].map(c);
    let classes = [axe.as_ptr(), number.as_ptr()];
    let draw = iddpm_draw {
        class_name: sword.as_ptr(),
        classes: classes.as_ptr(),
        class_count: 2,
        steps: steps.as_ptr(),
        count: 4,
        ..usual()
    };
    let known = Draw::new().classes(["sword", "axe", "11"]).steps("2");
    same(SPRITES, &draw, door(SPRITES).begin(&known, 4).unwrap());
    let listed = iddpm_draw {
        class_name: std::ptr::null(),
        ..draw
    };
    let known = known.classes(["axe", "11"]);
    same(SPRITES, &listed, door(SPRITES).begin(&known, 4).unwrap());

    let between = c("9,3");
    let row = iddpm_draw {
        between: between.as_ptr(),
        count: 3,
        ..listed
    };
    let known = known.between(9, 3).unwrap();
    same(SPRITES, &row, door(SPRITES).begin(&known, 3).unwrap());
}

#[test]
fn a_list_of_classes_has_each_of_them() {
    let (class, axe) = (c("no such"), c("axe"));
    let draw = |classes: &[*const std::ffi::c_char]| iddpm_draw {
        classes: classes.as_ptr(),
        class_count: classes.len(),
        ..usual()
    };
    let null = "class NULL: it must lead somewhere";
    let some = [axe.as_ptr(), std::ptr::null()];
    begin_refused(SPRITES, &draw(&some), IDDPM_ARGUMENT, null);
    let error = door(SPRITES)
        .begin(&Draw::new().classes(["axe", "no such"]), 1)
        .unwrap_err();
    let other = [axe.as_ptr(), class.as_ptr()];
    begin_refused(SPRITES, &draw(&other), IDDPM_ARGUMENT, &error.to_string());
    let none = iddpm_draw {
        class_count: 2,
        ..usual()
    };
    let null = "classes NULL: it must lead somewhere";
    begin_refused(SPRITES, &none, IDDPM_ARGUMENT, null);
}

#[test]
fn a_row_between_two_seeds_is_the_doors() {
    let [class, between, steps] = ["3", "9,3", "4"].map(c);
    let draw = iddpm_draw {
        class_name: class.as_ptr(),
        between: between.as_ptr(),
        steps: steps.as_ptr(),
        count: 3,
        ..usual()
    };
    let known = Draw::new().class("3").steps("4").between(9, 3).unwrap();
    same(DIGITS, &draw, door(DIGITS).begin(&known, 3).unwrap());
}

/// The picture and mask have rows that are farther apart than they are long.
#[test]
fn a_picture_and_its_mask_are_the_doors() {
    let [class, steps, resample] = ["8", "4", "2,2"].map(c);
    let grey: Vec<u8> = (0..=255).collect();
    let mask: Vec<u8> = (0..256).map(|at| [0, 255][at % 16 / 8]).collect();
    let (stride, mask_stride) = (16 * 4 + 7, 16 + 5);
    let (mut init, mut masks) = (vec![99; 16 * stride], vec![99; 16 * mask_stride]);
    for at in 0..256 {
        let (x, y) = (at % 16, at / 16);
        let value = grey[at];
        init[y * stride + x * 4..][..4].copy_from_slice(&[value, value, value, 255]);
        masks[y * mask_stride + x] = mask[at];
    }
    let masked = iddpm_draw {
        class_name: class.as_ptr(),
        steps: steps.as_ptr(),
        resample: resample.as_ptr(),
        init: init.as_ptr(),
        init_stride: stride,
        init_width: 16,
        init_height: 16,
        mask: masks.as_ptr(),
        mask_stride,
        ..usual()
    };
    let model = Model::open(DIGITS).unwrap();
    let canvas = Canvas::from_bytes(&model, &grey).unwrap();
    let known = Draw::new().class("8").steps("4").resample("2,2");
    let on_mask = canvas.clone().with_mask(&mask).unwrap();
    same(
        DIGITS,
        &masked,
        door(DIGITS).begin_on(&known, &on_mask, 0..1).unwrap(),
    );

    let from = iddpm_draw {
        strength: 0.5,
        mask: std::ptr::null(),
        resample: std::ptr::null(),
        ..masked
    };
    let known = Draw::new().class("8").steps("4").strength(0.5);
    same(
        DIGITS,
        &from,
        door(DIGITS).begin_on(&known, &canvas, 0..1).unwrap(),
    );
}

#[test]
fn what_the_network_cannot_draw_is_refused() {
    let mut init = vec![255_u8; 16 * 16 * 4];
    let draw = |init: &[u8]| iddpm_draw {
        init: init.as_ptr(),
        init_stride: 64,
        init_width: 16,
        init_height: 16,
        ..usual()
    };
    let wrong =
        |draw: iddpm_draw, sentence: &str| begin_refused(DIGITS, &draw, IDDPM_ARGUMENT, sentence);
    init[4 * 18 + 3] = 254;
    wrong(
        draw(&init),
        "init [255, 255, 255, 254] at 2,1: the network draws nothing transparent",
    );
    init[4 * 18 + 3] = 255;
    init[0] = 0;
    wrong(
        draw(&init),
        "init [0, 255, 255, 255] at 0,0: the network draws grey alone",
    );
    wrong(
        iddpm_draw {
            init_width: 15,
            ..draw(&init)
        },
        "init 15x16: the network draws 16x16",
    );
    wrong(
        iddpm_draw {
            init_stride: 63,
            ..draw(&init)
        },
        "init stride 63: a row of 16 pixels of 4 bytes has 64",
    );
    wrong(
        iddpm_draw {
            init_stride: usize::MAX,
            ..draw(&init)
        },
        &format!(
            "init stride {} of 16 rows: more bytes than memory has",
            usize::MAX
        ),
    );
    let mask = iddpm_draw {
        mask: init.as_ptr(),
        mask_stride: 16,
        ..usual()
    };
    wrong(mask, "mask given: it is a mask of init, which is NULL");
}

#[test]
fn options_that_cannot_be_are_refused_by_the_doors_sentence() {
    let refused_as = |draw: iddpm_draw, known: Draw, numbers: std::ops::Range<u64>| {
        let error = door(DIGITS).begin_numbers(&known, numbers).unwrap_err();
        begin_refused(DIGITS, &draw, IDDPM_ARGUMENT, &error.to_string());
    };
    let text = c("no such");
    let at = text.as_ptr();
    let new = Draw::new;
    refused_as(
        iddpm_draw {
            class_name: at,
            ..usual()
        },
        new().class("no such"),
        0..1,
    );
    refused_as(
        iddpm_draw {
            steps: at,
            ..usual()
        },
        new().steps("no such"),
        0..1,
    );
    refused_as(
        iddpm_draw {
            method: at,
            ..usual()
        },
        new().method("no such"),
        0..1,
    );
    refused_as(
        iddpm_draw {
            clip: at,
            ..usual()
        },
        new().clip("no such"),
        0..1,
    );
    refused_as(
        iddpm_draw {
            wrap: at,
            ..usual()
        },
        new().wrap("no such"),
        0..1,
    );
    refused_as(
        iddpm_draw {
            guidance: 101.0,
            ..usual()
        },
        new().guidance(101.0),
        0..1,
    );
    begin_refused(
        DIGITS,
        &iddpm_draw {
            guidance: 1e300,
            ..usual()
        },
        IDDPM_ARGUMENT,
        "guidance 1e300: must be within 0 to 100",
    );
    refused_as(
        iddpm_draw {
            guidance: f64::NAN,
            ..usual()
        },
        new().guidance(f64::NAN),
        0..1,
    );
    refused_as(
        iddpm_draw {
            strength: 0.5,
            ..usual()
        },
        new().strength(0.5),
        0..1,
    );
    refused_as(
        iddpm_draw {
            count: 0,
            ..usual()
        },
        new(),
        0..0,
    );
    begin_refused(
        DIGITS,
        &iddpm_draw {
            first: u64::MAX,
            ..usual()
        },
        IDDPM_ARGUMENT,
        &format!(
            "first {}: 1 images from it on have numbers up to {}",
            u64::MAX,
            u64::MAX - 1
        ),
    );
    let transparent = [0_u8, 0, 0, 0];
    let known = new().palette(Palette::new([transparent]).unwrap());
    let draw = iddpm_draw {
        palette: transparent.as_ptr(),
        palette_count: 1,
        ..usual()
    };
    refused_as(draw, known, 0..1);
    // Those that are not counted are not read.
    let none = iddpm_draw {
        palette: transparent.as_ptr(),
        ..usual()
    };
    same(DIGITS, &none, door(DIGITS).begin(&new(), 1).unwrap());
    let latin = iddpm_draw {
        method: c"\xff".as_ptr(),
        ..usual()
    };
    begin_refused(
        DIGITS,
        &latin,
        IDDPM_ARGUMENT,
        "method \"\u{fffd}\": it is no UTF-8 from byte 0 on",
    );
}

/// One that was never filled, one of an earlier version that never was, and one of a later one.
#[test]
fn a_drawing_says_its_size() {
    let own = size_of::<iddpm_draw>();
    for struct_size in [0, own - 1, 4097, usize::MAX] {
        let draw = iddpm_draw {
            struct_size,
            ..usual()
        };
        let why = format!(
            "struct_size {struct_size}: the struct has {own} bytes, and a later version's no more than 4096"
        );
        begin_refused(DIGITS, &draw, IDDPM_ARGUMENT, &why);
    }
    #[repr(C)]
    struct Later {
        draw: iddpm_draw,
        more: u64,
    }
    let mut later = Later {
        draw: usual(),
        more: u64::MAX,
    };
    let size = size_of::<Later>();
    let place = (&raw mut later).cast();
    check(unsafe { iddpm_draw_init(place, size) });
    assert_eq!((later.more, later.draw.struct_size), (0, size));
    let (on, mut run) = (crate::studio(DIGITS), std::ptr::null_mut());
    unsafe {
        check(iddpm_run_begin(on, place, &mut run));
        iddpm_studio_free(on);
    }
    unsafe { iddpm_run_free(run) };
    later.more = 1;
    let why = format!(
        "struct_size {size}: a later version's option is set, and this one knows the first {own} bytes"
    );
    begin_refused(DIGITS, (&raw const later).cast(), IDDPM_ARGUMENT, &why);
}
