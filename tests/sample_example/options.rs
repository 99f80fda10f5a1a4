//! Options that are refused.

use super::scratch::Scratch;
use super::{SPRITES_FILE, bytes, run, sample};

#[test]
fn bad_options_are_named_and_leave_nothing_behind() {
    let cases: &[(&[&str], &str)] = &[
        (
            &["--class", "10"],
            "--class \"10\": this network's classes are 0 to 9",
        ),
        (&["--class", "seven"], "--class"),
        (&["--class", "-1"], "--class"),
        (
            &["--steps", "0"],
            "--steps 0: 0 steps kept, but a process needs at least 2",
        ),
        (
            &["--steps", "5000"],
            "--steps 5000: 5000 steps of only 1000",
        ),
        (&["--steps", "many"], "--steps many: "),
        (
            &["--steps", "ddim7000"],
            "--steps ddim7000: 7000 steps of only 1000",
        ),
        (&["--method", "euler"], "euler"),
        (&["--eta", "0.5"], "--eta"),
        (
            &["--method", "ddim", "--eta", "-1"],
            "--eta -1: must be within [0, 1]",
        ),
        (
            &["--method", "ddim", "--eta", "nan"],
            "--eta NaN: must be within [0, 1]",
        ),
        (&["--clip", "hard"], "hard"),
        (&["--wrap", "z"], "[possible values: none, x, y, xy]"),
        (&["--batch", "0"], "--batch"),
        (&["--count", "0"], "--count"),
        (&["--seed", "x"], "--seed"),
        (&["--precision", "f8"], "f8"),
        (&["--backend", "tpu"], "tpu"),
        (&["--backend", "cpu", "--adapter", "x"], "--adapter"),
        (
            &["--out", "grid.jpg"],
            ".jpg is none of .png, .gif and .npz; a folder is written with a slash at its end: grid.jpg/",
        ),
        (
            &["--out", "missing/grid.png"],
            "--out missing/grid.png: there is no folder missing",
        ),
        (
            &["--out", "missing/folder"],
            "--out missing/folder: there is no folder missing",
        ),
        (
            &["--out", "taken"],
            "--out taken: this is a file, not a folder",
        ),
        (
            &["--out", "folder.png"],
            "--out folder.png: this is a folder, not a file",
        ),
        (&["--out", ""], "--out"),
        (
            &["--out", "steps.png", "--trajectory", "steps.png"],
            "--trajectory steps.png: there the images go",
        ),
        (
            &[
                "--out",
                "./steps.png",
                "--trajectory",
                "folder.png/../steps.png",
            ],
            "--trajectory folder.png/../steps.png: there the images go",
        ),
        (
            &["--out", "taken/"],
            "--out taken: this is a file, not a folder",
        ),
        (
            &[
                "--count",
                "4096",
                "--batch",
                "4096",
                "--trajectory",
                "steps.png",
            ],
            "--batch 4096: steps.png of 5 steps takes at most 1086 images",
        ),
        (
            &[
                "--checkpoint",
                SPRITES_FILE,
                "--steps",
                "1000",
                "--count",
                "1049",
                "--batch",
                "1049",
                "--trajectory",
                "steps.gif",
            ],
            "--batch 1049: steps.gif of 1000 steps takes at most 1048 images",
        ),
        (
            &["--count", "13036"],
            "--count 13036: samples.png takes at most 13035 such images",
        ),
        (&["--trajectory", "steps.mp4"], "neither .png nor .gif"),
        (
            &["--trajectory", "missing/steps.gif"],
            "--trajectory missing/steps.gif: there is no folder missing",
        ),
        (&["--checkpoint", "absent"], "absent"),
        (&["--checkpoint", "taken"], "taken"),
        (
            &["--low-res", "taken"],
            "--low-res: this network takes no such image",
        ),
        (&["--unknown"], "--unknown"),
    ];
    let scratch = Scratch::new("sample-options");
    scratch.write("taken", b"not what is looked for");
    std::fs::create_dir(scratch.join("folder.png")).unwrap();
    for (arguments, named) in cases {
        let output = run(&scratch, arguments);
        assert!(!output.status.success(), "{arguments:?} was accepted");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(named), "{arguments:?}: {errors}");
        assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
        assert_eq!(scratch.names(), ["folder.png", "taken"], "{arguments:?}");
    }
}

