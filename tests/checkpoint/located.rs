//! A run, or a state of it, stands for its newest average of the highest rate.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Description, Dtype, WeightType, locate, save,
};
use iddpm::diffusion::WeightSet;
use iddpm::unet::Weights;

use crate::scratch::Scratch;
use crate::{numbers, small};

fn network(scratch: &Scratch, name: &str, step: u64, weights: WeightSet) {
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
            WeightSet::Raw,
        );
    }
    for &rate in rates {
        let name = format!("{state}/ema_{rate}.safetensors");
        network(scratch, &name, step, WeightSet::Ema { rate });
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
        Checkpoint::open(&located.path, WeightType::F32).unwrap();
    }
    // The best by held-out images comes before the newest; a state stands for its own.
    network(
        &scratch,
        "run/best.safetensors",
        4,
        WeightSet::Ema { rate: 0.5 },
    );
    let located = locate(scratch.join("run")).unwrap();
    assert_eq!(located.path, scratch.join("run/best.safetensors"));
    let note = located.note.unwrap();
    assert!(
        note.ends_with("0.5 at step 4, the best by held-out images"),
        "{note}"
    );
    let of_state = locate(scratch.join(&new)).unwrap();
    assert_eq!(
        of_state.path,
        scratch.join(&format!("{new}/ema_0.999.safetensors"))
    );
    std::fs::remove_file(scratch.join("run/best.safetensors")).unwrap();
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
        let opened = Checkpoint::open(&path, WeightType::F32).unwrap_err();
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
    network(&scratch, "several/b.safetensors", 1, WeightSet::Raw);
    network(&scratch, "several/a.safetensors", 1, WeightSet::Raw);
    network(
        &scratch,
        "several/c.safetensors",
        1,
        WeightSet::Ema { rate: 0.1 },
    );
    let all = ["c.safetensors", "a.safetensors", "b.safetensors"];
    assert_eq!(refused("several"), folder(&all));

    // As a file, a run is refused with what is in its newest state, be it called so or not.
    state(&scratch, 2, &[]);
    state(&scratch, 7, &[0.9]);
    let opened = |networks: &[&str]| {
        let path = scratch.join("run");
        let error = Checkpoint::open(&path, WeightType::F32).unwrap_err();
        assert_eq!(error, folder(networks).in_file(path.display()));
    };
    let in_state = [
        "step-00000007/ema_0.9.safetensors",
        "step-00000007/model.safetensors",
    ];
    opened(&in_state);
    std::fs::create_dir_all(scratch.join("run/step-00000008")).unwrap();
    scratch.write("run/step-7/run.json", b"{}");
    // One that calls newest what is not there, or not in it.
    for names in [
        "step-00000003",
        "../run/step-00000002",
        "step-00000007/..",
        // Called nearly as a state, and called as one without a run.json.
        "step-7",
        "step-00000008",
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
        opened(&in_state);
    }
    // A state of which everything has been lost.
    scratch.write("lost/run.json", b"{}");
    assert_eq!(refused("lost"), folder(&[]));
}

/// A file of a state that is broken may be the one that is looked for: no other takes its place.
#[test]
fn a_broken_file_of_a_state_is_told() {
    let scratch = Scratch::new("checkpoint-broken-average");
    let state = state(&scratch, 3, &[0.9, 0.99]);
    scratch.write("run/latest", b"step-00000003");
    let refused = |file: &str| {
        for path in ["run", &state] {
            let error = locate(scratch.join(path)).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(file), "{file}: {text}");
            assert_eq!(text.matches(file).count(), 1, "{text}");
        }
    };
    for file in ["ema_0.99", "ema_0.9", "model", "first_moment"] {
        let file = format!("{state}/{file}.safetensors");
        let path = scratch.join(&file);
        let sound = std::fs::read(&path).unwrap();
        for broken in [
            &sound[..sound.len() - 1],
            &sound[..sound.len() / 2],
            &sound[..5],
            &[],
        ] {
            std::fs::write(&path, broken).unwrap();
            refused(&file);
        }
        // A folder in its place; and one that cannot be read.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        refused(&file);
        std::fs::remove_dir(&path).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("gone", &path).unwrap();
            refused(&file);
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::write(&path, &sound).unwrap();
    }
    // What some systems put beside a file is none.
    scratch.write(&format!("{state}/._ema_0.999.safetensors"), b"mine");
    let located = locate(scratch.join("run")).unwrap();
    let due = scratch.join(&state).join("ema_0.99.safetensors");
    assert_eq!(located.path, due);
    // Whoever asks for a file is not kept from it.
    scratch.write(&format!("{state}/ema_0.9.safetensors"), b"cut");
    Checkpoint::open(&due, WeightType::F32).unwrap();
    let path = scratch.join("run");
    let networks = ["ema_0.99", "model"].map(|name| format!("step-00000003/{name}.safetensors"));
    let folder = Error::Folder {
        networks: networks.into(),
    };
    let error = Checkpoint::open(&path, WeightType::F32).unwrap_err();
    assert_eq!(error, folder.in_file(path.display()));
}

/// Killed before `latest` had its name, the last state is where the run goes on: by its steps, however many
/// digits they take.
#[test]
fn without_a_latest_the_last_state() {
    let scratch = Scratch::new("checkpoint-no-latest");
    for step in [3, 99_999_999, 100_000_000] {
        let state = state(&scratch, step, &[0.9]);
        // None of the run's: by its name, and for want of a run.json.
        scratch.write("run/step-999999999999/mine.txt", b"");
        scratch.write("run/step-9/run.json", b"{}");
        let located = locate(scratch.join("run")).unwrap();
        let due = scratch.join(&state).join("ema_0.9.safetensors");
        assert_eq!(located.path, due);
    }
}

/// However many files there are, and in whatever order the system lists them.
#[test]
fn many_files() {
    let scratch = Scratch::new("checkpoint-many");
    let state = state(&scratch, 3, &[0.9, 0.99]);
    let folder = scratch.join(&state);
    for at in 0..300 {
        let name = format!("a{at:03}.safetensors");
        std::fs::hard_link(folder.join("model.safetensors"), folder.join(name)).unwrap();
    }
    let located = locate(&folder).unwrap();
    assert_eq!(located.path, folder.join("ema_0.99.safetensors"));
    let error = Checkpoint::open(&folder, WeightType::F32).unwrap_err();
    let first = (0..8).map(|at| format!("a{at:03}.safetensors")).collect();
    let named = Error::Folder { networks: first };
    assert_eq!(error, named.in_file(folder.display()));
}

/// A `latest` that is none is neither waited for nor read without end.
#[cfg(unix)]
#[test]
fn a_latest_that_is_no_file() {
    let scratch = Scratch::new("checkpoint-latest-special");
    state(&scratch, 3, &[0.9]);
    let latest = scratch.join("run/latest");
    let refused = || {
        let error = locate(scratch.join("run")).unwrap_err().to_string();
        assert!(error.contains(latest.to_str().unwrap()), "{error}");
    };
    scratch.write("run/latest", &[b'0'; 300]);
    refused();
    std::fs::remove_file(&latest).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&latest).status();
    assert!(made.unwrap().success());
    refused();
    std::fs::remove_file(&latest).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &latest).unwrap();
    refused();
    std::fs::remove_file(&latest).unwrap();
    std::fs::create_dir(&latest).unwrap();
    refused();
    // In a folder that is no run it is somebody's.
    scratch.write("other/latest/mine", b"");
    let error = locate(scratch.join("other")).unwrap_err().to_string();
    assert!(error.contains("a folder without a network"), "{error}");
}
