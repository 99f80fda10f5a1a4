//! `examples/inspect` and `examples/convert` as programs: what they print, write and refuse.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/program.rs"]
mod program;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod convert;
mod inspect;

use std::process::{Command, Output};

use program::program;
use scratch::Scratch;

const DIGITS_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/assets/digits16.safetensors"
);

fn run(name: &str, scratch: &Scratch, arguments: &[&str]) -> Output {
    let mut command = Command::new(program(name));
    command.current_dir(scratch.path());
    command.args(arguments).output().unwrap()
}

/// Runs it well; what it prints.
fn succeed(name: &str, scratch: &Scratch, arguments: &[&str]) -> String {
    let output = run(name, scratch, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it badly; what it prints, and why it says it failed.
fn refuse(name: &str, scratch: &Scratch, arguments: &[&str]) -> (String, String) {
    let output = run(name, scratch, arguments);
    assert!(
        !output.status.success(),
        "{name} {arguments:?}: not refused"
    );
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!errors.contains("panicked"), "{errors}");
    (String::from_utf8(output.stdout).unwrap(), errors)
}
