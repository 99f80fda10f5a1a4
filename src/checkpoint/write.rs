//! The writing of weights to a file.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::content::Content;
use super::description::Description;
use super::error::CheckpointError;
use super::format::Dtype;
use super::header::{Header, TensorInfo};
use super::read::Checkpoint;
use super::values::{Refused, write};
use crate::memory::{extend, zeros};
use crate::part::part_mut;
use crate::unet::{Graph, Param, Weights};

/// Writes weights and their description to a whole file in memory.
///
/// # Errors
/// What is wrong with the description; [`CheckpointError::WeightsLength`];
/// [`CheckpointError::NotFinite`], [`CheckpointError::BeyondF16`]; [`CheckpointError::Memory`].
pub fn to_bytes(
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
) -> Result<Vec<u8>, CheckpointError> {
    let mut bytes: Vec<u8> = Vec::new();
    write_to(description, weights, dtype, |piece| {
        Ok(extend(&mut bytes, piece)?)
    })?;
    Ok(bytes)
}

impl Checkpoint {
    /// Writes the checkpoint to a whole file in memory.
    ///
    /// # Errors
    /// Those of [`to_bytes`].
    pub fn to_bytes(&self, dtype: Dtype) -> Result<Vec<u8>, CheckpointError> {
        to_bytes(self.description(), self.weights(), dtype)
    }

    /// Writes the weights alone, as a program of the network reads them: each parameter at its offset, the low byte of each
    /// number first.
    ///
    /// # Errors
    /// [`CheckpointError::NotFinite`], [`CheckpointError::BeyondF16`]; [`CheckpointError::Memory`].
    pub fn weight_bytes(&self, dtype: Dtype) -> Result<Vec<u8>, CheckpointError> {
        let weights = self.weights();
        let mut bytes = zeros(weights.len().saturating_mul(dtype.bytes()))?;
        for param in self.graph().params() {
            let mut place = param.offset * dtype.bytes();
            write_param(weights, param, dtype, &mut |piece: &[u8]| {
                part_mut(&mut bytes, place, piece.len()).copy_from_slice(piece);
                place += piece.len();
                Ok(())
            })?;
        }
        Ok(bytes)
    }
}

/// Hands a file to `sink`, piece by piece, from its first byte to its last.
pub(super) fn write_to(
    description: &Description,
    weights: Weights<'_>,
    dtype: Dtype,
    sink: impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let graph = description.graph(1)?;
    write_graph(&graph, description.to_metadata()?, weights, dtype, sink)
}

/// The same, of the parameters of a graph, whatever the file says of itself.
pub(super) fn write_graph(
    graph: &Graph,
    metadata: BTreeMap<String, String>,
    weights: Weights<'_>,
    dtype: Dtype,
    mut sink: impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let (len, expected) = (weights.len(), graph.weights_len());
    if len != expected {
        return Err(CheckpointError::WeightsLength { len, expected });
    }
    let mut end = 0;
    let tensors = graph.params().iter().map(|param| {
        let start = end;
        end += (param.elements() * dtype.bytes()) as u64;
        TensorInfo {
            name: param.name.clone(),
            dtype: dtype.into(),
            shape: param.shape.iter().map(|&extent| extent as u64).collect(),
            range: (start, end),
        }
    });
    let header = Header {
        tensors: tensors.collect(),
        metadata,
        unsaid: Content::Weights,
    };
    sink(&header.to_bytes()?)?;
    for param in graph.params() {
        write_param(weights, param, dtype, &mut sink)?;
    }
    Ok(())
}

/// Hands a parameter's numbers to `sink`, piece by piece.
fn write_param(
    weights: Weights<'_>,
    param: &Param,
    dtype: Dtype,
    sink: &mut impl FnMut(&[u8]) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let range = param.offset..param.offset + param.elements();
    let piece = |bytes: &[u8]| sink(bytes).map_err(Stopped::Sink);
    write(weights, range, dtype, piece).map_err(|stopped| match stopped {
        Stopped::Refused(refused) => refused.in_tensor(&param.name, 0),
        Stopped::Sink(error) => error,
    })
}

/// Why writing a tensor ended early.
pub(super) enum Stopped {
    /// By a number.
    Refused(Refused),
    /// By where it was written to.
    Sink(CheckpointError),
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
