//! Prints a strided schedule as a Rust `const` table, to be kept in flash.
//!
//! `cargo run --example flash_table -- --schedule cosine --timesteps 4000 --steps 10 > table.rs`

use std::process::ExitCode;

use clap::Parser;
use iddpm::diffusion::{Diffusion, InlineProcess, Level, Schedule, Timesteps};

#[derive(Parser)]
#[command(about = "Prints a strided schedule as a Rust const table")]
struct Options {
    /// linear, cosine or sigmoid.
    #[arg(long, default_value = "cosine")]
    schedule: String,
    /// T.
    #[arg(long, default_value_t = 4000)]
    timesteps: u32,
    /// Which of them are kept: 50, 10,15,20, ddim25, leading20, trailing20, linspace20,
    /// quadratic20, early20, all.
    #[arg(long, default_value = "10")]
    steps: String,
}

fn main() -> ExitCode {
    match print_table(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flash_table: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_table(options: &Options) -> Result<(), iddpm::Error> {
    let Options {
        schedule,
        timesteps,
        steps,
    } = options;
    let model = Diffusion::new(schedule.parse::<Schedule<'_>>()?, *timesteps);
    let process = InlineProcess::<4000>::new(&model, Timesteps::parse(steps)?)?;
    println!("// {schedule} schedule, T = {timesteps}, steps \"{steps}\"; made by `flash_table`.");
    println!("// Use it with `Process::from_table(&model, &STEPS)`.");
    println!("use iddpm::diffusion::Level;\n");
    println!("/// The levels that are kept, the least noisy first.");
    println!("pub const STEPS: [Level; {}] = [", process.len());
    for &Level {
        timestep,
        beta,
        alpha_bar,
    } in process.levels()
    {
        // Debug formatting prints the shortest decimal that reads back as the same f64.
        println!("    Level {{");
        println!("        timestep: {timestep},");
        println!("        beta: {beta:?},");
        println!("        alpha_bar: {alpha_bar:?},");
        println!("    }},");
    }
    println!("];");
    Ok(())
}
