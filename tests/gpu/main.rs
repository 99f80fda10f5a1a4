//! The network and the sampling loop on a GPU: every operation, whole networks, whole runs.
//!
//! A machine without any adapter fails these tests; a software one (lavapipe) is enough.

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
mod golden_network;
#[path = "../golden_support/report.rs"]
#[allow(dead_code)]
mod report;

#[path = "../support/held.rs"]
mod held;

mod agreement;
mod failures;
mod formulas;
mod generation;
mod host;
mod limits;
mod maker;
mod networks;
mod operations;
mod polled;
mod precision;
mod steps;
mod textures;
mod ways;

use std::sync::OnceLock;

use iddpm::gpu::Gpu;

/// One device for all tests: kernels are compiled once.
fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let gpu = Gpu::create_blocking().unwrap_or_else(|error| panic!("{error}"));
        let info = gpu.device().adapter_info();
        println!(
            "adapter: {} ({:?}, {})",
            info.name, info.backend, info.driver_info
        );
        gpu
    })
}
