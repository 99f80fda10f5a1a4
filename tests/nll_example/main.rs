//! `examples/nll` as a program: what it says of its data before it begins, what it refuses, and that the
//! same images of the same classes are the same numbers, however they are stored.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/archive.rs"]
#[allow(dead_code)]
mod archive;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

use archive::write_archive;
use iddpm::checkpoint::{Checkpoint, Dtype, WeightType};
use iddpm::data::{Dataset, Listing, load, npz};
use iddpm::diffusion::pixels::unpremultiply;
use image::RgbImage;
use run::{run, succeed};
use scratch::Scratch;

const SPRITES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/assets/sprites32.safetensors"
);

/// The one line in which it says why not.
fn refuse(scratch: &Scratch, arguments: &str) -> String {
    let output = run("nll", scratch, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments}");
    assert!(output.stdout.is_empty(), "{arguments}: something ran");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1, "{arguments}: {errors}");
    assert!(errors.starts_with("nll: "), "{errors}");
    errors
}

/// The line of the bits/dim in all.
fn total(printed: &str) -> &str {
    let line = printed.lines().find(|line| line.starts_with("total"));
    line.unwrap()
}

/// Writes the shipped sprites' network without the names of its classes, which are these.
fn unnamed(scratch: &Scratch) -> Vec<String> {
    let checkpoint = Checkpoint::open(SPRITES, WeightType::AsStored).unwrap();
    let (mut description, _, weights) = checkpoint.into_parts();
    let names = description.class_names.take().unwrap();
    let checkpoint = Checkpoint::new(description, weights).unwrap();
    let path = scratch.join("unnamed.safetensors");
    checkpoint.save(path, Dtype::F16).unwrap();
    names
}

/// Twelve pictures, one of each class: no two alike.
fn pixels(class: u8) -> Vec<u8> {
    (0..32 * 32 * 3)
        .map(|at| (at * (usize::from(class) + 3) % 251) as u8)
        .collect()
}

/// The same as an archive of images with alpha has them, all opaque.
fn opaque(class: u8) -> Vec<u8> {
    let pixels = pixels(class);
    let pixels = pixels.chunks(3);
    pixels.flat_map(|pixel| [pixel, &[255]].concat()).collect()
}

fn picture(scratch: &Scratch, name: &str, class: u8) {
    let path = scratch.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_raw(32, 32, pixels(class))
        .unwrap()
        .save(path)
        .unwrap();
}

