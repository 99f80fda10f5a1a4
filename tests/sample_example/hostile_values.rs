//! Every option of every program here with every hostile value.

use super::DIGITS_FILE;
use super::hostile::try_all;

#[test]
fn sample() {
    let short = [
        ("--backend", "cpu"),
        ("--checkpoint", DIGITS_FILE),
        ("--count", "1"),
        ("--steps", "2"),
    ];
    assert!(try_all("sample", &short, |_, _| false) > 400);
}

#[test]
fn trajectory() {
    let short = [("--count", "1"), ("--steps", "3"), ("--out", "t.png")];
    assert!(try_all("trajectory", &short, |_, _| false) > 150);
}

#[test]
fn flash_table() {
    assert!(try_all("flash_table", &[], |_, _| false) > 90);
}

#[test]
fn make_sprites() {
    let short = [("--count", "1"), ("--out", "sprites")];
    assert!(try_all("make_sprites", &short, |_, _| false) > 90);
}

#[cfg(feature = "gpu")]
#[test]
fn frames() {
    let short = [
        ("--steps", "2"),
        ("--milliseconds", "1000"),
        ("--checkpoint", super::SPRITES_FILE),
    ];
    assert!(try_all("frames", &short, |_, _| false) > 150);
}
