//! Training: gradients against finite differences and the public implementation's, runs against
//! themselves.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../golden_support/case.rs"]
#[allow(dead_code)]
mod case;
#[path = "../golden_support/generator.rs"]
mod generator;
#[path = "../golden_support/network.rs"]
mod network;
#[path = "../golden_support/report.rs"]
#[allow(dead_code)]
mod report;

#[path = "../support/copy.rs"]
mod copy;
#[path = "../support/held.rs"]
mod held;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

#[path = "../cases/mod.rs"]
#[allow(dead_code)]
mod cases;
/// How graphs are recorded, as the tests of the GPU have it.
#[path = "../gpu/recorded.rs"]
mod recorded;

mod adjoints;
mod cpu;
mod disk;
mod distill;
mod drop_labels;
mod faults;
mod finite_differences;
mod given_gradient;
mod golden;
mod gpu;
mod gpu_half;
mod gpu_recordings;
mod gpu_runs;
mod gpu_sums;
mod noise_scale;
mod one_error;
mod rates;
mod resample;
mod runs;
mod writers;
