//! What can go wrong while training.

use core::fmt;
use std::format;
use std::path::PathBuf;
use std::string::String;

use super::grad::GradError;
use crate::checkpoint::CheckpointError;
use crate::cpu::NetworkError;
use crate::data::DataError;
use crate::diffusion;
use crate::gpu::GpuError;
use crate::memory::MemoryError;
use crate::unet::{ConfigError, Extents};

/// Why a run did not begin, or did not go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// The network.
    Config(ConfigError),
    /// Its gradient.
    Grad(GradError),
    /// A run of it.
    Network(NetworkError),
    /// A run of it on a GPU.
    Gpu(GpuError),
    /// The diffusion, or its importance sampling.
    Diffusion(diffusion::Error),
    /// There is less memory than the run needs.
    Memory(MemoryError),
    /// A file of weights.
    Checkpoint(CheckpointError),
    /// A slice that is to hold all weights.
    Length {
        /// Its length.
        len: usize,
        /// The length due.
        expected: usize,
    },
    /// An average that the engine does not keep.
    NoSuchAverage {
        /// Which was asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// An option out of its range.
    Option {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// The data's images are not the network's.
    Extents {
        /// Of the data.
        found: Extents,
        /// Of the network.
        expected: Extents,
    },
    /// The data has another number of classes than the network.
    Classes {
        /// In the data; 0 where it has none.
        found: usize,
        /// In the network; 0 where it takes none.
        expected: usize,
    },
    /// A batch of more examples than there are.
    BatchTooLarge {
        /// The batch.
        batch: usize,
        /// Examples there are.
        examples: usize,
    },
    /// The data.
    Data(DataError),
    /// Not one of the examples could be read.
    AllSkipped {
        /// How many there are.
        examples: usize,
    },
    /// The thread that reads examples.
    Thread {
        /// What is wrong with it.
        message: String,
    },
    /// The loss or the gradient is not finite. The weights are those before the step.
    NotFinite {
        /// The step.
        step: u64,
    },
    /// A step after one that failed.
    Ended {
        /// Steps that were done.
        step: u64,
    },
    /// Where a run is said to be, it cannot be.
    Progress {
        /// What is wrong.
        what: &'static str,
    },
    /// A file of the run.
    File {
        /// Which.
        path: PathBuf,
        /// What was wrong.
        error: std::io::Error,
    },
    /// A file of the run is not what it should be.
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A run is to go on with another configuration than it was begun with.
    OtherConfiguration {
        /// The option.
        option: String,
        /// Its value in the run.
        begun: String,
        /// Its value now.
        now: String,
    },
}

impl core::error::Error for TrainError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Grad(error) => error.fmt(f),
            Self::Network(error) => error.fmt(f),
            Self::Gpu(error) => error.fmt(f),
            Self::Diffusion(error) => error.fmt(f),
            Self::Memory(error) => error.fmt(f),
            Self::Checkpoint(error) => error.fmt(f),
            Self::Length { len, expected } => {
                write!(f, "a slice of {len} numbers, all weights are {expected}")
            }
            Self::NoSuchAverage { index, count } => {
                write!(f, "average {index} was asked for, there are {count}")
            }
            Self::Option { name, value, must } => write!(f, "{name} = {value}, must be {must}"),
            Self::Extents { found, expected } => {
                let text = |extents: &Extents| {
                    let Extents {
                        channels,
                        height,
                        width,
                    } = extents;
                    format!("{channels}×{height}×{width}")
                };
                write!(
                    f,
                    "the data's images are {}, the network's {}",
                    text(found),
                    text(expected)
                )
            }
            Self::Classes { found, expected } => write!(
                f,
                "the data has {found} classes, the network was made for {expected}; two at least"
            ),
            Self::BatchTooLarge { batch, examples } => {
                write!(f, "a batch of {batch}, but there are {examples} examples")
            }
            Self::Data(error) => error.fmt(f),
            Self::AllSkipped { examples } => {
                write!(f, "none of the {examples} examples could be read")
            }
            Self::Thread { message } => write!(f, "the thread that reads examples: {message}"),
            Self::NotFinite { step } => {
                write!(f, "the loss or its gradient is not finite at step {step}")
            }
            Self::Ended { step } => {
                write!(f, "the run ended with an error after step {step}")
            }
            Self::Progress { what } => {
                write!(f, "the run cannot be where it is said to be: {what}")
            }
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Format { path, message } => write!(f, "{}: {message}", path.display()),
            Self::OtherConfiguration { option, begun, now } => write!(
                f,
                "the run was begun with {option} = {begun}, not {now}: it can only go on as it began"
            ),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),*) => {
        $(impl From<$error> for TrainError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from!(
    ConfigError => Config,
    GradError => Grad,
    NetworkError => Network,
    GpuError => Gpu,
    MemoryError => Memory,
    diffusion::Error => Diffusion,
    CheckpointError => Checkpoint,
    DataError => Data
);
