//! The errors of training.

use core::fmt;
use std::format;
use std::path::PathBuf;
use std::string::String;

use super::device::DeviceError;
use super::grad::GradError;
use crate::checkpoint::CheckpointError;
use crate::cpu::NetworkError;
use crate::data::DataError;
use crate::diffusion;
use crate::files::FileError;
use crate::memory::MemoryError;
use crate::unet::{ConfigError, Extents};

/// Why a run did not begin, or did not go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrainError {
    /// The network's options are not those of a network.
    Config(ConfigError),
    /// The graph of the network has no gradient.
    Grad(GradError),
    /// A run of the network failed.
    Network(NetworkError),
    /// A run of the network on a GPU failed.
    Gpu(DeviceError),
    /// The diffusion was refused, or its importance sampling.
    Diffusion(diffusion::Error),
    /// There is less memory than the run needs.
    Memory(MemoryError),
    /// A file of weights was not read or not written.
    Checkpoint(CheckpointError),
    /// A slice that is to hold all weights has another length.
    Length {
        /// The length of the slice.
        len: usize,
        /// The length the slice must have.
        expected: usize,
    },
    /// A moving average was asked for that the engine does not keep.
    NoSuchAverage {
        /// The number of the average that was asked for, from 0.
        index: usize,
        /// The number of averages that are kept.
        count: usize,
    },
    /// An option out of its range.
    Option {
        /// The name of the option in [`TrainConfig`](super::TrainConfig): `adamw.beta1`.
        name: &'static str,
        /// The value of the option.
        value: String,
        /// The values that the option may have.
        must: &'static str,
    },
    /// A low-resolution image that is not smaller than the one that is made of it.
    LowRes {
        /// The height and width of the low-resolution image.
        low_res: (usize, usize),
        /// The height and width of the image.
        size: (usize, usize),
    },
    /// The data's images are not the network's.
    Extents {
        /// The extents of the data's images.
        found: Extents,
        /// The extents of the network's images.
        expected: Extents,
    },
    /// The data has another number of classes than the network.
    Classes {
        /// The number of classes in the data; 0 where it has none.
        found: usize,
        /// The number of classes of the network; 0 where it takes none.
        expected: usize,
    },
    /// A model that cannot teach: it predicts x_{t-1}, and so takes no steps but those of the T that it was trained on.
    NoTeacher,
    /// A student is to draw in as many steps as its teacher or more, of which it would learn nothing.
    NotFewer {
        /// The student's steps.
        steps: u32,
        /// The teacher's.
        teacher: usize,
    },
    /// A student is to be trained at a timestep that is none of its own.
    NoLesson {
        /// The timestep, as the network is told of it.
        timestep: f32,
    },
    /// A batch of more examples than there are.
    BatchTooLarge {
        /// The number of examples in a batch.
        batch: usize,
        /// The number of examples there are.
        examples: usize,
    },
    /// An image of the data is not as large as the data says.
    Example {
        /// The index of the image.
        index: usize,
        /// The number of its bytes.
        len: usize,
        /// The number of bytes due.
        expected: usize,
    },
    /// The data could not be read.
    Data(DataError),
    /// None of the examples could be read.
    AllSkipped {
        /// The number of examples there are.
        examples: usize,
        /// The reason why the first example could not be read.
        first: Option<DataError>,
    },
    /// The thread that reads examples failed.
    Thread {
        /// The message of what is wrong with it.
        message: String,
    },
    /// The loss or the gradient is not finite. The weights are those before the step.
    NotFinite {
        /// The step that was not taken.
        step: u64,
    },
    /// A step, or a save, was asked for after a step that failed.
    Ended {
        /// The number of steps that were done.
        step: u64,
    },
    /// A step was asked for at which the learning rate has fallen to 0.
    Annealed {
        /// The step from which on it is 0.
        anneal: u64,
    },
    /// The progress that a run is said to have made is impossible.
    Progress {
        /// The part of the progress that is wrong.
        what: &'static str,
    },
    /// A file or folder of the run was not read, written, moved or removed.
    File(FileError),
    /// Another process, or another part of this one, trains in this folder.
    Busy {
        /// The path of the folder.
        path: PathBuf,
        /// Whether it is this process, where the system tells.
        here: bool,
    },
    /// A new run in a folder where one is.
    AlreadyBegun {
        /// The path of its newest state.
        state: PathBuf,
    },
    /// A folder without a state that a run could go on from.
    NotBegun {
        /// The path of the folder.
        path: PathBuf,
    },
    /// A file of a state is not the one that was saved.
    Changed {
        /// The path of the file.
        path: PathBuf,
    },
    /// A file of the run is not what it should be.
    Format {
        /// The path of the file.
        path: PathBuf,
        /// The message of what is wrong with it.
        message: String,
    },
    /// A run is to go on with another configuration than it was begun with.
    OtherConfiguration {
        /// The name of the one field: of [`TrainConfig`](super::TrainConfig) (`adamw.weight_decay`), of the
        /// network's `size`, `diffusion`, `grid` and `unet` (`unet.num_res_blocks`), `class_names`, `notes`, or the
        /// number of `examples`.
        field: String,
        /// The value of the field in the run, as JSON.
        begun: String,
        /// The value of the field now.
        now: String,
    },
    /// A run is to go on with as many other examples, or others in part.
    OtherData {
        /// The fingerprint of the data that the run was begun with.
        begun: u64,
        /// The fingerprint of the data now.
        now: u64,
    },
    /// A value that has no form as JSON, so that it can be neither compared nor saved.
    NotJson {
        /// The name of the field that it is, or is in, as in
        /// [`OtherConfiguration`](Self::OtherConfiguration); empty for a
        /// [`TrainConfig`](super::TrainConfig).
        field: String,
        /// The reason why it has no form as JSON.
        reason: String,
    },
    /// Weights are of another network than the one that is to be trained.
    OtherNetwork {
        /// The name of the one field, as in [`OtherConfiguration`](Self::OtherConfiguration).
        field: String,
        /// The value of the field in the file of weights, as JSON.
        found: String,
        /// The value of the field in the network.
        expected: String,
    },
}

