//! The networks that are timed: which, with what weights and inputs, how long, and as which lines.

#![allow(dead_code, reason = "each benchmark uses a part")]

pub(crate) mod gemm_rate;
#[path = "../../tests/golden_support/generator.rs"]
pub(crate) mod generator;
pub(crate) mod line;
pub(crate) mod timing;

use std::path::PathBuf;

use iddpm::checkpoint::{Checkpoint, Preset, WeightType};
use iddpm::diffusion;
use iddpm::unet::{Graph, ImageSize, Param, UnetConfig};

use generator::generate;

/// What the benchmarks of the network are told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these cases, by the names that --list prints
    cases: Vec<String>,
    /// 32 channels and one image in place of the published models: for software devices
    #[arg(long)]
    small: bool,
    /// Print the names of the cases, and end
    #[arg(long)]
    pub(crate) list: bool,
    /// Append each measurement to this file, as a line of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// What cargo passes
    #[arg(long, hide = true)]
    bench: bool,
}

/// A published model at one size of batch.
pub(crate) struct Case {
    pub(crate) network: &'static str,
    pub(crate) config: UnetConfig,
    pub(crate) side: usize,
    pub(crate) batch: usize,
}

impl Options {
    /// The cases asked for, of those that there are at these sizes of batch.
    pub(crate) fn cases(&self, cifar10: &[usize], imagenet64: &[usize]) -> Vec<Case> {
        let models = [
            ("CIFAR-10", "CIFAR-10-small", Preset::Cifar10Uncond, cifar10),
            (
                "ImageNet-64",
                "ImageNet-64-small",
                Preset::ImageNet64Uncond,
                imagenet64,
            ),
        ];
        let mut cases = Vec::new();
        for (network, small, preset, batches) in models {
            let weights = diffusion::WeightSet::Raw;
            let description = preset.describe(weights, 0).unwrap();
            let case = |batch| Case {
                network,
                config: description.unet.clone(),
                side: description.size.height,
                batch,
            };
            if self.small {
                cases.push(Case {
                    network: small,
                    config: UnetConfig {
                        model_channels: 32,
                        ..description.unet.clone()
                    },
                    ..case(1)
                });
            } else {
                cases.extend(batches.iter().copied().map(case));
            }
        }
        for name in &self.cases {
            let names: Vec<_> = cases.iter().map(Case::name).collect();
            assert!(names.contains(name), "{name} is none of {names:?}");
        }
        cases.retain(|case| self.cases.is_empty() || self.cases.contains(&case.name()));
        cases
    }
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.network, self.batch)
    }

    pub(crate) fn graph(&self) -> Graph {
        let size = ImageSize::square(self.side);
        self.config.graph(self.batch, size).unwrap()
    }
}

/// Weights with which numbers stay of one size through all layers: Var[w] = 1/fan_in, norms near 1.
pub(crate) fn weights(graph: &Graph) -> Vec<f32> {
    let law = |param: &Param| match param.shape.get(1..) {
        Some([]) | None if param.name.ends_with("weight") => (1.0, 0.1),
        Some([]) | None => (0.0, 0.1),
        Some(rest) => (0.0, (3.0 / rest.iter().product::<usize>() as f64).sqrt()),
    };
    let mut weights = vec![0.0; graph.weights_len()];
    for param in graph.params() {
        let (center, scale) = law(param);
        let values = generate(0, &param.name, param.elements(), center, scale);
        weights[param.offset..][..values.len()].copy_from_slice(&values);
    }
    weights
}

/// x, [N, C, H, W] in ±1.
pub(crate) fn x(len: usize) -> Vec<f32> {
    generate(0, "x", len, 0.0, 1.0)
}

/// A timestep for each image.
pub(crate) fn timesteps(batch: usize) -> Vec<f32> {
    (0..batch).map(|n| (n * 389 % 1000) as f32).collect()
}

/// The shipped digits.
pub(crate) fn digits() -> Checkpoint {
    let bytes = include_bytes!("../../examples/assets/digits16.safetensors");
    Checkpoint::from_bytes(bytes, WeightType::F32).unwrap()
}
