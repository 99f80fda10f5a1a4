//! The errors of a network's description.

use core::fmt;

use super::expected::{Expected, Must};
use crate::text::Number;

/// Channels that a level has at most.
pub(super) const MOST_CHANNELS: usize = 1 << 13;

/// Why a configuration or an input shape was refused.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// An option that must lie in 1..=max.
    OutOfRange {
        /// The name of the option.
        option: &'static str,
        /// The value of the option.
        value: usize,
        /// The largest value that is accepted.
        max: usize,
    },
    /// A list without an entry where there must be one, or with more than there can be levels.
    Entries {
        /// The name of the option that is the list.
        option: &'static str,
        /// The number of entries it has.
        len: usize,
        /// The least number of entries.
        min: usize,
        /// The largest number of entries.
        max: usize,
    },
    /// A null class in a network without classes.
    NullClass,
    /// Model channels that are not a positive multiple of the number of groups, or too many.
    ModelChannels {
        /// The number of model channels.
        value: usize,
        /// The number of groups of the normalisation, of which it must be a multiple.
        multiple_of: usize,
        /// The largest number that is accepted.
        max: usize,
    },
    /// A first channel multiplier other than 1: the last convolution takes the model's channels.
    FirstMultiplier {
        /// The multiplier found.
        value: usize,
    },
    /// A channel multiplier of 0, or one that makes a level of more than 8192 channels.
    Multiplier {
        /// The level that it belongs to, from 0.
        level: usize,
        /// The multiplier found.
        value: usize,
        /// The largest multiplier that is accepted.
        max: usize,
        /// The number of model channels, which it multiplies.
        channels: usize,
    },
    /// Attention at a downsampling factor that no level has.
    AttentionFactor {
        /// The factor that was asked for.
        value: usize,
        /// The largest downsampling factor of the network.
        deepest: usize,
    },
    /// Channels that cannot be split over the attention heads.
    Heads {
        /// The name of the option: heads on the way down or on the way up.
        option: &'static str,
        /// The number of channels of the level.
        channels: usize,
        /// The number of heads.
        heads: usize,
    },
    /// An image side that the levels cannot halve evenly, or one beyond the bound.
    ImageSize {
        /// The height or width of the image.
        side: usize,
        /// The number that it must be a positive multiple of.
        multiple_of: usize,
        /// The largest side that is accepted.
        max: usize,
    },
    /// A batch of nothing, or one whose tensors would pass the range of 32-bit indices.
    Batch {
        /// The number of images in the batch.
        batch: usize,
        /// The largest batch that is taken at this size; 0 where one image is too large.
        most: usize,
    },
    /// More weights than this machine can address.
    Weights {
        /// The number of elements of all parameters.
        elements: u64,
    },
    /// A rate of dropout that is neither 0 nor within [2⁻³², 1).
    Dropout {
        /// The rate that was given.
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
            Self::NullClass => {
                f.write_str("null_class stands beside classes: num_classes must be given")
            }
            Self::ModelChannels {
                value,
                multiple_of,
                max,
            } => write!(
                f,
                "model_channels = {value}, must be a multiple of {multiple_of} (norm_groups), from \
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
            Self::Dropout { rate } => write!(
                f,
                "a dropout rate of {}, must be 0 or within [2^-32, 1)",
                Number(rate)
            ),
        }
    }
}

/// Why a graph that was built by hand cannot run, or not by the plan it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GraphError {
    /// A batch of no images, or of 2^31 images and more.
    Batch {
        /// The number of images in the batch.
        batch: usize,
    },
    /// A tensor of no elements, or of 2^31 elements and more.
    Tensor {
        /// The tensor, by its place in `Graph::tensors`.
        tensor: usize,
        /// The number of its elements; [`usize::MAX`] where they are more.
        elements: usize,
    },
    /// A parameter of no elements, or of 2^31 elements and more.
    Param {
        /// The parameter, by its place in `Graph::params`.
        param: usize,
        /// The number of its elements; [`usize::MAX`] where they are more.
        elements: usize,
    },
    /// A field of an operation that no executor knows, or that does not agree with what it reads.
    Operation {
        /// The operation, by its place in `Graph::nodes`.
        operation: usize,
        /// The name of the field; `"gradient of"` where the operation makes the gradient of a parameter.
        field: &'static str,
        /// The value of the field: of a tensor or parameter its place in the graph.
        value: usize,
        /// What the field must be; `None` where more than one thing decides.
        expected: Option<Expected>,
    },
    /// A plan of another graph, or of the same one in numbers of another width.
    Plan {
        /// The first tensor that is not as it was planned, by its place in `Graph::tensors`; the number of
        /// those that both have where one has more.
        tensor: usize,
        /// What differs: the number of `"tensors"` of the graph, or of the tensor its `"elements"`, its
        /// `"places"` of which there is one or none, its `"first operation"` or `"last operation"`, or the
        /// `"room"` that it needs.
        what: &'static str,
        /// What was planned.
        planned: usize,
        /// What the graph has.
        found: usize,
    },
    /// A plan, or an arrangement of weights, of another graph.
    NoPlace {
        /// The kind of thing without a place: a tensor or a parameter.
        what: &'static str,
        /// The tensor or parameter, by its place in the graph.
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
                expected,
            } => {
                let must = Must(expected);
                write!(
                    f,
                    "operation {operation} of the graph: {field} = {value}{must}"
                )
            }
            Self::Plan {
                tensor,
                what,
                planned,
                found,
            } => write!(
                f,
                "tensor {tensor} of the graph: {what} = {found}, but {planned} in the plan: it is another \
                 graph's, or for numbers of another width"
            ),
            Self::NoPlace { what, index } => write!(
                f,
                "{what} {index} of the graph has no place: the plan or the weights are another graph's"
            ),
        }
    }
}
