//! The reading of a file's weights into one buffer.

use alloc::string::String;
use alloc::vec::Vec;

use super::content::Content;
use super::description::Description;
use super::error::CheckpointError;
use super::format::Dtype;
use super::header::{Header, TensorInfo};
use super::in_memory::opened;
use super::source::Source;
use super::tensors::{Matched, Place, match_up};
use super::values::{Refused, f32_of, read_f16, read_f32};
use crate::memory::{MemoryError, zeros};
use crate::part::part_mut;
use crate::unet::{Graph, Weights};

/// Bytes read at once.
const PIECE: usize = 1 << 16;

/// The precision in which weights are held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WeightType {
    /// Weights as the file has them: f16 where every tensor of the file is f16, else f32.
    #[default]
    AsStored,
    /// Weights in f32: what is stored in 16 bits is widened, exactly.
    F32,
    /// Weights in f16, as bits: what is stored otherwise is rounded to nearest, and refused beyond ±65504.
    F16,
}

/// The options of reading a file; by default it is read as what it says that it is.
///
/// ```
/// use iddpm::checkpoint::{Checkpoint, WeightType, ReadOptions};
/// let options = ReadOptions { precision: WeightType::F16, ..ReadOptions::default() };
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32.safetensors"
/// # )
/// );
/// let sprites = Checkpoint::from_bytes_with(file, options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions<'a> {
    /// The description of the tensors, for a file that does not say it, or is not believed.
    pub description: Option<Description>,
    /// The precision in which the weights are held.
    pub precision: WeightType,
    /// The content that the file must have; a file of anything else is refused.
    pub content: Content,
    /// The prefix of the network's tensors in the file, such as `ema_model.`: tensors without it, or of
    /// another network that is whole, are left out.
    ///
    /// `None` takes every tensor, with the one prefix behind which the network is, or without.
    pub prefix: Option<&'a str>,
}

impl ReadOptions<'_> {
    /// As a description says, whose content the file's must be.
    pub(super) fn of(description: Description, precision: WeightType) -> Self {
        Self {
            content: description.content,
            description: Some(description),
            precision,
            prefix: None,
        }
    }
}

/// A buffer that holds all weights of a network, each parameter in its place.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightBuffer {
    /// Weights in f32.
    F32(Vec<f32>),
    /// Weights in f16, as bits.
    F16(Vec<u16>),
}

impl WeightBuffer {
    /// Borrows the weights.
    pub fn as_weights(&self) -> Weights<'_> {
        match self {
            Self::F32(numbers) => Weights::F32(numbers),
            Self::F16(numbers) => Weights::F16(numbers),
        }
    }

    /// Returns the weights as f32: as they are, or widened, exactly.
    ///
    /// # Errors
    /// [`MemoryError`] where they are to be widened.
    pub fn into_f32(self) -> Result<Vec<f32>, MemoryError> {
        match self {
            Self::F32(numbers) => Ok(numbers),
            Self::F16(bits) => f32_of(&bits),
        }
    }

    pub(super) fn zeros(precision: WeightType, len: usize) -> Result<Self, CheckpointError> {
        Ok(match precision {
            WeightType::F16 => Self::F16(zeros(len)?),
            WeightType::F32 | WeightType::AsStored => Self::F32(zeros(len)?),
        })
    }

    /// Reads numbers of `dtype` to `at`.
    fn read(&mut self, at: usize, dtype: Dtype, bytes: &[u8]) -> Result<(), Refused> {
        let len = bytes.len() / dtype.bytes();
        match self {
            Self::F32(numbers) => read_f32(dtype, bytes, part_mut(numbers, at, len)),
            Self::F16(numbers) => read_f16(dtype, bytes, part_mut(numbers, at, len)),
        }
    }
}

/// A checkpoint: a network's weights, and the description of what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    description: Description,
    graph: Graph,
    weights: WeightBuffer,
    note: Option<String>,
}

impl Checkpoint {
    /// Reads a network's file that is in memory, such as one embedded by `include_bytes!` or a memory map.
    ///
    /// # Errors
    /// Whatever is wrong with the file; the error names the tensor and the numbers.
    /// [`CheckpointError::OtherContent`] for a file of what is no network's weights.
    pub fn from_bytes(bytes: &[u8], precision: WeightType) -> Result<Self, CheckpointError> {
        let options = ReadOptions {
            precision,
            ..ReadOptions::default()
        };
        Self::from_bytes_with(bytes, options)
    }

    /// Reads a file in memory as what the caller says that it is: one that does not say it itself, or is
    /// not believed.
    ///
    /// Its own metadata is not read, but for what its numbers are.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes), and what is wrong with the description.
    pub fn from_bytes_as(
        bytes: &[u8],
        description: Description,
        precision: WeightType,
    ) -> Result<Self, CheckpointError> {
        Self::from_bytes_with(bytes, ReadOptions::of(description, precision))
    }

