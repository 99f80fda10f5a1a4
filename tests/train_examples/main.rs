//! `examples/train`, `nll` and `make_sprites` as programs: that learning happens, and what the programs
//! write and refuse.

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
#[path = "../support/copy.rs"]
mod copy;
#[path = "../support/hostile.rs"]
mod hostile;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod alpha;
mod backends;
mod distill;
#[cfg(feature = "evaluate")]
mod evaluation;
mod events;
mod folders;
mod held_out;
mod hostile_values;
mod initial;
mod interrupted;
mod learning;
mod options;
mod refusals;
mod settings;
#[cfg(unix)]
mod signals;
mod sprites;
mod validation;
mod words;
mod writers;

use archive::write_archive;
use run::{run, succeed};
use scratch::Scratch;

/// Runs it badly; the one line in which it says why.
fn refuse(name: &str, scratch: &Scratch, arguments: &str) -> String {
    let output = run(name, scratch, arguments);
    assert!(!output.status.success(), "{name} {arguments}: not refused");
    let errors = String::from_utf8(output.stderr).unwrap();
    let line = errors.lines().last().unwrap_or_default().to_owned();
    assert!(!errors.contains("panicked"), "{name} {arguments}: {errors}");
    line
}
