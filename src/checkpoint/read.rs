//! From a file to one buffer of weights.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::description::Description;
use super::error::CheckpointError;
use super::header::{Dtype, Header, TensorInfo};
use super::values::{Refused, read_f16, read_f32};
use crate::unet::{Graph, Param, Weights};

/// Bytes read at once.
const PIECE: usize = 1 << 16;

/// Where a file's bytes come from, from its first to its last.
pub(super) trait Source {
    /// The next bytes, all of them.
    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError>;
}

impl Source for &[u8] {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        let Some((bytes, rest)) = self.split_at_checked(into.len()) else {
            return Err(CheckpointError::Truncated {
                expected: into.len() as u64,
                found: self.len() as u64,
                tensor: None,
            });
        };
        into.copy_from_slice(bytes);
        *self = rest;
        Ok(())
    }
}

/// How the weights are to be held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// f16 where every tensor of the file is f16, else f32.
    #[default]
    AsStored,
    /// f32: what is stored in 16 bits is widened, exactly.
    F32,
    /// The bits of f16: what is stored otherwise is rounded to nearest, and refused beyond ±65504.
    F16,
}

/// Weights of which each parameter has its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Buffer {
    /// f32.
    F32(Vec<f32>),
    /// The bits of f16.
    F16(Vec<u16>),
}

impl Buffer {
    /// The weights, borrowed.
    pub fn as_weights(&self) -> Weights<'_> {
        match self {
            Self::F32(numbers) => Weights::F32(numbers),
            Self::F16(numbers) => Weights::F16(numbers),
        }
    }

    fn zeros(precision: Precision, len: usize) -> Result<Self, CheckpointError> {
        Ok(match precision {
            Precision::F16 => Self::F16(zeros(len)?),
            Precision::F32 | Precision::AsStored => Self::F32(zeros(len)?),
        })
    }

    /// Reads numbers of `dtype` to `at`.
    fn read(&mut self, at: usize, dtype: Dtype, bytes: &[u8]) -> Result<(), Refused> {
        let range = at..at + bytes.len() / dtype.bytes();
        match self {
            Self::F32(numbers) => {
                read_f32(dtype, bytes, numbers.get_mut(range).unwrap_or_default())
            }
            Self::F16(numbers) => {
                read_f16(dtype, bytes, numbers.get_mut(range).unwrap_or_default())
            }
        }
    }
}

fn zeros<T: Clone + Default>(len: usize) -> Result<Vec<T>, CheckpointError> {
    let mut numbers = Vec::new();
    if numbers.try_reserve_exact(len).is_err() {
        let bytes = len as u64 * size_of::<T>() as u64;
        return Err(CheckpointError::Memory { bytes });
    }
    numbers.resize(len, T::default());
    Ok(numbers)
}

/// A network's weights, and what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    description: Description,
    graph: Graph,
    weights: Buffer,
}

impl Checkpoint {
    /// Reads a file that is in memory, such as one embedded by `include_bytes!` or a memory map.
    ///
    /// # Errors
    /// Whatever is wrong with the file; the error names the tensor and the numbers.
    pub fn from_bytes(bytes: &[u8], precision: Precision) -> Result<Self, CheckpointError> {
        Self::read(&mut &*bytes, bytes.len() as u64, None, precision)
    }

    /// Reads a file that does not say what its tensors are, or is not believed.
    ///
    /// Its own metadata is not read.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes), and what is wrong with the description.
    pub fn from_bytes_as(
        bytes: &[u8],
        description: Description,
        precision: Precision,
    ) -> Result<Self, CheckpointError> {
        let len = bytes.len() as u64;
        Self::read(&mut &*bytes, len, Some(description), precision)
    }

    /// Joins weights and what they are.
    ///
    /// # Errors
    /// [`CheckpointError::WeightsLength`], and what is wrong with the description.
    pub fn new(description: Description, weights: Buffer) -> Result<Self, CheckpointError> {
        let graph = description.graph(1)?;
        let (len, expected) = (weights.as_weights().len(), graph.weights_len());
        if len != expected {
            return Err(CheckpointError::WeightsLength { len, expected });
        }
        Ok(Self {
            description,
            graph,
            weights,
        })
    }

