//! Training: gradients against finite differences and the public implementation's, runs against
//! themselves.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod adjoints;
mod cpu;
mod finite_differences;
mod generator;
mod reference;
