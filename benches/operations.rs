//! Each operation of the table that the tests have: the fast loops beside the plain ones, on one thread.
//!
//! The plain loops say what is computed, one number after the other. A run of the fast ones turns its images
//! round before and behind, which a network does once for all its operations, and here each case does: so
//! operations that only move numbers are slower alone, and the shapes are small and odd.
//!
//! Measured (one core of an EPYC with AVX-512): 2 to 30 times as fast for what multiplies matrices, 30 to 130 for
//! gradients of weights; 1.2 to 1.7 for normalisation and small layers; 0.1 to 0.6 for what only moves numbers.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../tests/cases/mod.rs"]
#[allow(dead_code)]
mod cases;
#[path = "../tests/golden_support/generator.rs"]
mod generator;
#[path = "networks/timing.rs"]
#[allow(dead_code)]
mod timing;

use std::time::Duration;

use cases::processor::{fast, plain};
use cases::{Stands, table};
use clap::Parser;
use timing::time;

#[derive(Parser)]
struct Arguments {
    /// Only operations whose names begin so
    names: Vec<String>,
    /// Seconds for each way of each case
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// What cargo passes
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let budget = Duration::from_secs_f64(arguments.seconds.clamp(0.0, 1e6));
    println!("  plain us    fast us   ratio  case");
    for case in table(Stands::Alone) {
        let mut names = arguments.names.iter();
        if !arguments.names.is_empty() && !names.any(|name| case.name.starts_with(name.as_str())) {
            continue;
        }
        let micros = |run: &mut dyn FnMut() -> Vec<f32>| {
            let repeat = |runs| (0..runs).for_each(|_| drop(std::hint::black_box(run())));
            1e6 * time(budget, repeat).fastest
        };
        let (slow, quick) = (micros(&mut plain(&case)), micros(&mut fast(&case, 1)));
        let ratio = slow / quick;
        println!("{slow:>10.1} {quick:>10.1} {ratio:>7.2}  {}", case.name);
    }
}
