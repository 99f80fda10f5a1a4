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

/// The operations of networks and how graphs are recorded, as the tests of the GPU have them.
#[path = "../gpu"]
#[allow(dead_code)]
mod forward {
    use super::network as golden_network;

    pub(crate) mod formulas;
    pub(crate) mod maker;
    pub(crate) mod recorded;
    pub(crate) mod table;
}

mod adjoints;
mod cpu;
mod disk;
mod faults;
mod finite_differences;
mod generator;
mod golden;
mod gpu;
mod gpu_centred;
mod gpu_half;
mod gpu_operations;
mod gpu_recordings;
mod gpu_runs;
mod gpu_table;
mod one_error;
mod reference;
mod resample;
mod runs;
mod writers;
