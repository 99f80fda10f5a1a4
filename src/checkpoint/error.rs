//! The errors of a checkpoint: why it was not read or not written.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::content::Content;
use super::foreign::Foreign;
use super::format::TensorType;
use super::mismatch::Mismatch;
use super::published::{FLAGS, Preset};
use super::shown::{Shown, shape_words};
use super::torch::TorchError;
use crate::diffusion::Error as DiffusionError;
use crate::memory::MemoryError;
use crate::text::Number;
use crate::unet::ConfigError;

/// Why a checkpoint was not read or not written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Something is wrong with the file that is named here.
    InFile {
        /// The path of the file.
        path: String,
        /// The error that occurred with the file.
        error: Box<CheckpointError>,
    },
    /// A file of another format.
    Foreign {
        /// The kind of file that it is.
        kind: Foreign,
    },
    /// A file of PyTorch that is not read.
    Torch {
        /// Why it is not.
        error: TorchError,
    },
    /// A folder where a file is due.
    Folder {
        /// The names of the networks in it, or in its newest state; not all of many.
        networks: Vec<String>,
    },
    /// A run whose newest state is not there.
    Latest {
        /// The state that its file `latest` names.
        names: String,
    },
    /// A file of numbers that are not what is asked for, such as an optimiser's moments for a network.
    OtherContent {
        /// The content that was found.
        found: Content,
        /// The content that is asked for.
        expected: Content,
        /// The names of the networks in the same folder; not all of many.
        beside: Vec<String>,
    },
    /// A header that is longer than the format allows, by the first 8 bytes of the file.
    HeaderTooLong {
        /// The length of the header in bytes.
        bytes: u64,
        /// The greatest length that the format allows.
        max: u64,
    },
    /// A header that is not the JSON that it must be.
    Header {
        /// The reason: what is wrong, and where.
        reason: String,
    },
    /// The file ends before what its header announces.
    Truncated {
        /// The number of bytes that the header announces.
        expected: u64,
        /// The number of bytes there are.
        found: u64,
        /// The first tensor that is not whole, where the header itself is.
        tensor: Option<String>,
    },
    /// The file goes on behind what its header announces.
    TrailingBytes {
        /// The number of bytes that the header announces.
        expected: u64,
        /// The number of bytes there are.
        found: u64,
    },
    /// Two tensors have the same name.
    DuplicateTensor {
        /// The name of both tensors.
        name: String,
    },
    /// One key of the metadata has two values.
    DuplicateMetadata {
        /// The key that is there twice.
        key: String,
    },
    /// A tensor whose place in the file is not as long as its shape and type need.
    TensorLength {
        /// The name of the tensor.
        name: String,
        /// The shape of the tensor.
        shape: Vec<u64>,
        /// The type of the tensor's numbers.
        dtype: TensorType,
        /// The tensor's first byte, behind the header, and one past its last.
        range: (u64, u64),
    },
    /// Two tensors that share bytes.
    Overlap {
        /// The name of a tensor.
        name: String,
        /// The tensor's first byte, behind the header, and one past its last.
        range: (u64, u64),
        /// The name of the tensor that comes before in the file.
        previous: String,
        /// The first byte of the tensor that comes before, and one past its last.
        previous_range: (u64, u64),
    },
    /// Bytes before a tensor that belong to none.
    Gap {
        /// The name of the tensor.
        name: String,
        /// The tensor's first byte, behind the header.
        start: u64,
        /// The byte at which the tensor that comes before ends.
        expected: u64,
    },
    /// A file of tensors alone, which does not say what they are.
    Bare,
    /// A file without a tensor.
    NoTensors,
    /// The metadata lacks a key.
    MissingMetadata {
        /// The key that is missing.
        key: &'static str,
    },
    /// A key under `iddpm.` that this version does not know.
    UnknownMetadata {
        /// The key that is not known.
        key: String,
    },
    /// A value of the metadata that cannot be read: not JSON, a field missing, unknown, out of range.
    Metadata {
        /// The key of the value.
        key: &'static str,
        /// The reason: what is wrong, and where.
        reason: String,
    },
    /// A format of the metadata that this version does not know.
    Version {
        /// The version of the format found.
        version: u64,
        /// The newest version of the format that is known.
        supported: u64,
    },
    /// The network's options, which do not make a network.
    Config(ConfigError),
    /// The diffusion process, which is not valid.
    Diffusion(DiffusionError),
    /// The network's output does not go with its diffusion: a channel for each of the image's, and
    /// another where the variance is learned.
    OutChannels {
        /// The number of channels the network's output has.
        found: usize,
        /// The number of channels the diffusion needs.
        expected: usize,
    },
    /// A super-resolution network without the size of its low-resolution image, or such a size for
    /// another network.
    LowRes {
        /// Whether the network takes a low-resolution image.
        needed: bool,
    },
    /// A list of class names that has not one for each class.
    ClassNames {
        /// The number of names.
        found: usize,
        /// The number of classes; 0 where the network knows none.
        expected: usize,
    },
    /// The rate of a moving average is not within [0, 1].
    EmaRate {
        /// The rate that was found.
        rate: f64,
    },
    /// A schedule that is a table does not travel in metadata.
    ScheduleIsTable,
    /// Tensors that are not those of the network.
    Tensors(Box<Mismatch>),
    /// A file that holds the network more than once, under several prefixes.
    SeveralNetworks {
        /// The prefixes that the names begin with; empty for nothing.
        prefixes: Vec<String>,
    },
    /// A number that is infinite or NaN.
    NotFinite {
        /// The name of the tensor.
        name: String,
        /// The place of the first such number, counted row by row.
        index: usize,
        /// The number that was found.
        value: f32,
    },
    /// A number beyond ±65504, asked for as f16.
    BeyondF16 {
        /// The name of the tensor.
        name: String,
        /// The place of the first such number, counted row by row.
        index: usize,
        /// The number that was found.
        value: f32,
    },
    /// Weights of another length than the network's.
    WeightsLength {
        /// The number of elements given.
        len: usize,
        /// The number of elements the network has, gaps of alignment included.
        expected: usize,
    },
    /// The weights do not fit into memory.
    Memory(MemoryError),
    /// No published model has this name.
    UnknownPreset {
        /// The name that was given.
        name: String,
    },
    /// A flag of the public implementation's command line that is not known.
    UnknownFlag {
        /// The flag that was given.
        flag: String,
    },
    /// A flag with a value that it does not take.
    FlagValue {
        /// The name of the flag.
        flag: String,
        /// The value that was given.
        value: String,
        /// The values that the flag takes.
        takes: &'static str,
    },
    /// The system refused to read or write.
    Io {
        /// The action that was refused, such as "reading".
        action: &'static str,
        /// The path of the file or folder.
        path: String,
        /// The system's reason.
        reason: String,
    },
}