    /// What the weights are.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The network for one image; its parameters say where each is in the weights, for any batch.
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The weights.
    pub fn weights(&self) -> Weights<'_> {
        self.weights.as_weights()
    }

    /// Takes it apart.
    pub fn into_parts(self) -> (Description, Graph, Buffer) {
        (self.description, self.graph, self.weights)
    }

    pub(super) fn read(
        source: &mut impl Source,
        len: u64,
        description: Option<Description>,
        precision: Precision,
    ) -> Result<Self, CheckpointError> {
        let header = Header::read(source, len)?;
        let description = match description {
            Some(description) => description,
            None => Description::from_metadata(&header.metadata)?,
        };
        let graph = description.graph(1)?;
        let places = match_up(&header.tensors, graph.params())?;
        let all_f16 = header.tensors.iter().all(|t| t.dtype == Dtype::F16);
        let precision = match precision {
            Precision::AsStored if all_f16 => Precision::F16,
            asked => asked,
        };
        let mut weights = Buffer::zeros(precision, graph.weights_len())?;
        let mut piece = vec![0; PIECE];
        for (tensor, offset) in header.tensors.iter().zip(places) {
            read_tensor(source, tensor, offset, &mut weights, &mut piece)?;
        }
        Ok(Self {
            description,
            graph,
            weights,
        })
    }
}

/// The offset of each tensor in the weights: as many as the parameters, of the same names and shapes.
fn match_up(tensors: &[TensorInfo], params: &[Param]) -> Result<Vec<usize>, CheckpointError> {
    let stored: BTreeMap<&str, &TensorInfo> =
        tensors.iter().map(|t| (t.name.as_str(), t)).collect();
    for param in params {
        let Some(tensor) = stored.get(param.name.as_str()) else {
            return Err(CheckpointError::MissingTensor {
                name: param.name.clone(),
                shape: param.shape.clone(),
            });
        };
        let expected = param.shape.iter().map(|&extent| extent as u64);
        if !tensor.shape.iter().copied().eq(expected) {
            return Err(CheckpointError::TensorShape {
                name: param.name.clone(),
                found: tensor.shape.clone(),
                expected: param.shape.clone(),
            });
        }
    }
    let offsets: BTreeMap<&str, usize> =
        params.iter().map(|p| (p.name.as_str(), p.offset)).collect();
    tensors
        .iter()
        .map(|tensor| match offsets.get(tensor.name.as_str()) {
            Some(&offset) => Ok(offset),
            None => Err(CheckpointError::ExtraTensor {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
            }),
        })
        .collect()
}

fn read_tensor(
    source: &mut impl Source,
    tensor: &TensorInfo,
    offset: usize,
    weights: &mut Buffer,
    piece: &mut [u8],
) -> Result<(), CheckpointError> {
    let mut left = tensor.range.1 - tensor.range.0;
    let mut done = 0;
    while left > 0 {
        let take = left.min(piece.len() as u64);
        let bytes = piece.get_mut(..take as usize).unwrap_or_default();
        source.fill(bytes)?;
        weights
            .read(offset + done, tensor.dtype, bytes)
            .map_err(|refused| refused.in_tensor(&tensor.name, done))?;
        done += bytes.len() / tensor.dtype.bytes();
        left -= take;
    }
    Ok(())
}

impl Refused {
    /// The error, of a piece of a tensor that begins at `start`.
    pub(super) fn in_tensor(self, name: &str, start: usize) -> CheckpointError {
        let name = name.into();
        match self {
            Self::NotFinite { index, value } => CheckpointError::NotFinite {
                name,
                index: start + index,
                value,
            },
            Self::BeyondF16 { index, value } => CheckpointError::BeyondF16 {
                name,
                index: start + index,
                value,
            },
        }
    }
}
