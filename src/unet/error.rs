//! What can be wrong with a description of a network.

use core::fmt;

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
                write!(f, "{option} = {value} is not within 1..={max}")
            }
            Self::ModelChannels {
                value,
                multiple_of,
                max,
            } => write!(
                f,
                "model_channels = {value} is not a multiple of {multiple_of} within \
                 {multiple_of}..={max}"
            ),
            Self::FirstMultiplier { value } => {
                write!(f, "channel_mult[0] = {value}, must be 1")
            }
            Self::Multiplier { level, value, max } => {
                write!(f, "channel_mult[{level}] = {value} is not within 1..={max}")
            }
            Self::AttentionFactor { value, deepest } => write!(
                f,
                "attention at downsampling factor {value}: the levels have 1, 2, 4, ... {deepest}"
            ),
            Self::Heads {
                option,
                channels,
                heads,
            } => write!(
                f,
                "{option} = {heads}: {channels} channels cannot be split over as many"
            ),
            Self::ImageSize {
                side,
                multiple_of,
                max,
            } => write!(
                f,
                "image side {side} is not a multiple of {multiple_of} within {multiple_of}..={max}"
            ),
            Self::Batch { batch } => write!(
                f,
                "a batch of {batch}: must be at least 1 and leave every tensor below 2^31 elements"
            ),
            Self::Weights { elements } => {
                write!(f, "{elements} weights, more than can be addressed")
            }
            Self::Dropout { rate } => write!(f, "a dropout rate of {rate} is not within [0, 1)"),
        }
    }
}
