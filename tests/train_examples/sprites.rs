//! The data set of pixel art.

use std::collections::HashSet;

use iddpm::data::{Dataset, Folder, npz};
use iddpm::unet::Extents;
use iddpm_test_loops::{squared_distance, unlike};

use super::scratch::Scratch;
use super::{refuse, succeed};

const SPRITE: Extents = Extents {
    channels: 3,
    height: 32,
    width: 32,
};

fn folder(scratch: &Scratch, name: &str) -> Folder {
    Folder::open(scratch.join(name), SPRITE, true).unwrap()
}

/// With transparency.
fn clear(scratch: &Scratch, name: &str) -> Folder {
    let extents = Extents {
        channels: 4,
        ..SPRITE
    };
    Folder::open(scratch.join(name), extents, true).unwrap()
}

#[test]
fn twelve_classes_all_different_on_one_ground() {
    let scratch = Scratch::new("sprites");
    succeed(
        "make_sprites",
        &scratch,
        "--out sprites --count 40 --opaque --sheet sheet.png",
    );
    let sprites = folder(&scratch, "sprites");
    assert_eq!((sprites.len(), sprites.classes()), (480, Some(12)));
    let mut seen = HashSet::new();
    let mut ground = HashSet::new();
    for index in 0..sprites.len() {
        let sprite = sprites.get(index).unwrap();
        assert_eq!(sprite.label, Some(index as u32 / 40));
        // Channels first: the corner of each.
        let pixel = |at: usize| [0, 1, 2].map(|channel| sprite.pixels[1024 * channel + at]);
        ground.insert(pixel(0));
        let item = (0..1024).filter(|&at| pixel(at) != pixel(0)).count();
        assert!(
            (100..900).contains(&item),
            "{index}: {item} pixels are not ground"
        );
        let colours: HashSet<[u8; 3]> = (0..1024).map(pixel).collect();
        assert!(
            (5..40).contains(&colours.len()),
            "{index}: {} colours",
            colours.len()
        );
        seen.insert(sprite.pixels.to_vec());
    }
    assert_eq!(seen.len(), 480);
    assert_eq!(ground.len(), 1);
    let sheet = image::open(scratch.join("sheet.png")).unwrap();
    assert_eq!(sheet.height() / 3, 12 * 32);
}

/// The items are those of the opaque pictures, and around them there is nothing.
#[test]
fn a_sprite_is_transparent_around_its_item() {
    let scratch = Scratch::new("sprites-alpha");
    succeed(
        "make_sprites",
        &scratch,
        "--out clear --count 4 --sheet sheet.png",
    );
    succeed("make_sprites", &scratch, "--out opaque --count 4 --opaque");
    let transparent = clear(&scratch, "clear");
    let opaque = folder(&scratch, "opaque");
    for index in 0..transparent.len() {
        let (clear, opaque) = (transparent.get(index).unwrap(), opaque.get(index).unwrap());
        let ground = [0, 1, 2].map(|channel| opaque.pixels[1024 * channel]);
        for at in 0..1024 {
            let item = |pixels: &[u8]| [0, 1, 2].map(|channel| pixels[1024 * channel + at]);
            match clear.pixels[3 * 1024 + at] {
                0 => assert_eq!(item(&opaque.pixels), ground, "{index}"),
                255 => assert_eq!(item(&opaque.pixels), item(&clear.pixels), "{index}"),
                alpha => panic!("{index}: alpha {alpha}"),
            }
        }
        assert_eq!(clear.pixels[3 * 1024], 0);
    }
    let sheet = image::open(scratch.join("sheet.png")).unwrap();
    assert_eq!(sheet.color(), image::ColorType::Rgba8);
}

