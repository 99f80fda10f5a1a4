//! The network on the processor: bad input, and what must not change a bit of the result.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bad_input;
mod bytes;
mod generation;
mod invariance;
mod plain;

use iddpm::cpu::{Inputs, Network, NetworkError, ProgramBuf, run};
use iddpm::diffusion::Noise;
use iddpm::unet::{Graph, ImageSize, Plan, UnetConfig, Weights};

pub(crate) fn normals(number: u64, len: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Noise::new(5).stream(number, 0).fill_normals(0, &mut values);
    values
}

/// A network with classes, low-resolution input and attention, and all it is given.
pub(crate) struct Subject {
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<f32>,
    pub(crate) x: Vec<f32>,
    pub(crate) timesteps: Vec<f32>,
    pub(crate) labels: Vec<u32>,
    pub(crate) low_res: Vec<f32>,
}

impl Subject {
    /// 8×16 images: tiles at the first level, the direct way at the second.
    pub(crate) fn new(batch: usize) -> Self {
        Self::of((32, 32), batch)
    }

    /// The same with so many channels in so many groups.
    pub(crate) fn of((channels, groups): (usize, usize), batch: usize) -> Self {
        let config = UnetConfig {
            num_res_blocks: 1,
            super_resolution: true,
            ..UnetConfig::new(3, channels)
                .with_norm_groups(groups)
                .with_multipliers(&[1, 2])
                .with_attention(&[1])
                .with_classes(10)
                .with_learned_variance()
        };
        let graph = config
            .graph(
                batch,
                ImageSize {
                    height: 8,
                    width: 16,
                    low_res: Some((5, 7)),
                },
            )
            .unwrap();
        let weights = normals(1, graph.weights_len());
        Self {
            weights: weights.iter().map(|weight| 0.05 * weight).collect(),
            graph,
            x: normals(2, batch * 3 * 8 * 16),
            timesteps: (0..batch).map(|n| 7.5 + 100.0 * n as f32).collect(),
            labels: (0..batch as u32).map(|n| 3 * n % 10).collect(),
            low_res: normals(3, batch * 3 * 5 * 7),
        }
    }

    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            x: &self.x,
            timesteps: &self.timesteps,
            labels: Some(&self.labels),
            low_res: Some(&self.low_res),
        }
    }

    pub(crate) fn program(&self) -> ProgramBuf {
        ProgramBuf::new(&self.graph, &Plan::single(&self.graph)).unwrap()
    }

    pub(crate) fn network(&self, threads: usize) -> Network {
        Network::with_threads(self.program(), Weights::F32(&self.weights), threads).unwrap()
    }

    pub(crate) fn plain(&self, inputs: &Inputs<'_>) -> Result<Vec<f32>, NetworkError> {
        let program = self.program();
        let view = program.view().unwrap();
        let mut workspace = vec![f32::NAN; view.workspace_len()];
        let mut output = vec![f32::NAN; view.output_len()];
        let weights = Weights::F32(&self.weights);
        run(&view, weights, inputs, &mut workspace, &mut output).map(|()| output)
    }

    pub(crate) fn fast(&self, threads: usize) -> Vec<f32> {
        forward(&mut self.network(threads), &self.inputs()).unwrap()
    }
}

pub(crate) fn forward(
    network: &mut Network,
    inputs: &Inputs<'_>,
) -> Result<Vec<f32>, NetworkError> {
    let mut output = vec![f32::NAN; network.program().unwrap().output_len()];
    network.forward(inputs, &mut output).map(|()| output)
}
