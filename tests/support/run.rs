//! The examples as a user runs them, in a folder.

use std::process::{Command, Output};

use super::program::program;
use super::scratch::Scratch;

/// What a program is given: a text of words as in a shell, or words that may hold spaces.
pub(crate) trait Words {
    fn words(&self) -> Vec<&str>;
}

impl Words for str {
    fn words(&self) -> Vec<&str> {
        self.split_whitespace().collect()
    }
}

impl Words for String {
    fn words(&self) -> Vec<&str> {
        self.as_str().words()
    }
}

impl<const N: usize> Words for [&str; N] {
    fn words(&self) -> Vec<&str> {
        self.to_vec()
    }
}

impl Words for Vec<&str> {
    fn words(&self) -> Vec<&str> {
        self.clone()
    }
}

/// Runs a program.
pub(crate) fn run<W: Words + ?Sized>(name: &str, scratch: &Scratch, arguments: &W) -> Output {
    let mut command = Command::new(program(name));
    command.current_dir(scratch.path());
    command.args(arguments.words()).output().unwrap()
}

/// Runs it well; what it prints.
pub(crate) fn succeed<W: Words + ?Sized>(name: &str, scratch: &Scratch, arguments: &W) -> String {
    let output = run(name, scratch, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    let shown = arguments.words().join(" ");
    assert!(output.status.success(), "{name} {shown}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
