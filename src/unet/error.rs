//! What can be wrong with a description of a network.

use core::fmt;

/// Channels that a level has at most.
pub(super) const MOST_CHANNELS: usize = 1 << 13;

/// Why a configuration or an input shape was refused.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// An option that must lie in 1..=max.
    OutOfRange {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: usize,
        /// The bound.
        max: usize,
    },
    /// A list without an entry where there must be one, or with more than there can be levels.
    Entries {
        /// Its name.
        option: &'static str,
        /// How many it has.
        len: usize,
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// Model channels must be a positive multiple of the number of groups.
    ModelChannels {
        /// The value.
        value: usize,
        /// What it must be a multiple of.
        multiple_of: usize,
        /// The bound.
        max: usize,
    },
    /// The first channel multiplier must be 1: the last convolution takes the model's channels.
    FirstMultiplier {
        /// The value.
        value: usize,
    },
    /// A channel multiplier of 0, or one that makes a level of more than 8192 channels.
    Multiplier {
        /// Which level.
        level: usize,
        /// The value.
        value: usize,
        /// The bound.
        max: usize,
        /// The model's channels, which it multiplies.
        channels: usize,
    },
    /// Attention at a downsampling factor that no level has.
    AttentionFactor {
        /// The factor.
        value: usize,
        /// The largest factor there is.
        deepest: usize,
    },
    /// Channels that cannot be split over the attention heads.
    Heads {
        /// The option: heads on the way down or on the way up.
        option: &'static str,
        /// Channels of the level.
        channels: usize,
        /// Heads.
        heads: usize,
    },
    /// An image side that the levels cannot halve evenly, or one beyond the bound.
    ImageSize {
        /// Height or width.
        side: usize,
        /// What it must be a positive multiple of.
        multiple_of: usize,
        /// The bound.
        max: usize,
    },
    /// A batch of nothing, or one whose tensors would pass the range of 32-bit indices.
    Batch {
        /// The batch.
        batch: usize,
        /// The largest that is taken at this size; 0 where one image is too large.
        most: usize,
    },
    /// More weights than this machine can address.
    Weights {
        /// Numbers in all parameters.
        elements: u64,
    },
    /// A rate of dropout outside [0, 1).
    Dropout {
        /// The rate.
        rate: f64,
    },
}

impl core::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange { option, value, max } => {
                write!(f, "{option} = {value}, must be 1 to {max}")
            }
            Self::Entries {
                option,
                len,
                min,
                max,
            } => write!(f, "{option} has {len} entries, must have {min} to {max}"),
            Self::ModelChannels {
                value,
                multiple_of,
                max,
            } => write!(
                f,
                "model_channels = {value}, must be a multiple of {multiple_of}, from \
                 {multiple_of} to {max}"
            ),
            Self::FirstMultiplier { value } => {
                write!(f, "channel_mult[0] = {value}, must be 1")
            }
            Self::Multiplier {
                level,
                value,
                max,
                channels,
            } => write!(
                f,
                "channel_mult[{level}] = {value}, must be 1 to {max} at model_channels = \
                 {channels}: a level has {MOST_CHANNELS} channels at most"
            ),
            Self::AttentionFactor { value, deepest } => write!(
                f,
                "attention at downsampling factor {value}, must be a power of two from 1 to \
                 {deepest}: each level halves the one before"
            ),
            Self::Heads {
                option,
                channels,
                heads,
            } => write!(
                f,
                "{option} = {heads}, must divide the {channels} channels of a level with attention"
            ),
            Self::ImageSize {
                side,
                multiple_of,
                max,
            } => write!(
                f,
                "image side {side}, must be a multiple of {multiple_of}, from \
                 {multiple_of} to {max}: so often the levels halve it"
            ),
            Self::Batch { batch, most: 0 } => write!(
                f,
                "a batch of {batch}: not even one image of this size, with so many channels, leaves \
                 every tensor below 2^31 elements"
            ),
            Self::Batch { batch, most } => write!(
                f,
                "a batch of {batch}, must be 1 to {most}: at this size, a larger one has \
                 tensors of 2^31 elements and more"
            ),
            Self::Weights { elements } => write!(
                f,
                "{elements} weights, more than can be addressed: fewer channels or levels have fewer"
            ),
            Self::Dropout { rate } => write!(f, "a dropout rate of {rate}, must be within [0, 1)"),
        }
    }
}

/// Why a graph that was built by hand cannot run, or not by the plan it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GraphError {
    /// A batch of nothing, or of 2^31 images and more.
    Batch {
        /// The batch.
        batch: usize,
    },
    /// A tensor of nothing, or of 2^31 elements and more.
    Tensor {
        /// Which, by its place in `Graph::tensors`.
        tensor: usize,
        /// Its elements; [`usize::MAX`] where they are more.
        elements: usize,
    },
    /// A parameter of nothing, or of 2^31 elements and more.
    Param {
        /// Which, by its place in `Graph::params`.
        param: usize,
        /// Its elements; [`usize::MAX`] where they are more.
        elements: usize,
    },
    /// A field of an operation that no executor knows, or that does not agree with what it reads.
    Operation {
        /// Which, by its place in `Graph::nodes`.
        operation: usize,
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
    },
    /// A plan, or an arrangement of weights, of another graph.
    NoPlace {
        /// A tensor or a parameter.
        what: &'static str,
        /// Which, by its place in the graph.
        index: usize,
    },
}

impl core::error::Error for GraphError {}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Batch { batch } => {
                write!(
                    f,
                    "a batch of {batch} in the graph, must be within 1 to 2^31 - 1"
                )
            }
            Self::Tensor { tensor, elements } => write!(
                f,
                "tensor {tensor} of the graph has {elements} elements, must have 1 to 2^31 - 1"
            ),
            Self::Param { param, elements } => write!(
                f,
                "parameter {param} of the graph has {elements} elements, must have 1 to 2^31 - 1"
            ),
            Self::Operation {
                operation,
                field,
                value,
            } => write!(
                f,
                "operation {operation} of the graph: {field} = {value} is out of bounds or does not \
                 agree with what it reads"
            ),
            Self::NoPlace { what, index } => write!(
                f,
                "{what} {index} of the graph has no place: the plan or the weights are another graph's"
            ),
        }
    }
}