/// Classes by number, with zeros before it or not, by name, by folder, by label, for a network with
/// names and one without.
#[test]
fn the_same_images_are_the_same_number() {
    let scratch = Scratch::new("nll-same");
    let names = unnamed(&scratch);
    let mut all = Vec::new();
    for class in 0..12 {
        picture(&scratch, &format!("numbers/{class}_x.png"), class);
        picture(&scratch, &format!("padded/{class:03}_x.png"), class);
        picture(&scratch, &format!("folders/{class}/x.png"), class);
        let name = &names[usize::from(class)];
        picture(&scratch, &format!("names/{name}_x.png"), class);
        picture(&scratch, &format!("named/{name}/x.png"), class);
        all.extend(opaque(class));
    }
    // In the order of each listing, by which the noise goes.
    let orders: [(&str, [i64; 12]); 3] = [
        ("plain.npz", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ("files.npz", [0, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("text.npz", [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]),
    ];
    for (name, order) in orders {
        let pixels: Vec<u8> = order
            .iter()
            .flat_map(|&label| opaque(label as u8))
            .collect();
        write_archive(&scratch.join(name), [12, 32, 32, 4], &pixels, &order);
    }
    write_archive(&scratch.join("others.npz"), [12, 32, 32, 4], &all, &[3; 12]);
    for checkpoint in ["unnamed.safetensors", SPRITES] {
        let bits = |data: &str| {
            let options = format!("--checkpoint {checkpoint} --data {data} --count 12 --steps 2");
            total(&succeed("nll", &scratch, &options)).to_owned()
        };
        let plain = bits("plain.npz");
        assert_eq!(bits("padded"), plain);
        assert_eq!(bits("names"), plain);
        assert_eq!(bits("named"), plain);
        assert_eq!(bits("numbers"), bits("files.npz"));
        assert_eq!(bits("folders"), bits("text.npz"));
        // Labels matter.
        assert_ne!(bits("others.npz"), plain);
    }
}

/// What `sample` wrote in a folder has the labels that it was drawn with, as in its archive.
#[test]
fn what_sample_wrote() {
    let scratch = Scratch::new("nll-sampled");
    unnamed(&scratch);
    for checkpoint in [SPRITES, "unnamed.safetensors"] {
        for drawn in ["--count 14", "--class 5 --count 2", "--class 11 --count 2"] {
            let _ = std::fs::remove_dir_all(scratch.join("drawn"));
            let options =
                format!("--backend cpu --checkpoint {checkpoint} {drawn} --steps 2 --seed 7");
            succeed("sample", &scratch, &format!("{options} --out drawn/"));
            succeed("sample", &scratch, &format!("{options} --out drawn.npz"));
            // The archive once more, in the order of the folder's names.
            let listing = Listing::unlabelled(scratch.join("drawn")).unwrap();
            let drawn = npz::open(scratch.join("drawn.npz")).unwrap();
            let (mut pixels, mut labels) = (Vec::new(), Vec::new());
            for file in listing.files() {
                let image = load(file, drawn.extents()).unwrap();
                let mut all = (0..drawn.len()).map(|at| drawn.get(at).unwrap());
                let same = all.find(|example| *example.pixels == *image).unwrap();
                labels.push(i64::from(same.label.unwrap()));
                // As files have them.
                pixels.extend((0..1024).flat_map(|at| {
                    let alpha = image[3 * 1024 + at];
                    let colour = |plane: usize| unpremultiply(image[1024 * plane + at], alpha);
                    [colour(0), colour(1), colour(2), alpha]
                }));
            }
            let shape = [labels.len(), 32, 32, 4];
            write_archive(&scratch.join("sorted.npz"), shape, &pixels, &labels);
            let bits = |data: &str| {
                let options = format!("--checkpoint {checkpoint} --data {data} --steps 2");
                total(&succeed("nll", &scratch, &options)).to_owned()
            };
            assert_eq!(bits("drawn"), bits("sorted.npz"), "{options}");
        }
    }
}

/// One line of what there is, another of what was passed over, before anything runs.
#[test]
fn what_is_read_is_said_first() {
    let scratch = Scratch::new("nll-said");
    picture(&scratch, "pets/gem_1.png", 1);
    picture(&scratch, "pets/gem_2.png", 2);
    picture(&scratch, "pets/axe_1.png", 3);
    scratch.write("pets/a.tiff", b"");
    scratch.write("pets/b.tiff", b"");
    scratch.write("pets/.DS_Store", b"");
    let printed = succeed(
        "nll",
        &scratch,
        &format!("--checkpoint {SPRITES} --data pets --steps 2"),
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "3 images of pets, a folder of pictures: 32x32, 4 channels; 2 of 12 classes: axe (1), gem (2)",
            "transparent: 0 images, kept so",
            "passed over: 2 .tiff, 1 hidden",
        ]
    );
    assert!(lines[3].starts_with("running on the CPU, "), "{printed}");
    assert!(lines[4].starts_with("3 images, 2 steps"), "{printed}");
}

/// A folder for the terms that cannot be is found out before any is computed.
#[test]
fn where_the_terms_go_is_tried_first() {
    let scratch = Scratch::new("nll-out");
    picture(&scratch, "pets/gem_1.png", 1);
    scratch.write("file", b"");
    let options = format!("--checkpoint {SPRITES} --data pets --steps all --out file/terms");
    let output = run("nll", &scratch, &options);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.starts_with("nll: --out file/terms: "), "{errors}");
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("bits/dim")
    );
}

/// Before anything runs, by name and number.
#[test]
fn what_does_not_fit_is_refused() {
    let scratch = Scratch::new("nll-refused");
    let names = unnamed(&scratch);
    let grey = vec![9; 2 * 16 * 16];
    write_archive(&scratch.join("small.npz"), [2, 16, 16, 1], &grey, &[0, 1]);
    write_archive(&scratch.join("turned.npz"), [2, 1, 16, 16], &grey, &[0, 1]);
    write_archive(&scratch.join("bare.npz"), [1, 32, 32, 4], &opaque(1), &[]);
    write_archive(
        &scratch.join("label.npz"),
        [1, 32, 32, 4],
        &opaque(1),
        &[12],
    );
    picture(&scratch, "loose/1.png", 1);
    picture(&scratch, "other/dog_1.png", 1);
    picture(&scratch, "past/12_1.png", 1);
    picture(&scratch, "half/a_1.png", 1);
    scratch.write("python/data_batch_1", b"\x80");
    scratch.write("empty/a.tiff", b"");
    for (checkpoint, data, parts) in [
        (
            SPRITES,
            "small.npz",
            &["16x16, 1 channel", "32x32, 4 channels"][..],
        ),
        (
            SPRITES,
            "turned.npz",
            &["[2, 1, 16, 16]", "transpose(0, 2, 3, 1)"],
        ),
        (SPRITES, "bare.npz", &["bare.npz", "12"]),
        (SPRITES, "label.npz", &["label.npz", "12", "0 to 11"]),
        (SPRITES, "loose", &["1.png", "cat/1.png", "cat_1.png"]),
        (SPRITES, "other", &["dog_1.png", "dog", &names[3]]),
        (SPRITES, "past", &["12_1.png", "0 to 11"]),
        ("unnamed.safetensors", "past", &["12_1.png", "0 to 11"]),
        ("unnamed.safetensors", "half", &["a_1.png", "0 to 11"]),
        (SPRITES, "python", &["for Python", "data_batch_1.bin"]),
        (SPRITES, "empty", &["1 .tiff", ".png"]),
        (SPRITES, "none", &["none"]),
    ] {
        let line = refuse(
            &scratch,
            &format!("--checkpoint {checkpoint} --data {data} --steps 2"),
        );
        println!("{line}");
        for part in parts {
            assert!(line.contains(part), "{data}: {line}: no {part}");
        }
    }
}