#[cfg(feature = "gpu")]
#[test]
fn an_adapter_that_is_not_there() {
    let scratch = Scratch::new("sample-adapter");
    for backend in ["gpu", "auto"] {
        let arguments = ["--backend", backend, "--adapter", "No Such Thing"];
        let output = run(&scratch, &arguments);
        assert!(!output.status.success(), "{backend}");
        let errors = String::from_utf8_lossy(&output.stderr);
        let wanted = "no adapter is named like No Such Thing, only ";
        assert!(errors.contains(wanted), "{errors}");
        assert!(scratch.names().is_empty());
    }
}

/// A device, software or not: what runs, and why.
#[cfg(feature = "gpu")]
#[test]
fn a_gpu_that_is_asked_for() {
    let scratch = Scratch::new("sample-gpu");
    for precision in ["as-stored", "f32", "f16"] {
        let arguments = ["--backend", "gpu", "--precision", precision, "--count", "1"];
        let output = run(&scratch, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{precision}: {errors}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let line = printed.lines().find(|line| line.starts_with("running on"));
        assert!(line.unwrap().contains("; asked for)"), "{printed}");
    }
}

/// What is chosen by itself, and why, whatever the machine has.
#[test]
fn the_best_there_is() {
    let scratch = Scratch::new("sample-auto");
    let output = run(&scratch, &["--backend", "auto", "--count", "1"]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut lines = printed.lines();
    let line = lines.find(|line| line.starts_with("running on "));
    let reasons = [
        "built without the feature gpu)",
        "no adapter was found)",
        "software, which is slower)",
        "; the only adapter)",
        "; the first by kind of ",
    ];
    let because = |line: &str| reasons.iter().any(|reason| line.contains(reason));
    assert!(line.is_some_and(because), "{printed}");
}

/// The digits are f16: to be held as f32 changes none of them.
#[test]
fn any_precision_on_the_processor() {
    let scratch = Scratch::new("sample-precision");
    let image = |precision: &str| {
        let arguments = ["--precision", precision, "--count", "1", "--out", "one.npz"];
        sample(&scratch, &arguments);
        bytes(&scratch, "one.npz")
    };
    let stored = image("as-stored");
    assert!(image("f16") == stored && image("f32") == stored);
}

/// What each option makes: another image than without it, the same one each time.
#[test]
fn each_option_does_something() {
    let scratch = Scratch::new("sample-each");
    let image = |options: &str| {
        let arguments = format!("--count 1 --out one.npz {options}");
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        sample(&scratch, &arguments);
        bytes(&scratch, "one.npz")
    };
    let options = [
        "",
        "--method ddim",
        "--method ddim --eta 0.5",
        "--method ancestral",
        "--method heun",
        "--clip none",
        "--clip dynamic",
        "--wrap x",
        "--wrap y",
        "--wrap xy",
        "--seed 1",
        "--class 3",
        "--steps 6",
        "--steps 2,2,2",
        "--steps ddim8",
        "--steps leading7",
        "--steps trailing8",
        "--steps linspace8",
        "--steps quadratic8",
        "--steps early8",
    ];
    let images = options.map(image);
    for (at, options_of) in options.iter().enumerate() {
        assert!(image(options_of) == images[at], "{options_of}");
        for (other, image) in images[..at].iter().enumerate() {
            let same = image == &images[at];
            assert!(!same, "{options_of:?}, {:?}", options[other]);
        }
    }
}

/// A folder may be named like a file.
#[test]
fn a_folder_by_its_slash() {
    let scratch = Scratch::new("sample-slash");
    sample(&scratch, &["--count", "1", "--out", "v1.2/"]);
    assert!(scratch.join("v1.2/0_000000.png").exists());
}
