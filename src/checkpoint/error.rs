//! What can be wrong with a checkpoint.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::header::Dtype;
use crate::diffusion::Error as DiffusionError;
use crate::unet::ConfigError;

/// Why a checkpoint was not read or not written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The first 8 bytes are the length of the header; this one is above what the format allows.
    HeaderTooLong {
        /// Its length.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// The header is not the JSON that it must be.
    Header {
        /// What is wrong, and where.
        reason: String,
    },
    /// The file ends before what its header announces.
    Truncated {
        /// Bytes announced.
        expected: u64,
        /// Bytes there are.
        found: u64,
        /// The first tensor that is not whole, where the header is.
        tensor: Option<String>,
    },
    /// The file goes on behind what its header announces.
    TrailingBytes {
        /// Bytes announced.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Two tensors of one name.
    DuplicateTensor {
        /// The name.
        name: String,
    },
    /// Two values for one key of the metadata.
    DuplicateMetadata {
        /// The key.
        key: String,
    },
    /// Numbers of a type that is not read.
    UnsupportedDtype {
        /// The tensor.
        name: String,
        /// The type, as the file calls it.
        dtype: String,
    },
    /// A tensor whose place in the file is not as long as its shape and type need.
    TensorLength {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<u64>,
        /// Its type.
        dtype: Dtype,
        /// Its first byte, behind the header, and one past its last.
        range: (u64, u64),
    },
    /// Two tensors that share bytes.
    Overlap {
        /// A tensor.
        name: String,
        /// Its first byte, behind the header, and one past its last.
        range: (u64, u64),
        /// The tensor before it.
        previous: String,
        /// Its range.
        previous_range: (u64, u64),
    },
    /// Bytes before a tensor that belong to none.
    Gap {
        /// The tensor.
        name: String,
        /// Its first byte, behind the header.
        start: u64,
        /// Where the tensor before it ends.
        expected: u64,
    },
    /// The metadata lacks a key: the file holds tensors, but does not say what they are.
    MissingMetadata {
        /// The key.
        key: &'static str,
    },
    /// A key under `iddpm.` that this version does not know.
    UnknownMetadata {
        /// The key.
        key: String,
    },
    /// A value of the metadata that cannot be read: not JSON, a field missing, unknown, out of range.
    Metadata {
        /// The key.
        key: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// A format of the metadata that this version does not know.
    Version {
        /// The format found.
        version: u64,
        /// The newest format known.
        supported: u64,
    },
    /// The network's options do not make a network.
    Config(ConfigError),
    /// The diffusion process is not one.
    Diffusion(DiffusionError),
    /// The network's output does not go with its diffusion: a channel for each of the image's, and
    /// another where the variance is learned.
    OutChannels {
        /// The network's.
        found: usize,
        /// As many as the diffusion needs.
        expected: usize,
    },
    /// A super-resolution network without the size of its low-resolution image, or such a size for
    /// another network.
    LowRes {
        /// Whether the network takes a low-resolution image.
        needed: bool,
    },
    /// Names of classes that are not one for each class.
    ClassNames {
        /// Names.
        found: usize,
        /// Classes; 0 where the network knows none.
        expected: usize,
    },
    /// The rate of a moving average is not within [0, 1].
    EmaRate {
        /// The rate.
        rate: f64,
    },
    /// A schedule that is a table does not travel in metadata.
    ScheduleIsTable,
    /// A parameter of the network that the file does not have.
    MissingTensor {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A tensor of the file that the network does not have.
    ExtraTensor {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<u64>,
    },
    /// A tensor of another shape than the network's.
    TensorShape {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<u64>,
        /// Its shape in the network.
        expected: Vec<usize>,
    },
    /// A number that is infinite or none.
    NotFinite {
        /// The tensor.
        name: String,
        /// The first such number, counted row by row.
        index: usize,
        /// The number.
        value: f32,
    },
    /// A number beyond ±65504, asked for as f16.
    BeyondF16 {
        /// The tensor.
        name: String,
        /// The first such number, counted row by row.
        index: usize,
        /// The number.
        value: f32,
    },
    /// Weights of another length than the network's.
    WeightsLength {
        /// Numbers given.
        len: usize,
        /// Numbers the network has, gaps of alignment included.
        expected: usize,
    },
    /// The weights do not fit into memory.
    Memory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// No published model has this name.
    UnknownPreset {
        /// The name.
        name: String,
    },
    /// A flag of the public implementation's command line that is not known.
    UnknownFlag {
        /// The flag.
        flag: String,
    },
    /// A flag with a value that it does not take.
    FlagValue {
        /// The flag.
        flag: String,
        /// The value.
        value: String,
    },
    /// The system refused to read or write.
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: String,
        /// The system's reason.
        reason: String,
    },
}

impl core::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Diffusion(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ConfigError> for CheckpointError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<DiffusionError> for CheckpointError {
    fn from(error: DiffusionError) -> Self {
        Self::Diffusion(error)
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderTooLong { bytes, max } => write!(
                f,
                "no safetensors file: a header of {bytes} bytes, at most {max} are allowed"
            ),
            Self::Header { reason } => write!(f, "no safetensors header: {reason}"),
            Self::Truncated {
                expected,
                found,
                tensor,
            } => {
                write!(f, "truncated: {found} bytes of {expected}")?;
                match tensor {
                    Some(tensor) => write!(f, ", which end before {tensor} does"),
                    None => Ok(()),
                }
            }
            Self::TrailingBytes { expected, found } => {
                write!(f, "{found} bytes, but the header accounts for {expected}")
            }
            Self::DuplicateTensor { name } => write!(f, "two tensors are named {name}"),
            Self::DuplicateMetadata { key } => write!(f, "metadata: {key} is there twice"),
            Self::UnsupportedDtype { name, dtype } => write!(
                f,
                "tensor {name} is of type {dtype}; F32, F16 and BF16 are read"
            ),
            Self::TensorLength {
                name,
                shape,
                dtype,
                range: (start, end),
            } => write!(
                f,
                "tensor {name} of type {dtype} and shape {shape:?} is said to take bytes \
                 {start}..{end}"
            ),
            Self::Overlap {
                name,
                range: (start, end),
                previous,
                previous_range: (previous_start, previous_end),
            } => write!(
                f,
                "tensor {name} at bytes {start}..{end} overlaps tensor {previous} at \
                 {previous_start}..{previous_end}"
            ),
            Self::Gap {
                name,
                start,
                expected,
            } => write!(
                f,
                "tensor {name} begins at byte {start}, but what is before it ends at {expected}"
            ),
            Self::MissingMetadata { key } => write!(
                f,
                "metadata: {key} is missing; the file does not say what its tensors are"
            ),
            Self::UnknownMetadata { key } => write!(f, "metadata: {key} is not known"),
            Self::Metadata { key, reason } => write!(f, "metadata: {key}: {reason}"),
            Self::Version { version, supported } => write!(
                f,
                "metadata of format {version}; this version reads up to {supported}"
            ),
            Self::Config(error) => write!(f, "the network: {error}"),
            Self::Diffusion(error) => write!(f, "the diffusion: {error}"),
            Self::OutChannels { found, expected } => write!(
                f,
                "a network of {found} output channels, but its diffusion needs {expected}"
            ),
            Self::LowRes { needed: true } => {
                f.write_str("a super-resolution network needs the size of its low-resolution image")
            }
            Self::LowRes { needed: false } => f.write_str(
                "the size of a low-resolution image for a network that does not take one",
            ),
            Self::ClassNames { found, expected } => {
                write!(f, "{found} names of classes for {expected} classes")
            }
            Self::EmaRate { rate } => {
                write!(
                    f,
                    "the rate {rate} of a moving average is not within [0, 1]"
                )
            }
            Self::ScheduleIsTable => {
                f.write_str("a schedule that is a table does not travel in a checkpoint")
            }
            Self::MissingTensor { name, shape } => {
                write!(f, "tensor {name} of shape {shape:?} is missing")
            }
            Self::ExtraTensor { name, shape } => write!(
                f,
                "tensor {name} of shape {shape:?} does not belong to the network"
            ),
            Self::TensorShape {
                name,
                found,
                expected,
            } => write!(
                f,
                "tensor {name} has shape {found:?}, the network needs {expected:?}"
            ),
            Self::NotFinite { name, index, value } => {
                write!(f, "tensor {name} is {value} at index {index}")
            }
            Self::BeyondF16 { name, index, value } => write!(
                f,
                "tensor {name} is {value} at index {index}, beyond what f16 holds"
            ),
            Self::WeightsLength { len, expected } => {
                write!(f, "{len} weights for a network of {expected}")
            }
            Self::Memory { bytes } => write!(f, "no memory for {bytes} bytes of weights"),
            Self::UnknownPreset { name } => {
                write!(f, "no published model is named {name:?}; known are")?;
                for (at, preset) in super::Preset::ALL.into_iter().enumerate() {
                    let before = if at == 0 { " " } else { ", " };
                    write!(f, "{before}{}", preset.name())?;
                }
                Ok(())
            }
            Self::UnknownFlag { flag } => write!(f, "no flag of model or diffusion: {flag}"),
            Self::FlagValue { flag, value } => {
                write!(f, "the flag {flag} does not take {value:?}")
            }
            Self::Io {
                action,
                path,
                reason,
            } => write!(f, "{action} {path}: {reason}"),
        }
    }
}
