//! The options that steer a drawing: their files, and what they do not go with.

use std::fs;
use std::path::Path;

use image::{ImageReader, Rgb, RgbImage};

use super::scratch::Scratch;
use super::{DIGITS_FILE, bytes, run_shipped};

/// Runs it well with the shipped network; what it prints.
fn drawn(scratch: &Scratch, options: &[&str]) -> String {
    let output = run_shipped(scratch, options);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{options:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A picture of the sprites' size, and a mask of its upper half.
fn pictures(scratch: &Scratch) {
    let picture = RgbImage::from_fn(32, 32, |x, y| Rgb([8 * x as u8, 8 * y as u8, 77]));
    picture.save(scratch.join("picture.png")).unwrap();
    let mask =
        image::GrayImage::from_fn(32, 32, |_, y| image::Luma([if y < 16 { 255 } else { 0 }]));
    mask.save(scratch.join("mask.png")).unwrap();
}

fn picture(path: impl AsRef<Path>) -> RgbImage {
    ImageReader::open(path).unwrap().decode().unwrap().to_rgb8()
}

/// The only picture of a folder.
fn only(scratch: &Scratch, folder: &str) -> RgbImage {
    let mut files = fs::read_dir(scratch.join(folder)).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    picture(file)
}

#[test]
fn a_picture_is_left_or_kept_in_part() {
    let scratch = Scratch::new("sample-canvas");
    pictures(&scratch);
    let given = picture(scratch.join("picture.png"));
    let draw = ["--class", "axe", "--count", "1", "--init", "picture.png"];
    let with = |more: &[&'static str]| [&draw, more].concat();
    drawn(&scratch, &with(&["--strength", "0", "--out", "left/"]));
    assert_eq!(only(&scratch, "left"), given);
    let masked = [
        "--mask",
        "mask.png",
        "--resample",
        "2",
        "--steps",
        "4",
        "--out",
        "kept/",
    ];
    drawn(&scratch, &with(&masked));
    let kept = only(&scratch, "kept");
    let rows = |picture: &RgbImage| picture.as_raw()[32 * 16 * 3..].to_vec();
    assert_eq!(rows(&kept), rows(&given));
    assert_ne!(kept, given);
    // Without a word the strength of a picture is 0.6: 3 of 5 steps.
    let said = drawn(&scratch, &with(&["--steps", "5", "--out", "some/"]));
    assert!(said.contains("1 image of 3 steps"), "{said}");
}

#[test]
fn a_palette_is_a_list_or_a_picture_and_files_are_indexed() {
    let scratch = Scratch::new("sample-palette");
    fs::write(scratch.join("few.hex"), "000000\n804020\nf0f0f0\n").unwrap();
    let draw = ["--count", "2", "--steps", "3", "--class", "coin"];
    let with = |more: &[&'static str]| [&draw, more].concat();
    drawn(
        &scratch,
        &with(&["--palette", "few.hex", "--out", "grid.png"]),
    );
    // The bit depth and the kind of colour of the head: 8, indexed.
    assert_eq!(bytes(&scratch, "grid.png")[24..26], [8, 3]);
    drawn(&scratch, &with(&["--palette", "few.hex", "--out", "list/"]));
    let palette = [[0, 0, 0], [0x80, 0x40, 0x20], [0xF0, 0xF0, 0xF0]];
    let colours = RgbImage::from_fn(3, 1, |x, _| Rgb(palette[x as usize]));
    colours.save(scratch.join("few.png")).unwrap();
    drawn(
        &scratch,
        &with(&["--palette", "few.png", "--out", "picture/"]),
    );
    for entry in fs::read_dir(scratch.join("list")).unwrap() {
        let file = entry.unwrap();
        let drawn = picture(file.path());
        assert!(drawn.pixels().all(|&Rgb(colour)| palette.contains(&colour)));
        assert_eq!(fs::read(file.path()).unwrap()[24..26], [8, 3]);
        let other = scratch.join("picture").join(file.file_name());
        assert_eq!(picture(other), drawn);
    }
}

/// What a mask keeps has its own colours, and its file all of them: in a list where they are few, without one else.
#[test]
fn a_mask_keeps_its_colours_beside_a_palette() {
    let scratch = Scratch::new("sample-palette-mask");
    pictures(&scratch);
    let few = RgbImage::from_fn(32, 32, |x, _| Rgb([9, 200, x as u8 / 16]));
    few.save(scratch.join("few.png")).unwrap();
    fs::write(scratch.join("three.hex"), "000000\n804020\nf0f0f0\n").unwrap();
    let palette = [[0, 0, 0], [0x80, 0x40, 0x20], [0xF0, 0xF0, 0xF0]];
    // The kind of colour of a PNG's head: 3 is by a list, 6 is without, with alpha.
    for (init, kind) in [("few.png", 3), ("picture.png", 6)] {
        let folder = format!("of-{kind}");
        let out = format!("{folder}/");
        let options = [
            "--class",
            "axe",
            "--count",
            "1",
            "--steps",
            "3",
            "--init",
            init,
            "--mask",
            "mask.png",
            "--palette",
            "three.hex",
            "--out",
            &out,
        ];
        drawn(&scratch, &options);
        let file = fs::read_dir(scratch.join(&folder)).unwrap().next();
        let file = file.unwrap().unwrap().path();
        assert_eq!(fs::read(file).unwrap()[24..26], [8, kind], "{init}");
        let (kept, given) = (only(&scratch, &folder), picture(scratch.join(init)));
        for (x, y, &Rgb(colour)) in kept.enumerate_pixels() {
            match y < 16 {
                true => assert!(palette.contains(&colour), "{init} at {x},{y}"),
                false => assert_eq!(&Rgb(colour), given.get_pixel(x, y), "{init} at {x},{y}"),
            }
        }
    }
}

#[test]
fn tiles_continue_each_other() {
    let scratch = Scratch::new("sample-tiles");
    let draw = ["--class", "tree", "--method", "dpm", "--steps", "4"];
    let tile = |size: &str, at: &str, out: &str| {
        drawn(
            &scratch,
            &[&draw[..], &["--size", size, "--at", at, "--out", out]].concat(),
        );
        picture(scratch.join(out))
    };
    let whole = tile("40x20", "-20,7", "whole.png");
    let right = tile("20x20", "0,7", "right.png");
    assert_eq!(whole.dimensions(), (40, 20));
    let half = image::imageops::crop_imm(&whole, 20, 0, 20, 20).to_image();
    assert_eq!(half, right);
}

#[test]
fn a_row_is_an_animation() {
    let scratch = Scratch::new("sample-row");
    let row = [
        "--between",
        "3",
        "9",
        "--frames",
        "5",
        "--class",
        "coin",
        "--class",
        "gem",
    ];
    let said = drawn(
        &scratch,
        &[
            &row[..],
            &["--method", "ddim", "--steps", "2", "--out", "x.gif"],
        ]
        .concat(),
    );
    assert!(said.contains("5 images of 2 steps"), "{said}");
}

#[test]
fn what_does_not_go_together_is_refused_by_its_option() {
    let scratch = Scratch::new("sample-steered");
    pictures(&scratch);
    fs::write(scratch.join("bad.hex"), "000000\nred\n").unwrap();
    fs::write(scratch.join("clear.hex"), "ffffff\n00000000\n").unwrap();
    let cases: [(&[&str], &str); 14] = [
        (
            &["--checkpoint", DIGITS_FILE, "--guidance", "2"],
            "--guidance 2: this network was trained with every label",
        ),
        (&["--strength", "0.5"], "--init"),
        (&["--mask", "mask.png"], "--init"),
        (&["--init", "picture.png", "--resample", "3"], "--mask"),
        (
            &["--init", "picture.png", "--strength", "1.5"],
            "--strength 1.5: must be within 0 to 1",
        ),
        (&["--init", "absent.png"], "--init absent.png"),
        (
            &["--init", "picture.png", "--mask", "picture.png"],
            "--mask picture.png: in colour",
        ),
        (
            &["--init", "picture.png", "--out", "picture.png"],
            "this is what --init reads",
        ),
        (
            &["--palette", "bad.hex"],
            "--palette bad.hex: red: a colour is #rrggbb",
        ),
        (
            &["--size", "32x32", "--class", "axe", "--method", "ancestral"],
            "--method ancestral: a plane is drawn by ddim",
        ),
        (
            &["--size", "32", "--class", "axe"],
            "width and height, as 96x64",
        ),
        (
            &["--between", "1", "2", "--method", "ancestral"],
            "--method ancestral: a row is drawn by ddim",
        ),
        (
            &["--between", "1", "2", "--frames", "1"],
            "--frames 1: a row is of 2 to 10000 drawings",
        ),
        (
            &["--checkpoint", DIGITS_FILE, "--palette", "clear.hex"],
            "--palette #00000000: a network with 1 channels draws nothing transparent",
        ),
    ];
    for (options, due) in cases {
        let refused = run_shipped(&scratch, options);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(
            !refused.status.success() && said.contains(due),
            "{options:?}: {said}"
        );
    }
    assert!(!scratch.join("samples.png").exists());
}
