//! The folder of a training run, and one of its states, as a checkpoint.

use super::network::{Kind, network};
use super::scratch::Scratch;
use super::{bytes, run, sample};

#[test]
fn a_run_stands_for_its_best_average() {
    let scratch = Scratch::new("sample-run");
    let state = "r/step-00000007";
    scratch.write("r/latest", b"step-00000007");
    scratch.write("r/step-00000007/run.json", b"{}");
    for (file, average) in [
        ("model", None),
        ("ema_0.9", Some(0.9)),
        ("ema_0.99", Some(0.99)),
    ] {
        let kind = Kind {
            average,
            ..Kind::default()
        };
        network(&scratch, &format!("{state}/{file}.safetensors"), kind);
    }
    let best = format!("{state}/ema_0.99.safetensors");
    let image = |checkpoint: &str| {
        let arguments = ["--checkpoint", checkpoint, "--count", "1", "--out", "a.npz"];
        sample(&scratch, &arguments);
        bytes(&scratch, "a.npz")
    };
    let due = image(&best);
    assert!(due != image(&format!("{state}/model.safetensors")));
    for checkpoint in ["r", "r/", state] {
        assert!(image(checkpoint) == due, "{checkpoint}");
        let output = run(&scratch, &["--checkpoint", checkpoint, "--count", "1"]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&best), "{printed}");
    }
    // A folder that is none says so, by name.
    let output = run(&scratch, &["--checkpoint", ".", "--count", "1"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("--checkpoint: ."), "{errors}");
}
