//! Files of a network that is no model of diffusion: tensors alone, for the parameters of a graph.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::string::String;
use std::vec::Vec;

use super::error::CheckpointError;
use super::file::io;
use super::format::Dtype;
use super::opened::opened;
use super::read::{WeightBuffer, WeightType, read_tensors};
use super::tensors::match_up;
use super::write::write_graph;
use crate::files::write_whole;
use crate::unet::{Graph, Weights};

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

/// Writes the parameters of a graph to a file in f32, whole or not at all, with what it says of itself.
///
/// # Errors
/// What is wrong with the weights; what the system says. The error names the file.
pub(crate) fn save_graph(
    path: &Path,
    graph: &Graph,
    metadata: BTreeMap<String, String>,
    weights: &[f32],
) -> Result<(), CheckpointError> {
    let written = write_whole(path, |file| {
        write_graph(
            graph,
            metadata,
            Weights::F32(weights),
            Dtype::F32,
            |piece| {
                file.write_all(piece)
                    .map_err(|error| io("writing", path, &error))
            },
        )
    });
    written.map_err(|error: CheckpointError| error.in_file(path.display()))
}
