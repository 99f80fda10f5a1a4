//! Prints a strided schedule as a Rust `const` table, to be kept in flash.
//!
//! `cargo run --example flash_table -- --schedule cosine --timesteps 4000 --steps 10 > table.rs`

#[path = "support/program.rs"]
mod program;
#[path = "support/whole.rs"]
mod whole;

use std::process::ExitCode;

use clap::Parser;
use iddpm::diffusion::Error;
use iddpm::diffusion::{Diffusion, InlineProcess, Level, Schedule, Timesteps};
use program::{Failure, say};
use whole::whole;

/// Levels of a table.
const MOST: usize = 4000;

#[derive(Parser)]
#[command(about = "Prints a strided schedule as a Rust const table")]
struct Options {
    /// linear, cosine, sigmoid, or sigmoid:START,END,TAU.
    #[arg(long, default_value = "cosine")]
    schedule: String,
    /// Steps of the diffusion, T: 2 to 1000000.
    #[arg(long, default_value_t = 4000, value_parser = whole::<u32>(2..=1_000_000))]
    timesteps: u32,
    /// Which of them are kept, at most 4000: 50; 10,15,20 of each third; ddim25; leading20;
    /// trailing20; linspace20; quadratic20; early20; all.
    #[arg(long, default_value = "10")]
    steps: String,
}

fn main() -> ExitCode {
    program::run(print_table)
}

fn print_table(options: &Options) -> Result<(), Failure> {
    let Options {
        schedule,
        timesteps,
        steps,
    } = options;
    let kind = schedule.parse::<Schedule<'_>>();
    let kind = kind.map_err(|error| format!("--schedule {schedule}: {error}"))?;
    let model = Diffusion::new(kind, *timesteps);
    let process = Timesteps::parse(steps)
        .and_then(|kept| InlineProcess::<MOST>::new(&model, kept))
        .map_err(|error| match error {
            Error::Capacity { .. } => format!("--steps {steps}: a table has at most {MOST} levels"),
            error => format!("--timesteps {timesteps}, --steps {steps}: {error}"),
        })?;
    say(format_args!(
        "// {schedule} schedule, T = {timesteps}, steps \"{steps}\"; made by `flash_table`.
// Use it with `Process::from_table(&model, &STEPS)`.
use iddpm::diffusion::Level;

/// The levels that are kept, the least noisy first.
pub const STEPS: [Level; {}] = [
{}];",
        process.len(),
        process.levels().iter().map(row).collect::<String>()
    ))
}

fn row(level: &Level) -> String {
    let Level {
        timestep,
        beta,
        alpha_bar,
    } = level;
    // Debug formatting prints the shortest decimal that reads back as the same f64.
    format!(
        "    Level {{
        timestep: {timestep},
        beta: {beta:?},
        alpha_bar: {alpha_bar:?},
    }},
"
    )
}