/// A picture depends on the seed, its class and its number: not on how many there are.
#[test]
fn a_seed_gives_its_pictures() {
    let scratch = Scratch::new("sprites-seed");
    for (name, options) in [
        ("a", "--count 3"),
        ("b", "--count 5"),
        ("c", "--count 3 --seed 1"),
    ] {
        succeed("make_sprites", &scratch, &format!("--out {name} {options}"));
    }
    let bytes = |folder: &str, file: &str| std::fs::read(scratch.join(folder).join(file)).unwrap();
    for class in ["axe", "heart", "tree"] {
        for index in 0..3 {
            let file = format!("{class}_{index:05}.png");
            assert_eq!(bytes("a", &file), bytes("b", &file), "{file}");
            assert_ne!(bytes("a", &file), bytes("c", &file), "{file}");
        }
    }
    let line = refuse("make_sprites", &scratch, "--out a");
    assert!(line.contains("--out a: this folder is not empty"), "{line}");
    let line = refuse("make_sprites", &scratch, "--out d --count 0");
    assert!(!line.is_empty());
}

/// Pixels of an image, and which of them are the item's.
struct Picture {
    label: u32,
    pixels: Vec<u8>,
    item: Vec<bool>,
}

fn pictures(data: &dyn Dataset) -> Vec<Picture> {
    let picture = |index| {
        let example = data.get(index).unwrap();
        let pixels = example.pixels.to_vec();
        let alpha = pixels[3 * 1024..].iter();
        Picture {
            label: example.label.unwrap(),
            item: alpha.map(|&alpha| alpha > 127).collect(),
            pixels,
        }
    };
    (0..data.len()).map(picture).collect()
}

/// Root of the mean squared difference, of 255.
fn apart(a: &Picture, b: &Picture) -> f64 {
    let squares = squared_distance(&a.pixels, &b.pixels);
    (squares as f64 / a.pixels.len() as f64).sqrt()
}

fn nearest(all: &[Picture], picture: &Picture) -> f64 {
    let distances = all.iter().map(|other| apart(other, picture));
    distances.fold(f64::INFINITY, f64::min)
}

/// The class of the picture whose outline is most alike: no colour tells it.
fn class_by_outline(all: &[Picture], picture: &Picture) -> u32 {
    let unlike = |other: &&Picture| unlike(&other.item, &picture.item);
    all.iter().min_by_key(unlike).unwrap().label
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The shipped network's sprites are of the class that was asked for, differ from each other, and are no
/// copies of what it was trained on, which is drawn again here: they are as far from it as new drawings.
#[test]
fn the_shipped_network_draws_new_ones() {
    let scratch = Scratch::new("sprites-shipped");
    succeed("make_sprites", &scratch, "--out trained_on --count 1000");
    succeed("make_sprites", &scratch, "--out new --count 5 --seed 1");
    succeed(
        "sample",
        &scratch,
        "--backend cpu --count 60 --batch 20 --out samples.npz",
    );
    let trained_on = pictures(&clear(&scratch, "trained_on"));
    let new = pictures(&clear(&scratch, "new"));
    let samples = npz::open(scratch.join("samples.npz")).unwrap();
    let samples = pictures(&samples);

    let known = |of: &[Picture]| {
        let right = |picture: &&Picture| class_by_outline(&trained_on, picture) == picture.label;
        of.iter().filter(right).count()
    };
    let from_trained = |of: &[Picture]| -> Vec<f64> {
        of.iter()
            .map(|picture| nearest(&trained_on, picture))
            .collect()
    };
    let (ours, drawn) = (from_trained(&samples), from_trained(&new));
    let closest = ours.iter().copied().fold(f64::INFINITY, f64::min);
    let pairs = samples.iter().enumerate().flat_map(|(at, a)| {
        let others = samples[..at].iter().filter(|b| b.label == a.label);
        others.map(move |b| apart(a, b))
    });
    let alike = pairs.fold(f64::INFINITY, f64::min);
    println!(
        "by outline {} of {} samples and {} of {} new drawings are known; from what was trained on, samples are \
         {:.1} of 255 (median; closest {closest:.1}), new drawings {:.1}; two of a class {alike:.1} at least",
        known(&samples),
        samples.len(),
        known(&new),
        new.len(),
        median(ours.clone()),
        median(drawn.clone()),
    );
    assert!(known(&new) >= 57);
    assert!(known(&samples) >= 57);
    // A copy in 8 bits would differ by what the last steps leave: some 4 of 255.
    assert!(closest > 8.0);
    assert!(median(ours) >= 0.8 * median(drawn));
    assert!(alike > 8.0);
}
