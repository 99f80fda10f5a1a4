//! Every operation, alone and within a network, at odd sizes: whatever runs operations against the plain
//! loops in f64.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../golden_support/generator.rs"]
mod generator;

mod compare;
mod device;
mod differences;
mod processor;
mod rows;
