//! Checkpoints: what is written is read back, by this crate and by the `safetensors` crate; what is
//! not whole is refused by an error that names it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod digits;
mod disk;
mod edited;
mod foreign;
mod hostile;
mod later_options;
mod located;
mod moments;
mod numbers;
mod prefixes;
mod public_flags;
#[cfg(feature = "torch")]
mod torch;

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, Variance, WeightSet};
use iddpm::unet::UnetConfig;

/// A network as small as they get: some 100 thousand weights.
fn small() -> Description {
    let unet = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, 32)
    };
    let diffusion = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall);
    let card = ModelCard {
        diffusion,
        weights: WeightSet::Raw,
        step: 7,
    };
    Description::new(unet, ImageSize::square(8), card)
}

/// Weights for it, none like another nearby, all of them f16 numbers.
fn numbers(description: &Description) -> Vec<f32> {
    let len = description.graph(1).unwrap().weights_len();
    (0..len)
        .map(|at| (at % 2039) as f32 / 64.0 - 15.0)
        .collect()
}