impl core::error::Error for TrainError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Grad(error) => Some(error),
            Self::Network(error) => Some(error),
            Self::Gpu(error) => Some(error),
            Self::Diffusion(error) => Some(error),
            Self::Memory(error) => Some(error),
            Self::Checkpoint(error) => Some(error),
            Self::Data(error) => Some(error),
            Self::AllSkipped {
                first: Some(error), ..
            } => Some(error),
            Self::File(error) => Some(error),
            Self::Length { .. }
            | Self::NoSuchAverage { .. }
            | Self::Option { .. }
            | Self::LowRes { .. }
            | Self::Extents { .. }
            | Self::Classes { .. }
            | Self::NoTeacher
            | Self::NotFewer { .. }
            | Self::NoLesson { .. }
            | Self::BatchTooLarge { .. }
            | Self::Example { .. }
            | Self::AllSkipped { first: None, .. }
            | Self::Thread { .. }
            | Self::NotFinite { .. }
            | Self::Ended { .. }
            | Self::Progress { .. }
            | Self::Busy { .. }
            | Self::Annealed { .. }
            | Self::AlreadyBegun { .. }
            | Self::NotBegun { .. }
            | Self::Changed { .. }
            | Self::Format { .. }
            | Self::OtherConfiguration { .. }
            | Self::OtherData { .. }
            | Self::NotJson { .. }
            | Self::OtherNetwork { .. } => None,
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
                write!(f, "a slice of {len} numbers, there are {expected} weights")
            }
            Self::NoSuchAverage { index, count } => {
                write!(
                    f,
                    "average {index}, counted from 0, was asked for: there are {count}"
                )
            }
            Self::Option { name, value, must } => write!(f, "{name} = {value}, must be {must}"),
            Self::LowRes { low_res, size } => write!(
                f,
                "a low-resolution image of {}x{}: must be below {}x{}, the image's own sides",
                low_res.1, low_res.0, size.1, size.0
            ),
            Self::Extents { found, expected } => {
                let text = |of: &Extents| {
                    format!("{}x{} of {} channels", of.width, of.height, of.channels)
                };
                let (found, expected) = (text(found), text(expected));
                write!(f, "the data's images are {found}, the network's {expected}")
            }
            Self::Classes { found: 0, expected } => write!(
                f,
                "the data has no classes, the network was made for {expected}"
            ),
            Self::Classes { found, expected } if found == expected => write!(
                f,
                "a network of {found} class: it has two at least, or knows none"
            ),
            Self::Classes { found, expected } => write!(
                f,
                "the data has {found} classes, the network was made for {expected}"
            ),
            Self::NoTeacher => f.write_str(
                "a model that predicts x_{t-1} cannot be distilled: it takes no longer steps; one that predicts v, x_0 or \
                 epsilon does",
            ),
            Self::NotFewer { steps, teacher } => write!(
                f,
                "a student of {steps} steps: its teacher draws in {teacher}, and fewer than those are learnt"
            ),
            Self::NoLesson { timestep } => write!(
                f,
                "the student has no step from timestep {timestep}: its description has the grid of those that it has"
            ),
            Self::BatchTooLarge { batch, examples } => {
                write!(f, "a batch of {batch}: there are only {examples} examples")
            }
            Self::Example {
                index,
                len,
                expected,
            } => write!(
                f,
                "image {index} of the data has {len} bytes instead of {expected}"
            ),
            Self::Data(error) => error.fmt(f),
            Self::AllSkipped { examples, first } => {
                write!(f, "none of the {examples} examples could be read")?;
                match first {
                    Some(first) => write!(f, "; the first: {first}"),
                    None => Ok(()),
                }
            }
            Self::Thread { message } => write!(f, "the thread that reads examples: {message}"),
            Self::NotFinite { step } => {
                write!(
                    f,
                    "the loss or its gradient is not finite at step {step}: a lower learning rate, or a \
                     gradient clipped at a smaller norm, may help"
                )
            }
            Self::Ended { step } => {
                write!(
                    f,
                    "the run ended with an error after step {step}: what was saved goes on with another \
                     trainer"
                )
            }
            Self::Progress { what } => {
                write!(f, "the run cannot be where it is said to be: {what}")
            }
            Self::File(error) => error.fmt(f),
            Self::Busy { path, here } => write!(
                f,
                "{}: {} there; a run has one writer at a time",
                path.display(),
                match here {
                    true => "this process itself trains",
                    false => "another process trains",
                }
            ),
            Self::Annealed { anneal } => write!(
                f,
                "anneal = {anneal}: the learning rate is 0 from step {anneal} on, and nothing more would be learnt; \
                 a later anneal, or 0 for never, goes on"
            ),
            Self::AlreadyBegun { state } => write!(
                f,
                "{} is there already: that run can be resumed, another folder begins anew",
                state.display()
            ),
            Self::NotBegun { path } => write!(
                f,
                "{}: no state to go on from: a run must be begun there first",
                path.display()
            ),
            Self::Changed { path } => write!(
                f,
                "{}: not the file that was saved, by its digest: it was changed since, or is another's; an \
                 earlier state, if there is one, goes on once the file latest has its name",
                path.display()
            ),
            Self::Format { path, message } => write!(f, "{} {message}", path.display()),
            Self::OtherConfiguration { field, begun, now } => write!(
                f,
                "{field} is {now}, the run was begun with {begun}: it can only go on as it began"
            ),
            Self::OtherData { begun, now } => write!(
                f,
                "the data is not what the run was begun with, though as much: its fingerprint is \
                 {now:016x}, not {begun:016x}; images, their order or their classes are others"
            ),
            Self::NotJson { field, reason } => {
                let field = if field.is_empty() {
                    "the configuration"
                } else {
                    field
                };
                write!(f, "{field} can be neither compared nor saved: {reason}")
            }
            Self::OtherNetwork {
                field,
                found,
                expected,
            } => write!(
                f,
                "{field} is {found} in the weights' network, {expected} in the one that is to be trained"
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
    DeviceError => Gpu,
    MemoryError => Memory,
    diffusion::Error => Diffusion,
    CheckpointError => Checkpoint,
    DataError => Data,
    FileError => File
);
