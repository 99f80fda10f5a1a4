//! The data set of pixel art.

use std::collections::HashSet;

use iddpm::data::{Dataset, Folder};
use iddpm::unet::Extents;

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

#[test]
fn twelve_classes_all_different_on_one_ground() {
    let scratch = Scratch::new("sprites");
    succeed(
        "make_sprites",
        &scratch,
        "--out sprites --count 40 --sheet sheet.png",
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
    assert!(line.contains("a/") && line.contains("already"), "{line}");
    let line = refuse("make_sprites", &scratch, "--out d --count 0");
    assert!(!line.is_empty());
}
