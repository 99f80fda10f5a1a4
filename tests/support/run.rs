//! The examples as a user runs them, in a folder, words as in a shell.

use std::process::{Command, Output};

use super::program::program;
use super::scratch::Scratch;

/// Runs a program.
pub(crate) fn run(name: &str, scratch: &Scratch, arguments: &str) -> Output {
    Command::new(program(name))
        .current_dir(scratch.path())
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

/// Runs it well; what it prints.
pub(crate) fn succeed(name: &str, scratch: &Scratch, arguments: &str) -> String {
    let output = run(name, scratch, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
