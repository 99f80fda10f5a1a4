//! The beginning of a new run: its graph, and the weights that it begins with.

use std::vec::Vec;

use super::check::check_low_res;
use super::config::TrainConfig;
use super::error::TrainError;
use super::grad::training_graph;
use crate::checkpoint::Description;
use crate::memory::zeros;
use crate::part::part_mut;
use crate::unet::{Graph, Init};

/// Builds the graph that a run of these options trains, for its microbatch.
///
/// # Errors
/// [`TrainError::Option`], [`TrainError::LowRes`], [`TrainError::Checkpoint`], [`TrainError::Config`],
/// [`TrainError::Grad`].
pub fn graph_of(description: &Description, config: &TrainConfig) -> Result<Graph, TrainError> {
    config.validate()?;
    check_low_res(description)?;
    // Whether the description agrees with itself.
    description.graph(1)?;
    let (unet, size) = (&description.unet, description.size);
    let network = unet.graph_with_dropout(config.microbatch, size, config.dropout)?;
    Ok(training_graph(&network, config.recompute)?)
}

/// Draws the weights that a run begins with from a seed, as each parameter's [`Init`] says; what is N(0, 1)
/// or uniform follows from the parameter's place among all.
///
/// ```
/// use iddpm::train::initial_weights;
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// assert_eq!(initial_weights(&graph, 7)?.len(), graph.weights_len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`TrainError::Memory`].
pub fn initial_weights(graph: &Graph, seed: u64) -> Result<Vec<f32>, TrainError> {
    let mut weights = zeros(graph.weights_len())?;
    for (at, param) in graph.params().iter().enumerate() {
        let place = part_mut(&mut weights, param.offset, param.elements());
        let stream = crate::diffusion::Noise::new(seed).stream(at as u64, u32::MAX - 1);
        match param.init {
            Init::Zero => {}
            Init::One => place.fill(1.0),
            Init::Normal => stream.fill_normals(0, place),
            Init::Uniform { fan_in } => {
                stream.fill_uniforms(0, place);
                let bound = 1.0 / (fan_in as f32).sqrt();
                for weight in place {
                    *weight = bound * (2.0 * *weight - 1.0);
                }
            }
        }
    }
    Ok(weights)
}
