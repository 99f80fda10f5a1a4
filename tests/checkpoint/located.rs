//! A run, or a state of it, stands for its newest average of the highest rate.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Description, Dtype, Precision, locate, save,
};
use iddpm::diffusion::Weights as Which;
use iddpm::unet::Weights;

use crate::scratch::Scratch;
use crate::{numbers, small};

fn network(scratch: &Scratch, name: &str, step: u64, weights: Which) {
    let path = scratch.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut description: Description = small();
    description.card.step = step;
    description.card.weights = weights;
    let numbers = numbers(&description);
    save(path, &description, Weights::F32(&numbers), Dtype::F16).unwrap();
}

/// A state as training saved it before moments said what they are: all look like networks.
fn state(scratch: &Scratch, step: u64, rates: &[f64]) -> String {
    let state = format!("run/step-{step:08}");
    for name in ["model", "first_moment", "second_moment"] {
        network(
            scratch,
            &format!("{state}/{name}.safetensors"),
            step,
            Which::Raw,
        );
    }
    for &rate in rates {
        let name = format!("{state}/ema_{rate}.safetensors");
        network(scratch, &name, step, Which::Ema { rate });
    }
    scratch.write(&format!("{state}/run.json"), b"{}");
    state
}

#[test]
fn a_run_and_a_state_stand_for_an_average() {
    let scratch = Scratch::new("checkpoint-located");
    let old = state(&scratch, 9, &[0.99, 0.9999, 0.5]);
    let new = state(&scratch, 10, &[0.99, 0.9, 0.999]);
    state(&scratch, 11, &[0.99]);
    scratch.write("run/latest", b"step-00000010\n");
    let cases = [
        (
            "run",
            format!("{new}/ema_0.999.safetensors"),
            "0.999 at step 10",
        ),
        (
            &new,
            format!("{new}/ema_0.999.safetensors"),
            "0.999 at step 10",
        ),
        (
            &old,
            format!("{old}/ema_0.9999.safetensors"),
            "0.9999 at step 9",
        ),
    ];
    for (path, file, words) in cases {
        let located = locate(scratch.join(path)).unwrap();
        assert_eq!(located.path, scratch.join(&file));
        let note = located.note.unwrap();
        let taken = located.path.display().to_string();
        assert!(note.contains(&taken) && note.ends_with(words), "{note}");
        assert!(note.starts_with(&scratch.join(path).display().to_string()));
        Checkpoint::open(&located.path, Precision::F32).unwrap();
    }
    // Files stand for themselves, be they there or not.
    for file in [
        "run/step-00000009/model.safetensors",
        "run/latest",
        "none",
        "run/none",
    ] {
        let located = locate(scratch.join(file)).unwrap();
        assert_eq!((located.path, located.note), (scratch.join(file), None));
    }
}

#[test]
fn without_an_average_the_weights() {
    let scratch = Scratch::new("checkpoint-no-average");
    let state = state(&scratch, 3, &[]);
    scratch.write("run/latest", b"step-00000003");
    for path in ["run", &state] {
        let located = locate(scratch.join(path)).unwrap();
        assert_eq!(located.path, scratch.join(&state).join("model.safetensors"));
        let note = located.note.unwrap();
        assert!(note.contains("no average"), "{note}");
    }
}

#[test]
fn a_folder_that_stands_for_nothing_names_what_is_in_it() {
    let scratch = Scratch::new("checkpoint-folders");
    let refused = |path: &str| {
        let path = scratch.join(path);
        let located = locate(&path).unwrap_err();
        let opened = Checkpoint::open(&path, Precision::F32).unwrap_err();
        assert!(located.to_string().starts_with(&path.display().to_string()));
        match (located, opened) {
            (Error::InFile { error, .. }, Error::InFile { .. }) => *error,
            (error, _) => panic!("{error}"),
        }
    };
    let folder = |networks: &[&str]| Error::Folder {
        networks: networks.iter().copied().map(String::from).collect(),
    };
    scratch.write("empty/readme.txt", b"nothing");
    scratch.write("empty/cut.safetensors", b"1234567");
    assert_eq!(refused("empty"), folder(&[]));
    network(&scratch, "several/b.safetensors", 1, Which::Raw);
    network(&scratch, "several/a.safetensors", 1, Which::Raw);
    network(
        &scratch,
        "several/c.safetensors",
        1,
        Which::Ema { rate: 0.1 },
    );
    let all = ["c.safetensors", "a.safetensors", "b.safetensors"];
    assert_eq!(refused("several"), folder(&all));

    // A run whose first state was never called the newest.
    state(&scratch, 2, &[]);
    state(&scratch, 7, &[0.9]);
    let in_state = [
        "step-00000007/ema_0.9.safetensors",
        "step-00000007/model.safetensors",
    ];
    assert_eq!(refused("run"), folder(&in_state));
    // One that calls newest what is not there, or not in it.
    for names in [
        "step-00000003",
        "../run/step-00000002",
        "step-00000007/..",
        "",
        "step-\u{1b}c",
    ] {
        scratch.write("run/latest", names.as_bytes());
        let path = scratch.join("run");
        let error = locate(&path).unwrap_err();
        let latest = Error::Latest {
            names: names.into(),
        };
        assert_eq!(error, latest.in_file(path.display()));
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
    // A state of which everything has been lost.
    scratch.write("lost/run.json", b"{}");
    assert_eq!(refused("lost"), folder(&[]));
}
