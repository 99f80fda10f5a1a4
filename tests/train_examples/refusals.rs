//! What the programs refuse, and what they say.

use super::scratch::Scratch;
use super::{refuse, succeed, write_archive};

/// Every line names the option or file, and the value.
#[test]
fn each_bad_input_is_named() {
    let scratch = Scratch::new("refusals");
    let pixels: Vec<u8> = (0..8 * 64).map(|at| at as u8).collect();
    write_archive(&scratch.join("plain.npz"), [8, 8, 8, 1], &pixels, &[]);
    write_archive(&scratch.join("single.npz"), [8, 8, 8, 1], &pixels, &[0; 8]);
    std::fs::create_dir(scratch.join("empty")).unwrap();
    scratch.write("text/note_1.png", b"no picture");
    let small = "--multipliers 1 --attention 1 --sample-every 0 --steps 1";
    for (arguments, parts) in [
        ("--data empty --run r", ["empty", "no image"]),
        ("--data none.npz --run r", ["none.npz", ""]),
        (
            "--data text --run broken --no-classes --size 8 --batch 1",
            ["note_1.png", ""],
        ),
        ("--data single.npz --run r --batch 4", ["class", ""]),
        (
            "--data plain.npz --run r --no-classes --batch 9",
            ["9", "8"],
        ),
        (
            "--data plain.npz --run r --no-classes --batch 4 --lr=-1",
            ["lr", "-1"],
        ),
        (
            "--data plain.npz --run r --no-classes --batch 4 --dropout 1",
            ["dropout", "1"],
        ),
        (
            "--data plain.npz --run r --no-classes --batch 4 --resume",
            ["r: no state to go on from", ""],
        ),
        (
            "--data plain.npz --run r --no-classes --batch 4 --backend gpu --adapter nonesuch",
            ["nonesuch", ""],
        ),
        (
            "--data plain.npz --run r --no-classes --backend cpu --adapter any",
            ["--adapter", "cpu"],
        ),
        (
            "--data plain.npz --run r --no-classes --batch 4 --microbatch 3",
            ["microbatch", "3"],
        ),
    ] {
        let arguments = format!("{small} {arguments}");
        let line = refuse("train", &scratch, &arguments);
        println!("{arguments}\n    {line}");
        assert!(
            line.starts_with("train: ") || line.contains("error"),
            "{line}"
        );
        for part in parts {
            assert!(line.contains(part), "{arguments}: {line}: no {part}");
        }
    }
}

/// A run that is there is not begun anew, and goes on only as it began.
#[test]
fn a_run_is_not_overwritten() {
    let scratch = Scratch::new("refusals-run");
    let pixels: Vec<u8> = (0..8 * 64).map(|at| (7 * at) as u8).collect();
    write_archive(&scratch.join("plain.npz"), [8, 8, 8, 1], &pixels, &[]);
    let options = "--data plain.npz --no-classes --run r --multipliers 1 --attention 1 --batch 4 \
         --sample-every 0 --steps 2";
    succeed("train", &scratch, options);
    let line = refuse("train", &scratch, options);
    assert!(line.contains("--resume"), "{line}");
    let line = refuse("train", &scratch, &format!("{options} --resume --clip 0.5"));
    assert!(line.contains("clip") && line.contains("0.5"), "{line}");
    succeed(
        "train",
        &scratch,
        &options.replace("--steps 2", "--steps 4 --resume"),
    );
    assert!(scratch.join("r/step-00000004/model.safetensors").exists());
}
