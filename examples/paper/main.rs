//! The paper, reproduced: every network of its comparisons is trained at a small scale, several times, and each claim is
//! measured, tested, and written down with what came of it.
//!
//! ```sh
//! cargo run --release --example paper --features evaluate                # two hours on two cores
//! cargo run --release --example paper --features evaluate -- --quick     # a quarter of an hour
//! ```
//!
//! What is trained and measured is kept in the folder `paper`: the same command goes on where it was stopped.

#[path = "../support/bar.rs"]
mod bar;
mod cell;
#[path = "../support/plot.rs"]
mod chart;
mod claim;
mod claims;
#[path = "../support/device_options.rs"]
mod device_options;
mod document;
mod draws;
mod judge;
mod kept;
mod options;
mod plan;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
mod scale;
mod sets;
mod sprites;
mod steps;
#[path = "../support/threads.rs"]
mod threads;
mod verdict;
#[path = "../support/whole.rs"]
mod whole;
mod work;

use std::process::ExitCode;

use claims::CLAIMS;
use options::Options;
use program::{Failure, say};
use work::Work;

fn main() -> ExitCode {
    program::run(run)
}

fn run(options: &Options) -> Result<(), Failure> {
    options.check()?;
    let work = Work::new(options)?;
    if options.plan {
        return plan::say_cost(&work, options);
    }
    let cells = plan::cells(options);
    for (at, cell) in cells.iter().enumerate() {
        say(format_args!(
            "network {} of {}: {cell}",
            at + 1,
            cells.len()
        ))?;
        work.trained(*cell)?;
    }
    let mut measured = Vec::new();
    for (number, measure) in CLAIMS
        .into_iter()
        .filter(|&(number, _)| options.has(number))
    {
        say(format_args!("claim {number}"))?;
        measured.push(measure(&work)?);
    }
    let path = document::write(&work, options, &command(), &measured)?;
    for claim in &measured {
        for test in &claim.tests {
            say(format_args!(
                "{}: {}: {}: {}",
                claim.number, test.what, test.measured, test.verdict
            ))?;
        }
    }
    say(path)
}

/// The command that makes the same numbers.
fn command() -> String {
    let features = if cfg!(feature = "gpu") {
        "train,evaluate"
    } else {
        "evaluate"
    };
    let mut command = format!("cargo run --release --example paper --features {features}");
    for (at, word) in std::env::args().skip(1).enumerate() {
        command += if at == 0 { " -- " } else { " " };
        let is_plain = word
            .chars()
            .all(|c| c.is_alphanumeric() || "-_./,=".contains(c));
        command += &if is_plain {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        };
    }
    command
}