impl CheckpointError {
    /// Names the file that the error is about, unless it names one already.
    #[must_use]
    pub fn in_file(self, path: impl fmt::Display) -> Self {
        match self {
            Self::InFile { .. } | Self::Io { .. } => self,
            error => Self::InFile {
                path: path.to_string(),
                error: error.into(),
            },
        }
    }
}

impl core::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::InFile { error, .. } => Some(error),
            Self::Config(error) => Some(error),
            Self::Diffusion(error) => Some(error),
            Self::Memory(error) => Some(error),
            Self::Torch { error } => Some(error),
            _ => None,
        }
    }
}

impl From<ConfigError> for CheckpointError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<TorchError> for CheckpointError {
    fn from(error: TorchError) -> Self {
        Self::Torch { error }
    }
}

impl From<MemoryError> for CheckpointError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
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
            Self::InFile { path, error } => write!(f, "{path}: {error}"),
            Self::Foreign { kind } => kind.fmt(f),
            Self::Torch { error } => error.fmt(f),
            Self::Folder { networks } if networks.is_empty() => f.write_str(
                "is a folder without a network, not a checkpoint: neither a run, nor one of its \
                 states, nor a folder of safetensors",
            ),
            Self::Folder { networks } => write!(
                f,
                "is a folder, not a checkpoint; the networks in it: {}",
                networks.join(", ")
            ),
            Self::Latest { names } => write!(
                f,
                "the file `latest` of this run names {}, and there is no such state: give one that \
                 is there",
                Shown(names)
            ),
            Self::OtherContent {
                found,
                expected,
                beside,
            } => {
                write!(f, "holds {found}, not {expected}")?;
                match beside.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; the networks beside it: {}", beside.join(", ")),
                }
            }
            Self::HeaderTooLong { bytes, max } => write!(
                f,
                "is no safetensors file, nor of another format that is known: its first 8 bytes, as \
                 the length of a header, give {bytes} bytes; at most {max} are allowed"
            ),
            Self::Header { reason } => write!(
                f,
                "is no safetensors file: what should be its header: {}",
                Shown(reason)
            ),
            Self::Truncated {
                expected,
                found,
                tensor,
            } => {
                write!(f, "is cut short: {found} bytes of {expected}")?;
                if let Some(tensor) = tensor {
                    write!(f, ", which end before {} does", Shown(tensor))?;
                }
                f.write_str("; copy or download it again")
            }
            Self::TrailingBytes { expected, found } => write!(
                f,
                "has {found} bytes, of which its header accounts for {expected}: something was \
                 added to it, or its header is of another file"
            ),
            Self::DuplicateTensor { name } => write!(f, "two tensors are named {}", Shown(name)),
            Self::DuplicateMetadata { key } => {
                write!(f, "metadata: {} is there twice", Shown(key))
            }
            Self::TensorLength {
                name,
                shape,
                dtype,
                range: (start, end),
            } => write!(
                f,
                "tensor {} of type {} and shape {} is said to take bytes {start}..{end}, which it \
                 does not",
                Shown(name),
                Shown(dtype.name()),
                shape_words(shape)
            ),
            Self::Overlap {
                name,
                range: (start, end),
                previous,
                previous_range: (previous_start, previous_end),
            } => write!(
                f,
                "tensor {} at bytes {start}..{end} overlaps tensor {} at \
                 {previous_start}..{previous_end}",
                Shown(name),
                Shown(previous)
            ),
            Self::Gap {
                name,
                start,
                expected,
            } => write!(
                f,
                "tensor {} begins at byte {start}, but what is before it ends at {expected}",
                Shown(name)
            ),
            Self::NoTensors => f.write_str("holds no tensors"),
            Self::Bare => f.write_str(
                "holds tensors and does not say of which network: `convert` makes a checkpoint of \
                 it, once told (--preset, --flags, or an option for each part)",
            ),
            Self::MissingMetadata { key } => {
                write!(f, "metadata: {key} is missing; ")?;
                f.write_str("`convert` with --preset or --flags writes all of it anew")
            }
            Self::UnknownMetadata { key } => write!(
                f,
                "metadata: {} is not known to this version; a newer one may read it",
                Shown(key)
            ),
            Self::Metadata { key, reason } => write!(f, "metadata: {key}: {}", Shown(reason)),
            Self::Version { version, supported } => write!(
                f,
                "metadata of format {version}, and the newest that is read is {supported}; a newer \
                 version of this crate may read it"
            ),
            Self::Config(error) => write!(f, "the network: {error}"),
            Self::Diffusion(error) => write!(f, "the diffusion: {error}"),
            Self::OutChannels { found, expected } => write!(
                f,
                "a network of {found} output channels, but its diffusion needs {expected}: as many \
                 as an image has, twice as many where the variance is learned"
            ),
            Self::LowRes { needed: true } => {
                f.write_str("a super-resolution network needs the size of its low-resolution image")
            }
            Self::LowRes { needed: false } => f.write_str(
                "the size of a low-resolution image for a network that does not take one",
            ),
            Self::ClassNames { found, expected } => write!(
                f,
                "{found} names of classes for {expected} classes: each has one, or none has"
            ),
            Self::EmaRate { rate } => write!(
                f,
                "the rate {} of a moving average is not within 0 to 1, as 0.9999 is",
                Number(*rate)
            ),
            Self::ScheduleIsTable => f.write_str(
                "a schedule that is a table does not travel in a checkpoint: linear, cosine and \
                 sigmoid do",
            ),
            Self::Tensors(mismatch) => mismatch.fmt(f),
            Self::SeveralNetworks { prefixes } => {
                write!(f, "holds the network {} times, its names ", prefixes.len())?;
                for (at, prefix) in prefixes.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { " and " })?;
                    match prefix.as_str() {
                        "" => f.write_str("as they are")?,
                        prefix => write!(f, "behind `{}`", Shown(prefix))?,
                    }
                }
                f.write_str(": `convert --prefix` with one of these takes that one out")
            }
            Self::NotFinite { name, index, value } => write!(
                f,
                "tensor {} is {} at index {index}: no network runs with that",
                Shown(name),
                Number(*value)
            ),
            Self::BeyondF16 { name, index, value } => write!(
                f,
                "tensor {} is {} at index {index}, beyond the ±65504 of f16: f32 holds it",
                Shown(name),
                Number(*value)
            ),
            Self::WeightsLength { len, expected } => {
                write!(f, "{len} weights for a network of {expected}")
            }
            Self::Memory(error) => error.fmt(f),
            Self::UnknownPreset { name } => {
                write!(f, "no published model is named {name:?}; known are ")?;
                list(f, Preset::ALL.into_iter().map(Preset::name))
            }
            Self::UnknownFlag { flag } => {
                let flag = flag.as_str();
                write!(
                    f,
                    "{flag:?} is no flag of model or diffusion; behind two dashes, those are "
                )?;
                list(f, FLAGS.into_iter())
            }
            Self::FlagValue { flag, value, takes } if value.is_empty() => {
                write!(f, "the flag --{flag} has no value; it takes {takes}")
            }
            Self::FlagValue { flag, value, takes } => {
                write!(
                    f,
                    "the flag --{flag} does not take {value:?}; it takes {takes}"
                )
            }
            Self::Io {
                action,
                path,
                reason,
            } => write!(f, "{action} {path}: {reason}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: impl Iterator<Item = &'static str>) -> fmt::Result {
    for (at, name) in names.enumerate() {
        let before = if at == 0 { "" } else { ", " };
        write!(f, "{before}{name}")?;
    }
    Ok(())
}
