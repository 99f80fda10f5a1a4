//! Networks of any kind, small, with weights as training begins, but none of them 0.

use std::path::PathBuf;

use iddpm::checkpoint::{Description, Dtype, ImageSize, save};
use iddpm::diffusion::{Diffusion, ModelCard, Noise, Schedule, Variance, WeightSet};
use iddpm::unet::{Init, UnetConfig, Weights};

use super::scratch::Scratch;

/// What is made.
#[derive(Clone, Copy)]
pub(crate) struct Kind<'a> {
    pub(crate) channels: usize,
    /// Rows and columns.
    pub(crate) sides: (usize, usize),
    pub(crate) low_res: Option<(usize, usize)>,
    pub(crate) classes: usize,
    /// What they are called.
    pub(crate) names: &'a [&'a str],
    /// Whether it is an average, and of which rate.
    pub(crate) average: Option<f64>,
}

impl Default for Kind<'_> {
    fn default() -> Self {
        Self {
            channels: 3,
            sides: (8, 8),
            low_res: None,
            classes: 0,
            names: &[],
            average: None,
        }
    }
}

/// Writes a checkpoint; its path.
pub(crate) fn network(scratch: &Scratch, name: &str, kind: Kind<'_>) -> PathBuf {
    let mut unet = UnetConfig {
        num_res_blocks: 1,
        super_resolution: kind.low_res.is_some(),
        ..UnetConfig::new(kind.channels, 32)
            .with_multipliers(&[1])
            .with_attention(&[])
    };
    if kind.classes > 0 {
        unet = unet.with_classes(kind.classes);
    }
    let (height, width) = kind.sides;
    let size = ImageSize {
        height,
        width,
        low_res: kind.low_res,
    };
    let diffusion = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall);
    let card = ModelCard {
        diffusion,
        weights: match kind.average {
            Some(rate) => WeightSet::Ema { rate },
            None => WeightSet::Raw,
        },
        step: 0,
    };
    let names = kind.names.iter().map(ToString::to_string);
    let description = Description {
        class_names: (!kind.names.is_empty()).then(|| names.collect()),
        ..Description::new(unet, size, card)
    };
    let path = scratch.join(name);
    // Another rate, other weights.
    let seed = kind.average.map_or(1, f64::to_bits);
    let weights = weights(&description, seed);
    save(&path, &description, Weights::F32(&weights), Dtype::F32).unwrap();
    path
}

fn weights(description: &Description, seed: u64) -> Vec<f32> {
    let graph = description.graph(1).unwrap();
    let mut weights = vec![0.0; graph.weights_len()];
    for (number, param) in (0..).zip(graph.params()) {
        let numbers = &mut weights[param.offset..][..param.elements()];
        Noise::new(seed).stream(number, 0).fill_normals(0, numbers);
        let scale = match param.init {
            Init::Uniform { fan_in } => (3.0 * fan_in as f32).sqrt().recip(),
            Init::Zero => 0.02,
            Init::One | Init::Normal => 1.0,
        };
        numbers.iter_mut().for_each(|number| *number *= scale);
    }
    weights
}
