//! Options that are refused.

use super::run;
use super::scratch::Scratch;

#[test]
fn bad_options_are_named_and_leave_nothing_behind() {
    let cases: &[(&[&str], &str)] = &[
        (
            &["--class", "10"],
            "--class 10: this network's classes are 0 to 9",
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
            "eta = -1 is not within [0, 1]",
        ),
        (
            &["--method", "ddim", "--eta", "nan"],
            "eta = NaN is not within [0, 1]",
        ),
        (&["--clip", "hard"], "hard"),
        (&["--batch", "0"], "--batch"),
        (&["--count", "0"], "--count"),
        (&["--seed", "x"], "--seed"),
        (&["--precision", "f8"], "f8"),
        (&["--backend", "tpu"], "tpu"),
        (&["--backend", "cpu", "--adapter", "x"], "--adapter"),
        (
            &["--out", "grid.jpg"],
            ".jpg is none of .png, .npz, a folder",
        ),
        (
            &["--out", "missing/grid.png"],
            "missing: there is no such folder",
        ),
        (
            &["--out", "missing/folder"],
            "missing: there is no such folder",
        ),
        (&["--out", "taken"], "taken: is a file, not a folder"),
        (
            &["--out", "folder.png"],
            "folder.png: is a folder, not a file",
        ),
        (&["--trajectory", "steps.mp4"], "neither .png nor .gif"),
        (
            &["--trajectory", "missing/steps.gif"],
            "missing: there is no such folder",
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
    let output = run(
        &scratch,
        &["--backend", "gpu", "--adapter", "no such thing"],
    );
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("adapter"), "{errors}");
    assert!(scratch.names().is_empty());
}
