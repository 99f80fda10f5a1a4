//! Folders of images: what is there at any moment, and that it is read again as what it was.

use std::time::{Duration, Instant};

use iddpm::data::{self, Classes, Dataset, Fit, Folder, npz};
use iddpm::unet::Extents;

use super::network::{Kind, network};
use super::scratch::Scratch;
use super::{SPRITES_FILE, command, run, sample};

const SMALL: Extents = Extents {
    channels: 3,
    height: 8,
    width: 8,
};

/// Every name there is in a folder's picture files, hidden ones too.
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// However a run ends, what it has finished is there, and every picture is whole.
#[test]
fn a_killed_run_leaves_what_was_finished() {
    let scratch = Scratch::new("sample-killed");
    let common = [
        "--count", "100000", "--steps", "2", "--batch", "2", "--out", "d/",
    ];
    let mut child = command(&scratch, &common).spawn().unwrap();
    let folder = scratch.join("d");
    let begun = Instant::now();
    let pictures = || {
        names(&folder)
            .iter()
            .filter(|name| name.ends_with(".png"))
            .count()
    };
    while pictures() < 7 {
        assert!(begun.elapsed() < Duration::from_secs(120), "no pictures");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for name in names(&folder).iter().filter(|name| name.ends_with(".png")) {
        image::open(folder.join(name)).unwrap();
    }
    // And nobody goes on there.
    let output = run(&scratch, &common);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("--out d: this folder is not empty, "),
        "{errors}"
    );
}

#[test]
fn a_folder_that_is_not_empty_is_refused_before_any_work() {
    let scratch = Scratch::new("sample-not-empty");
    scratch.write("gen/notes.txt", b"mine");
    std::fs::create_dir(scratch.join("empty")).unwrap();
    for out in ["gen", "gen/", "./gen", "empty/../gen"] {
        // A checkpoint that is not there would be found next.
        let output = run(&scratch, &["--checkpoint", "absent", "--out", out]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains("this folder is not empty, notes.txt is in it"),
            "{errors}"
        );
    }
    assert_eq!(names(&scratch.join("gen")), ["notes.txt"]);
    // What a killed run may have left of its lock is nothing.
    scratch.write("empty/.lock", b"");
    sample(&scratch, &["--count", "2", "--out", "empty"]);
    assert_eq!(names(&scratch.join("empty")).len(), 2);
}

/// Two runs into one folder at once: one has it.
#[test]
fn a_folder_has_one_run() {
    let scratch = Scratch::new("sample-one-run");
    let common = ["--count", "40", "--steps", "2", "--out", "d/"];
    let mut runs = [0, 1].map(|_| command(&scratch, &common).spawn().unwrap());
    let mut codes: Vec<_> = runs
        .iter_mut()
        .map(|run| run.wait().unwrap().code())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)]);
    assert_eq!(names(&scratch.join("d")).len(), 40);
}

/// Labels are those the images were drawn with, whatever the classes are called.
#[test]
fn a_folder_is_read_with_its_labels() {
    let cases: [&[&str]; 8] = [
        &[],
        &["cat", "dog", "emu"],
        &["b", "a", "c"],
        &["sea_lion", "dog", "cat"],
        &["a/b", "..", ".hidden"],
        &["", "_", " "],
        &["2", "0", "1"],
        &["Cat", "cat", "CAT"],
    ];
    for (at, given) in cases.iter().enumerate() {
        let scratch = Scratch::new(&format!("sample-labels-{at}"));
        let kind = Kind {
            classes: 3,
            names: given,
            ..Kind::default()
        };
        network(&scratch, "net.safetensors", kind);
        for out in ["images.npz", "images/"] {
            let arguments = [
                "--checkpoint",
                "net.safetensors",
                "--count",
                "5",
                "--out",
                out,
            ];
            sample(&scratch, &arguments);
        }
        let archive = npz::open(scratch.join("images.npz")).unwrap();
        let names: Vec<String> = given.iter().map(ToString::to_string).collect();
        let classes = Classes::Network {
            count: 3,
            names: (!names.is_empty()).then_some(&names),
            needed: true,
        };
        let options = data::Options {
            fit: Fit::Exactly(SMALL),
            classes,
            alpha: None,
        };
        let read = data::open(scratch.join("images"), &options).unwrap();
        assert_eq!(read.data.len(), 5, "{given:?}");
        let label = |example: &data::Example<'_>| example.label.unwrap();
        let mut found = Vec::new();
        for at in 0..5 {
            let example = read.data.get(at).unwrap();
            let mut same = (0..5).map(|at| archive.get(at).unwrap());
            let same = same.find(|other| other.pixels == example.pixels).unwrap();
            assert_eq!(label(&example), label(&same), "{given:?}");
            found.push(label(&example));
        }
        found.sort_unstable();
        assert_eq!(found, [0, 0, 1, 1, 2], "{given:?}");
    }
}

/// Of the shipped network, whose classes have names, as a data set of its own.
#[test]
fn a_folder_of_named_classes_is_a_data_set() {
    let scratch = Scratch::new("sample-named");
    let arguments = [
        "--checkpoint",
        SPRITES_FILE,
        "--steps",
        "2",
        "--count",
        "24",
        "--out",
        "s",
    ];
    sample(&scratch, &arguments);
    let extents = Extents {
        channels: 4,
        height: 32,
        width: 32,
    };
    let folder = Folder::open(scratch.join("s"), extents, true).unwrap();
    assert_eq!((folder.len(), folder.classes()), (24, Some(12)));
    assert_eq!(folder.class_names().unwrap()[0], "axe");
    assert!(scratch.join("s/axe_000000.png").exists());
    assert!(scratch.join("s/tree_000023.png").exists());
}
