//! The errors of a GPU, each with the numbers a host needs to act.

use core::fmt;
use std::string::String;

use crate::diffusion;
use crate::memory::{Bytes, MemoryError};
use crate::text::Number;
use crate::unet::GraphError;

/// Declares the limits: the name of each, and whether smaller images need less of it.
macro_rules! limits {
    ($($about:literal $limit:ident = $name:literal by size: $by_size:literal),* $(,)?) => {
        /// A limit that something needs more of than there is: of the device, by wgpu's name for it, or of what
        /// kernels count, whatever the device.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Limit {
            $(#[doc = $about] $limit,)*
        }

        impl Limit {
            /// The name of the limit: of a device's, that of the field of [`wgpu::Limits`].
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$limit => $name,)*
                }
            }

            /// Whether a smaller batch, smaller images, fewer channels or f16 need less of it.
            const fn is_by_size(self) -> bool {
                match self {
                    $(Self::$limit => $by_size,)*
                }
            }
        }
    };
}

limits! {
    "The numbers of a batch's images." Batch = "numbers of a batch" by size: true,
    "The workgroups of a dispatch." Workgroups = "workgroups of a dispatch" by size: false,
    "The bytes of a buffer." BufferSize = "max_buffer_size" by size: true,
    "The bytes that a kernel binds of a buffer."
    StorageBinding = "max_storage_buffer_binding_size" by size: true,
    "The bytes that a kernel binds of a uniform buffer."
    UniformBinding = "max_uniform_buffer_binding_size" by size: false,
    "What a kernel binds." Bindings = "max_bindings_per_bind_group" by size: false,
    "The storage buffers that a kernel binds."
    StorageBuffers = "max_storage_buffers_per_shader_stage" by size: false,
    "The uniform buffers that a kernel binds."
    UniformBuffers = "max_uniform_buffers_per_shader_stage" by size: false,
    "The buffers of either kind that a kernel binds."
    Buffers = "max_buffers_and_acceleration_structures_per_shader_stage" by size: false,
    "The invocations of a workgroup."
    Invocations = "max_compute_invocations_per_workgroup" by size: false,
    "The invocations of a workgroup in a row."
    WorkgroupWidth = "max_compute_workgroup_size_x" by size: false,
    "The bytes of a workgroup's own memory."
    WorkgroupMemory = "max_compute_workgroup_storage_size" by size: false,
    "The workgroups of a dimension of the grid."
    Grid = "max_compute_workgroups_per_dimension" by size: false,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
        /// The limit itself.
        limit: Limit,
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
    /// The device, or a check before it, refused something else that this crate asked: a mistake of this
    /// crate.
    Refused {
        /// The thing that was refused.
        what: String,
        /// The words of the device or the check.
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
    /// What is given as a class is no whole number, or below 0.
    NoLabel {
        /// The image of the batch that is to be of this class.
        index: usize,
        /// The number that was given.
        number: f32,
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
    /// Images that cannot be painted: of more than 4 channels, or of a size that no network says.
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
    /// Frames that were recorded before have not run: their encoders were dropped, or the device refused them, as
    /// its error handler was told. The run has to be resumed from an earlier state.
    NotRun {
        /// The thing that was to come from the device.
        what: String,
        /// The number of frames that were recorded.
        recorded: u32,
        /// The number of those that have run.
        ran: u32,
    },
    /// Noise of the host's own was asked for in a run that keeps a part of a picture.
    HostNoise,
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
                if limit.is_by_size() {
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
            Self::NoLabel { index, number } => {
                write!(
                    f,
                    "labels[{index}] = {}, must be a whole number",
                    Number(*number)
                )
            }
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
            Self::NotRun {
                what,
                recorded,
                ran,
            } => {
                write!(
                    f,
                    "{what}: of {recorded} frames that were recorded {ran} have run, as an encoder was dropped or \
                     refused by the device: resume from what was saved before"
                )
            }
            Self::HostNoise => f.write_str(
                "noise of the host's own, but a run that keeps a part of a picture draws it within each step: its \
                 source is Philox",
            ),
            Self::Sampler(error) => error.fmt(f),
        }
    }
}
