//! The network that the example takes by itself: sprites, whose classes have names.

use std::process::Command;

use iddpm::data::{Dataset, npz};

use super::grids::{GAP, HEAD, SIDE, picture};
use super::program::program;
use super::run_shipped;
use super::scratch::Scratch;

const NAMES: [&str; 12] = [
    "axe", "coin", "gem", "heart", "key", "mushroom", "potion", "ring", "shield", "skull", "sword",
    "tree",
];

#[test]
fn without_options_four_sprites_of_each_class() {
    let scratch = Scratch::new("shipped");
    let output = run_shipped(&scratch, &[]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    for (number, name) in NAMES.iter().enumerate() {
        assert!(printed.contains(&format!("{number} {name}")), "{printed}");
    }
    let grid = picture(&scratch, "samples.png");
    let cell = (SIDE + GAP, SIDE + GAP + HEAD);
    assert_eq!(grid.dimensions(), (12 * cell.0 + GAP, 4 * cell.1 + GAP));
}

/// Four steps where nothing is said; what wants others is drawn by the network that was not distilled.
#[test]
fn what_is_said_chooses_the_network() {
    let scratch = Scratch::new("shipped-steps");
    image::RgbImage::new(32, 32)
        .save(scratch.join("black.png"))
        .unwrap();
    let distilled = "sprites32_4_steps.safetensors: 32x32";
    for (options, network, steps) in [
        ("", distilled, "of 4 steps"),
        (
            "--guidance 2 --wrap x --palette black.png",
            distilled,
            "of 4 steps",
        ),
        ("--steps 3", "sprites32.safetensors: 32x32", "of 3 steps"),
        (
            "--method heun",
            "sprites32.safetensors: 32x32",
            "of 19 steps",
        ),
        (
            "--init black.png",
            "sprites32.safetensors: 32x32",
            "of 9 steps",
        ),
        (
            "--size 32x32 --steps 2",
            "sprites32.safetensors: 32x32",
            "by 34 steps",
        ),
    ] {
        let mut sample = Command::new(program("sample"));
        sample
            .current_dir(scratch.path())
            .args(options.split_whitespace());
        sample.args(["--backend", "cpu"]);
        if !options.contains("--size") {
            sample.args(["--count", "1"]);
        }
        let output = sample.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            printed.contains(network) && printed.contains(steps),
            "{options}: {printed}"
        );
    }
}

#[test]
fn a_class_by_its_name() {
    let scratch = Scratch::new("shipped-class");
    for (class, out) in [("sword", "name.npz"), ("10", "number.npz")] {
        let arguments = ["--class", class, "--count", "2", "--out", out];
        let output = run_shipped(&scratch, &arguments);
        assert!(output.status.success(), "{output:?}");
    }
    let [name, number] =
        ["name", "number"].map(|file| npz::open(scratch.join(&format!("{file}.npz"))).unwrap());
    assert_eq!(name, number);
    assert_eq!(name.get(1).unwrap().label, Some(10));

    for class in ["12", "Sword", "-1"] {
        let output = run_shipped(&scratch, &["--class", class]);
        assert!(!output.status.success(), "{class}");
        let errors = String::from_utf8_lossy(&output.stderr);
        let wanted = format!("--class {class:?}: this network's classes are 0 to 11, axe, coin");
        assert!(errors.contains(&wanted), "{errors}");
    }
}
