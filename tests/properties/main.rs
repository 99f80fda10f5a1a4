//! What holds for every input, on inputs drawn from a fixed seed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod alpha;
mod any_pixels;
mod drawn;
mod exponential;
mod names;
mod one_step;
#[cfg(feature = "alloc")]
mod owned;
mod pixels;
mod predictions;
mod resuming;
mod schedules;
mod spacings;

use proptest::test_runner::{Config, RngSeed};

/// `cases` inputs from a fixed seed; failures are printed, not stored.
fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_210_218),
        ..Config::default()
    }
}
