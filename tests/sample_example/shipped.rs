//! The network that the example takes by itself: sprites, whose classes have names.

use iddpm::data::{Dataset, npz};

use super::grids::{GAP, HEAD, SIDE, picture};
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
