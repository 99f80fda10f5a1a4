//! Files of a network that is no model of diffusion: tensors alone, for the parameters of a graph.

use std::path::Path;
use std::vec::Vec;

use super::error::CheckpointError;
use super::opened::opened;
use super::read::{WeightBuffer, WeightType, read_tensors};
use super::tensors::match_up;
use crate::unet::Graph;

/// Reads the parameters of a graph in f32, each in its place, from a file that may have tensors beside them that are
/// `unused`, by their names.
///
/// # Errors
/// What is wrong with the file, which is named, or with its tensors.
pub(crate) fn open_graph(
    path: &Path,
    graph: &Graph,
    unused: impl Fn(&str) -> bool,
) -> Result<Vec<f32>, CheckpointError> {
    let read = || {
        let (mut file, header) = opened(path)?;
        let tensors = header.tensors();
        let matched = match_up(tensors, graph.params(), None, unused)?;
        let weights = WeightBuffer::zeros(WeightType::F32, graph.weights_len())?;
        Ok(read_tensors(tensors, &matched, &mut file, weights)?.into_f32()?)
    };
    read().map_err(|error: CheckpointError| error.in_file(path.display()))
}
