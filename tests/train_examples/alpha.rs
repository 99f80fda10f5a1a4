//! Transparency by option: what is trained on, what a run that goes on asks for, what `nll` and `sample` make of it.

use image::{ColorType, Rgba, RgbaImage};

use super::scratch::Scratch;
use super::{refuse, succeed};

const OPTIONS: &str = "--data discs --no-classes --size 8 --multipliers 1 --attention 1 --batch 2 --timesteps 20 \
                       --sample-every 0 --backend cpu";

fn discs(scratch: &Scratch, folder: &str, unseen: u8) {
    std::fs::create_dir_all(scratch.join(folder)).unwrap();
    for number in 0..3_u8 {
        let disc = RgbaImage::from_fn(8, 8, |x, y| match (x + y) % 4 {
            0 => Rgba([unseen, 7, unseen, 0]),
            1 => Rgba([80 * number, 90, 200, 130]),
            _ => Rgba([80 * number, 90, 200, 255]),
        });
        disc.save(scratch.join(&format!("{folder}/a_{number}.png")))
            .unwrap();
    }
}

#[test]
fn a_run_keeps_to_what_was_done_with_alpha() {
    let scratch = Scratch::new("train-alpha");
    discs(&scratch, "discs", 1);
    let kept = format!("{OPTIONS} --run kept");
    let white = format!("{OPTIONS} --run white");
    // It is kept without a word, where there is any.
    let printed = succeed("train", &scratch, &format!("{kept} --steps 1"));
    assert!(printed.contains("8x8, 4 channels"), "{printed}");
    assert!(
        printed.contains("\ntransparent: 3 images, kept so\n"),
        "{printed}"
    );
    let printed = succeed(
        "train",
        &scratch,
        &format!("{white} --alpha over:#ffffff --steps 1"),
    );
    assert!(printed.contains("8x8, 3 channels"), "{printed}");
    let says = "\ntransparent: 3 images, painted over #ffffff\n";
    assert!(printed.contains(says), "{printed}");

    for (run, alpha, says) in [
        (&kept, "--alpha over:#000000", "without --alpha keep"),
        (
            &white,
            "--alpha keep",
            "--alpha keep: the run was begun without it",
        ),
        (
            &white,
            "--alpha over:#fffffe",
            "--data discs: the data is not what",
        ),
        (&white, "--alpha grey", "--alpha"),
        (
            &white,
            "--alpha keep --grey",
            "--alpha keep: images are to have 1 channel",
        ),
    ] {
        let arguments = format!("{run} --resume --steps 2 {alpha}");
        let output = super::run("train", &scratch, &arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{alpha}");
        assert!(errors.contains(says), "{alpha}: {errors}");
    }
    succeed(
        "train",
        &scratch,
        &format!("{kept} --alpha keep --resume --steps 2"),
    );
    // What lies under alpha 0 is no part of the data; a run knows its own.
    discs(&scratch, "discs", 200);
    succeed("train", &scratch, "--run white --resume --steps 2");

    // The network's channels decide.
    for (run, says) in [("kept", "kept so"), ("white", "painted over #ffffff")] {
        let printed = succeed(
            "nll",
            &scratch,
            &format!("--checkpoint {run} --data discs --steps 4"),
        );
        assert!(printed.contains(says), "{printed}");
    }
    for (run, color) in [("kept", ColorType::Rgba8), ("white", ColorType::Rgb8)] {
        let arguments =
            format!("--checkpoint {run} --count 1 --steps 2 --backend cpu --out {run}-drawn/");
        succeed("sample", &scratch, &arguments);
        let picture = image::open(scratch.join(&format!("{run}-drawn/000000.png"))).unwrap();
        assert_eq!(picture.color(), color);
    }
    let archive = [200; 64];
    super::write_archive(&scratch.join("grey.npz"), [1, 8, 8, 1], &archive, &[]);
    let line = refuse(
        "nll",
        &scratch,
        "--checkpoint kept --data grey.npz --steps 4",
    );
    assert!(
        line.contains("8x8, 1 channel, not 8x8, 4 channels"),
        "{line}"
    );
}
