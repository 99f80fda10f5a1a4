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

#[path = "../golden_support/applied.rs"]
#[allow(dead_code)]
mod applied;
#[path = "../golden_support/case.rs"]
#[allow(dead_code)]
mod case;
#[path = "../golden_support/generator.rs"]
mod generator;
#[path = "../golden_support/network.rs"]
mod golden_network;
#[path = "../golden_unet/runner.rs"]
#[allow(dead_code)]
mod golden_runner;
#[path = "../golden_support/model.rs"]
mod model;
#[path = "../golden_support/public.rs"]
#[allow(dead_code)]
mod public;
#[path = "../golden_support/report.rs"]
#[allow(dead_code)]
mod report;
#[path = "../golden_support/sampling_loop.rs"]
#[allow(dead_code)]
mod sampling_loop;
#[path = "../golden_support/track.rs"]
#[allow(dead_code)]
mod track;

#[path = "../support/held.rs"]
mod held;
#[path = "../cases/rounding.rs"]
#[allow(dead_code)]
mod rounding;

mod agreement;
mod ahead;
mod cache;
mod door;
mod failures;
mod frames;
mod free_runs;
mod generation;
mod golden_operations;
mod host;
mod limits;
mod networks;
mod normalised;
mod polled;
mod precision;
mod published;
mod recorded;
mod steered;
mod steered_agreement;
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
