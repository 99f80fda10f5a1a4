//! Every option of `train` with every hostile value.

use super::hostile::try_all;
use super::interrupted::data;
use super::scratch::Scratch;

#[test]
fn train() {
    let scratch = Scratch::new("hostile-data");
    data(&scratch, 4);
    let archive = scratch.join("plain.npz");
    let short = [
        ("--data", archive.to_str().unwrap()),
        ("--run", "r"),
        ("--steps", "1"),
        ("--backend", "cpu"),
        ("--multipliers", "1"),
        ("--batch", "2"),
        ("--timesteps", "5"),
        ("--heads", "1"),
    ];
    // So many steps, and no end.
    let passes = |option: &str, value: &std::ffi::OsStr| {
        option == "--steps" && value == "18446744073709551615"
    };
    let runs = try_all("train", &short, passes);
    println!("{runs} runs");
    assert!(runs > 1000, "{runs}");
}
