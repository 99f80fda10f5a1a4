//! `examples/sample` as a program: what it writes, what it refuses.
//!
//! It runs the example that `cargo test` builds beside the tests.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/archive.rs"]
#[allow(dead_code)]
mod archive;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/scratch.rs"]
mod scratch;

mod alpha;
mod choices;
#[cfg(unix)]
mod ends;
mod folders;
mod grids;
#[path = "../support/hostile.rs"]
mod hostile;
mod hostile_values;
mod network;
mod options;
mod outputs;
mod programs;
mod runs;
mod shipped;
mod steered;
mod super_resolution;
mod trajectories;

use std::process::{Command, Output, Stdio};

use iddpm::data::{Dataset, Folder, npz};
use iddpm::unet::Extents;
use npyz::NpyFile;
use program::program;
use scratch::Scratch;
use zip::ZipArchive;

const DIGITS: Extents = Extents {
    channels: 1,
    height: 16,
    width: 16,
};

const DIGITS_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/assets/digits16.safetensors"
);

const SPRITES_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/assets/sprites32.safetensors"
);

/// Runs it in a folder, on the processor, in five steps, with the digits' network.
fn run(scratch: &Scratch, arguments: &[&str]) -> Output {
    if arguments.contains(&"--checkpoint") {
        return run_shipped(scratch, arguments);
    }
    run_shipped(
        scratch,
        &[&["--checkpoint", DIGITS_FILE], arguments].concat(),
    )
}

/// Runs it likewise with the network that it takes by itself.
fn run_shipped(scratch: &Scratch, arguments: &[&str]) -> Output {
    prepared(scratch, arguments).output().unwrap()
}

/// A run in a folder that is not begun yet, as [`run`]; what it prints goes nowhere.
fn command(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = match arguments.contains(&"--checkpoint") {
        true => prepared(scratch, arguments),
        false => prepared(
            scratch,
            &[&["--checkpoint", DIGITS_FILE], arguments].concat(),
        ),
    };
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn prepared(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("sample"));
    command.current_dir(scratch.path());
    if !arguments
        .iter()
        .any(|argument| argument.starts_with("--backend"))
    {
        command.args(["--backend", "cpu"]);
    }
    if !arguments.contains(&"--steps") {
        command.args(["--steps", "5"]);
    }
    command.args(arguments);
    command
}

/// Runs it well; the last line it prints.
fn sample(scratch: &Scratch, arguments: &[&str]) -> String {
    let output = run(scratch, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().last().unwrap().into()
}

fn bytes(scratch: &Scratch, name: &str) -> Vec<u8> {
    std::fs::read(scratch.join(name)).unwrap()
}

#[test]
fn an_archive_is_what_the_public_tools_read() {
    let scratch = Scratch::new("sample-npz");
    let printed = sample(&scratch, &["--count", "12", "--out", "digits.npz"]);
    assert_eq!(printed, "digits.npz");
    assert_eq!(scratch.names(), ["digits.npz"]);
    // By another reader.
    let mut archive = ZipArchive::new(std::io::Cursor::new(bytes(&scratch, "digits.npz"))).unwrap();
    assert_eq!(archive.len(), 2);
    let images = NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
    assert_eq!(images.shape(), [12, 16, 16, 1]);
    assert_eq!(
        (images.dtype().descr().as_str(), images.order()),
        ("'|u1'", npyz::Order::C)
    );
    let images: Vec<u8> = images.into_vec().unwrap();
    let labels = NpyFile::new(archive.by_name("arr_1.npy").unwrap()).unwrap();
    assert_eq!(
        (labels.shape(), labels.dtype().descr().as_str()),
        (&[12][..], "'<i8'")
    );
    let labels: Vec<i64> = labels.into_vec().unwrap();
    assert_eq!(labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    // And by ours.
    let read = npz::open(scratch.join("digits.npz")).unwrap();
    assert_eq!((read.extents(), read.classes()), (DIGITS, Some(10)));
    assert_eq!(read.pixels(), images);
}

/// Runs that write one file at once: it is whole, and a user's file beside it is left alone.
#[test]
fn a_file_is_whole_whoever_writes_it() {
    let scratch = Scratch::new("sample-whole");
    scratch.write("digits.npz.part", b"a user's");
    let runs = || sample(&scratch, &["--count", "2", "--out", "digits.npz"]);
    std::thread::scope(|threads| {
        let started: Vec<_> = (0..4).map(|_| threads.spawn(runs)).collect();
        started
            .into_iter()
            .for_each(|run| drop(run.join().unwrap()));
    });
    assert_eq!(scratch.names(), ["digits.npz", "digits.npz.part"]);
    assert_eq!(bytes(&scratch, "digits.npz.part"), b"a user's");
    assert_eq!(npz::open(scratch.join("digits.npz")).unwrap().len(), 2);
}

#[test]
fn a_folder_is_a_data_set() {
    let scratch = Scratch::new("sample-folder");
    sample(&scratch, &["--count", "12", "--out", "digits"]);
    sample(&scratch, &["--count", "12", "--out", "digits.npz"]);
    let folder = Folder::open(scratch.join("digits"), DIGITS, true).unwrap();
    let archive = npz::open(scratch.join("digits.npz")).unwrap();
    assert_eq!((folder.len(), folder.classes()), (12, Some(10)));
    for (at, file) in folder.listing().files().iter().enumerate() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let (class, number) = name.split_once('_').unwrap();
        let example = archive.get(number.parse().unwrap()).unwrap();
        assert_eq!(example.label, class.parse().ok());
        assert_eq!(folder.get(at).unwrap(), example, "{name}");
    }
}

#[test]
fn the_same_seed_is_the_same_bytes_in_any_batch() {
    let scratch = Scratch::new("sample-seed");
    let files = |seed: &str, batch: &str| {
        ["a.npz", "a.png"].map(|out| {
            sample(
                &scratch,
                &[
                    "--count", "5", "--seed", seed, "--batch", batch, "--out", out,
                ],
            );
            bytes(&scratch, out)
        })
    };
    let first = files("3", "5");
    for batch in ["5", "1", "2"] {
        assert_eq!(files("3", batch), first, "batches of {batch}");
    }
    let other = files("4", "5");
    assert!(other.iter().zip(&first).all(|(a, b)| a != b));
}

#[test]
fn one_class_alone_or_some_in_turn() {
    let scratch = Scratch::new("sample-class");
    sample(
        &scratch,
        &["--count", "3", "--class", "7", "--out", "sevens.npz"],
    );
    let images = npz::open(scratch.join("sevens.npz")).unwrap();
    assert_eq!(images.labels().unwrap(), [7, 7, 7]);
    let two = ["--count", "3", "--class", "7", "--class", "1"];
    sample(&scratch, &[&two[..], &["--out", "two.npz"]].concat());
    let images = npz::open(scratch.join("two.npz")).unwrap();
    assert_eq!(images.labels().unwrap(), [7, 1, 7]);
}
