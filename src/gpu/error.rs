//! The errors of a GPU, each with the numbers a host needs to act.

use core::fmt;
use std::string::String;

use crate::diffusion;
use crate::memory::{Bytes, MemoryError};
use crate::unet::GraphError;

/// The limit of what kernels count, whatever the device: numbers of a batch's images.
pub(super) const BATCH_LIMIT: &str = "numbers of a batch";
/// The limit of a buffer's bytes.
pub(super) const BUFFER_LIMIT: &str = "max_buffer_size";
/// The limit of the bytes that a kernel binds of one.
pub(super) const BINDING_LIMIT: &str = "max_storage_buffer_binding_size";

/// Why something could not be done on a GPU.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter was found, or none that was allowed.
    NoAdapter {
        /// The words of the backends.
        message: String,
    },
    /// The adapter gave no device.
    NoDevice {
        /// The words of the adapter.
        message: String,
    },
    /// The device has not been made with a feature that was asked for.
    MissingFeature {
        /// The name of the feature.
        feature: &'static str,
    },
    /// The device's limit is too low for this network at this size.
    Limit {
        /// The name of the limit.
        limit: &'static str,
        /// The thing that needs more than the limit.
        what: String,
        /// The value of the limit that would be needed.
        wanted: u64,
        /// The value of the limit that the device has.
        had: u64,
    },
    /// The device has no memory left: a smaller batch or 16-bit weights may fit.
    OutOfMemory {
        /// The thing that was being made.
        what: String,
        /// The number of bytes of it, where that is known.
        bytes: Option<u64>,
    },
    /// The host, or a device in software, has less memory than is needed.
    HostMemory(MemoryError),
    /// A graph that was built by hand cannot run.
    Graph(GraphError),
    /// The device is gone. Make another and resume from the last saved state.
    DeviceLost {
        /// The words of the driver.
        message: String,
    },
    /// The driver refused a kernel.
    ShaderRejected {
        /// The name of the kernel.
        kernel: &'static str,
        /// The words of the driver.
        message: String,
    },
    /// The device refused something else that this crate asked of it: a mistake of this crate.
    Refused {
        /// The thing that the device refused.
        what: String,
        /// The words of the device.
        message: String,
    },
    /// A slice does not have the length it must have.
    Length {
        /// The name of the slice.
        what: &'static str,
        /// The length of the slice.
        len: usize,
        /// The length the slice must have.
        expected: usize,
    },
    /// A moving average was asked for that the run does not keep.
    NoSuchAverage {
        /// The number of the average that was asked for, from 0.
        index: usize,
        /// The number of averages that are kept.
        count: usize,
    },
    /// A class was asked for that the network does not have.
    Label {
        /// The image of the batch that is to be of this class.
        index: usize,
        /// The class that was asked for.
        label: u32,
        /// The number of classes of the network.
        classes: u32,
    },
    /// Classes were given to a network that takes none, or not given to one that takes them.
    LabelsExpected {
        /// Whether the network is conditioned on a class.
        expected: bool,
    },
    /// An image was asked for that is not in the batch.
    Image {
        /// The image that was asked for.
        image: usize,
        /// The number of images in the batch.
        batch: usize,
    },
    /// Images that cannot be painted: of neither 1 nor 3 channels, or of a size that no network says.
    NoPicture {
        /// The number of elements of an image.
        elements: usize,
    },
    /// The host's texture cannot take an image.
    Texture {
        /// The property of the texture that is in the way.
        what: &'static str,
        /// The values of that property that would do.
        wanted: String,
        /// The value that it has.
        had: String,
    },
    /// The run's x, x̂_0 or history is not finite: it has to be resumed from an earlier state.
    NotFinite {
        /// The image of the batch.
        image: usize,
        /// The element of that image.
        element: usize,
    },
    /// The sampler refused its input.
    Sampler(diffusion::Error),
}

impl From<diffusion::Error> for GpuError {
    fn from(error: diffusion::Error) -> Self {
        Self::Sampler(error)
    }
}

impl From<MemoryError> for GpuError {
    fn from(error: MemoryError) -> Self {
        Self::HostMemory(error)
    }
}

impl From<GraphError> for GpuError {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

impl core::error::Error for GpuError {}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAdapter { message } => write!(f, "no GPU adapter: {message}"),
            Self::NoDevice { message } => write!(f, "the adapter gave no device: {message}"),
            Self::MissingFeature { feature } => {
                write!(
                    f,
                    "the device was made without the feature {feature}, which activations in f16 need"
                )
            }
            Self::Limit {
                limit,
                what,
                wanted,
                had,
            } => {
                write!(f, "{what} needs {limit} = {wanted}, the device has {had}")?;
                let by_size = [BUFFER_LIMIT, BINDING_LIMIT, BATCH_LIMIT];
                if by_size.contains(limit) {
                    f.write_str(
                        ": a smaller batch, smaller images, fewer channels or f16 need less",
                    )?;
                }
                Ok(())
            }
            Self::OutOfMemory { what, bytes } => {
                write!(f, "no GPU memory left for {what}")?;
                if let Some(bytes) = bytes {
                    write!(f, ", {}", Bytes(*bytes))?;
                }
                f.write_str(": a smaller batch, smaller images or f16 need less")
            }
            Self::HostMemory(error) => error.fmt(f),
            Self::Graph(error) => error.fmt(f),
            Self::DeviceLost { message } => write!(
                f,
                "the GPU device is lost: {message}; make another, and resume from what was saved"
            ),
            Self::ShaderRejected { kernel, message } => {
                write!(f, "the driver refused the kernel {kernel}: {message}")
            }
            Self::Refused { what, message } => write!(f, "the device refused {what}: {message}"),
            Self::Length {
                what,
                len,
                expected,
            } => write!(f, "{what} has {len} elements, must have {expected}"),
            Self::NoSuchAverage { index, count } => {
                write!(f, "average {index} was asked for, must be below {count}")
            }
            Self::Label {
                index,
                label,
                classes,
            } => write!(f, "labels[{index}] = {label}, must be below {classes}"),
            Self::LabelsExpected { expected: true } => {
                f.write_str("the network wants a class for each image")
            }
            Self::LabelsExpected { expected: false } => {
                f.write_str("a class was given, but the network knows none")
            }
            Self::Image { image, batch } => {
                write!(f, "image {image} was asked for, must be below {batch}")
            }
            Self::NoPicture { elements } => write!(
                f,
                "images of {elements} numbers are not known to be grey or RGB pictures"
            ),
            Self::Texture { what, wanted, had } => {
                write!(f, "the texture's {what} must be {wanted}, is {had}")
            }
            Self::NotFinite { image, element } => {
                write!(
                    f,
                    "x, x_0 or the history of image {image} is not finite at element {element}: resume \
                     from what was saved before"
                )
            }
            Self::Sampler(error) => error.fmt(f),
        }
    }
}
