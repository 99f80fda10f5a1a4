//! Samples judged by numbers: distances against closed forms and other implementations, the classifier against what can
//! be known of it, and `examples/evaluate` as a program.

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
#[path = "../golden_support/generator.rs"]
mod generator;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod classifier;
mod example;
mod frechet;
mod guidance;
mod inception;
mod inception_program;
mod near;
mod sets;
