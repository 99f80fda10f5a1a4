//! What is needed is what is taken, and what is not there is refused.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod limited;
mod taken;

#[path = "../support/program.rs"]
mod program;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
use iddpm::unet::UnetConfig;

/// A network of one level and T = 100, for grey images of this side.
pub(crate) fn description(model_channels: usize, side: usize) -> Description {
    let config = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, model_channels)
    };
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 100)
            .with_variance(iddpm::diffusion::Variance::FixedSmall),
        weights: WeightSet::Raw,
        step: 0,
    };
    Description::new(config, ImageSize::square(side), card)
}
