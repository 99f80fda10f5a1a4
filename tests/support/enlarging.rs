//! A network that enlarges.

use iddpm::checkpoint::{Checkpoint, Description, ImageSize, WeightBuffer};
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, Variance, WeightSet};
use iddpm::unet::UnetConfig;

/// A network that makes 8x8 of 4x4, of so many channels, whatever comes of it.
pub(crate) fn enlarging(channels: usize) -> Checkpoint {
    let unet = UnetConfig {
        super_resolution: true,
        ..UnetConfig::new(channels, 32).with_multipliers(&[1])
    };
    let size = ImageSize {
        height: 8,
        width: 8,
        low_res: Some((4, 4)),
    };
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Linear, 100).with_variance(Variance::FixedSmall),
        weights: WeightSet::Raw,
        step: 0,
    };
    let description = Description::new(unet, size, card);
    let len = description.graph(1).unwrap().weights_len();
    let weights = (0..len).map(|at| (at % 7) as f32 * 0.02 - 0.05).collect();
    Checkpoint::new(description, WeightBuffer::F32(weights)).unwrap()
}