    /// Reads a file in memory with options: one of moments, of several networks, and whatever else they
    /// say.
    ///
    /// # Errors
    /// Those of [`from_bytes_as`](Self::from_bytes_as).
    pub fn from_bytes_with(
        bytes: &[u8],
        options: ReadOptions<'_>,
    ) -> Result<Self, CheckpointError> {
        let (mut source, header) = opened(bytes)?;
        Self::read(header, &mut source, options)
    }

    /// Joins weights and their description.
    ///
    /// ```
    /// use iddpm::checkpoint::{WeightBuffer, Checkpoint, Description, Dtype, ImageSize, WeightType};
    /// use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
    /// use iddpm::unet::UnetConfig;
    ///
    /// let unet = UnetConfig::new(1, 32).with_learned_variance();
    /// let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    /// let card = ModelCard { diffusion, weights: WeightSet::Raw, step: 0 };
    /// let description = Description::new(unet, ImageSize::square(8), card);
    ///
    /// let weights = vec![0.5; description.graph(1)?.weights_len()];
    /// let checkpoint = Checkpoint::new(description, WeightBuffer::F32(weights))?;
    /// let file = checkpoint.to_bytes(Dtype::F16)?;
    /// let read = Checkpoint::from_bytes(&file, WeightType::F32)?;
    /// assert_eq!(read.description(), checkpoint.description());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CheckpointError::WeightsLength`], and what is wrong with the description.
    pub fn new(description: Description, weights: WeightBuffer) -> Result<Self, CheckpointError> {
        let graph = description.graph(1)?;
        let (len, expected) = (weights.as_weights().len(), graph.weights_len());
        if len != expected {
            return Err(CheckpointError::WeightsLength { len, expected });
        }
        Ok(Self {
            description,
            graph,
            weights,
            note: None,
        })
    }

    /// The description of the weights.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The network for one image; its parameters say where each is in the weights, for any batch.
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The weights as they are held.
    #[cfg(feature = "run")]
    pub(crate) const fn buffer(&self) -> &WeightBuffer {
        &self.weights
    }

    /// Borrows the weights.
    pub fn weights(&self) -> Weights<'_> {
        self.weights.as_weights()
    }

    /// A note what was done to the names of the file's tensors, such as a prefix taken off, in words that
    /// its user must see; `None` where they were the network's.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Takes the checkpoint apart into description, graph and weights.
    pub fn into_parts(self) -> (Description, Graph, WeightBuffer) {
        (self.description, self.graph, self.weights)
    }

    /// Reads what follows a header.
    pub(super) fn read(
        header: Header,
        source: &mut impl Source,
        options: ReadOptions<'_>,
    ) -> Result<Self, CheckpointError> {
        let (found, expected) = (header.content()?, options.content);
        if found != expected {
            let beside = Vec::new();
            return Err(CheckpointError::OtherContent {
                found,
                expected,
                beside,
            });
        }
        let mut description = match options.description {
            Some(description) => description,
            None => header.description()?,
        };
        description.content = found;
        let graph = description.graph(1)?;
        let matched = match_up(&header.tensors, graph.params(), options.prefix, |_| false)?;
        let precision = match options.precision {
            WeightType::AsStored if matched.is_f16() => WeightType::F16,
            asked => asked,
        };
        let weights = WeightBuffer::zeros(precision, graph.weights_len())?;
        Ok(Self {
            weights: read_tensors(&header.tensors, &matched, source, weights)?,
            description,
            graph,
            note: matched.note(),
        })
    }
}

/// Fills a buffer of weights from the tensors that follow a header, each of which has a place or none.
pub(super) fn read_tensors(
    tensors: &[TensorInfo],
    matched: &Matched,
    source: &mut impl Source,
    mut weights: WeightBuffer,
) -> Result<WeightBuffer, CheckpointError> {
    let mut piece = zeros(PIECE)?;
    for (tensor, place) in tensors.iter().zip(&matched.places) {
        match *place {
            None => source.skip(tensor.range.1 - tensor.range.0)?,
            Some(place) => read_tensor(source, tensor, place, &mut weights, &mut piece)?,
        }
    }
    Ok(weights)
}

fn read_tensor(
    source: &mut impl Source,
    tensor: &TensorInfo,
    place: Place,
    weights: &mut WeightBuffer,
    piece: &mut [u8],
) -> Result<(), CheckpointError> {
    let mut left = tensor.range.1 - tensor.range.0;
    let mut done = 0;
    while left > 0 {
        let take = left.min(piece.len() as u64);
        let bytes = part_mut(piece, 0, take as usize);
        source.fill(bytes)?;
        weights
            .read(place.offset + done, place.dtype, bytes)
            .map_err(|refused| refused.in_tensor(&tensor.name, done))?;
        done += bytes.len() / place.dtype.bytes();
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
