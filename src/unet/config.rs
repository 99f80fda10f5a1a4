//! The options of a network, those of the public implementation, and their checks.

use alloc::vec::Vec;

use super::error::{ConfigError, MOST_CHANNELS};

/// Levels that a network has at most.
const MOST_LEVELS: usize = 15;

/// The options of a UNet.
///
/// ```
/// use iddpm::unet::UnetConfig;
/// let config = UnetConfig::new(3, 32).with_multipliers(&[1, 2, 2, 2]).with_attention(&[2, 4]);
/// assert_eq!(config.levels(), 4);
/// # config.validate().unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct UnetConfig {
    /// The number of channels of an image; a super-resolution network sees twice as many.
    pub in_channels: usize,
    /// The number of channels at the highest resolution, a multiple of `norm_groups`.
    pub model_channels: usize,
    /// The number of channels of the output: twice the image's where the variance is learned.
    pub out_channels: usize,
    /// The number of residual blocks at each level on the way down; one more on the way up.
    pub num_res_blocks: usize,
    /// The downsampling factors (1, 2, 4, …) at which there is attention; the middle always has it.
    pub attention_factors: Vec<usize>,
    /// The channels of each level over `model_channels`; the first is 1.
    pub channel_mult: Vec<usize>,
    /// The number of groups of each normalisation (Wu & He 2018): fewer than the 32 of every published network
    /// make networks of fewer channels.
    // Not written where there are 32, so that a description from before it was an option stays as it is.
    #[cfg_attr(
        feature = "serde",
        serde(
            default = "default_norm_groups",
            skip_serializing_if = "is_default_norm_groups"
        )
    )]
    pub norm_groups: usize,
    /// Whether a convolution goes with each change of resolution.
    pub conv_resample: bool,
    /// Classes, where the network is conditioned on one.
    // By default serde takes a missing `Option` for `None`; here nothing may be left out.
    #[cfg_attr(
        feature = "serde",
        serde(deserialize_with = "serde::Deserialize::deserialize")
    )]
    pub num_classes: Option<usize>,
    /// Whether the table of classes has one more row, which stands for no class: what classifier-free guidance
    /// (Ho & Salimans 2022) is trained with; see [`null_label`](Self::null_label).
    // Not written where there is none, so that a description from before there was one stays as it is.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "core::ops::Not::not")
    )]
    pub null_class: bool,
    /// The number of attention heads on the way down and in the middle.
    pub num_heads: usize,
    /// The number of attention heads on the way up.
    pub num_heads_upsample: usize,
    /// Whether the embedding scales and shifts what is normalised (paper, §3) or is added to it.
    pub scale_shift: bool,
    /// Whether the network also sees a low-resolution image, upsampled to the size of x.
    pub super_resolution: bool,
}

/// What a description says that names no groups.
#[cfg(feature = "serde")]
const fn default_norm_groups() -> usize {
    UnetConfig::DEFAULT_NORM_GROUPS
}

#[cfg(feature = "serde")]
const fn is_default_norm_groups(groups: &usize) -> bool {
    *groups == UnetConfig::DEFAULT_NORM_GROUPS
}

impl UnetConfig {
    /// The number of groups of a normalisation where none is given: that of every published network.
    pub const DEFAULT_NORM_GROUPS: usize = 32;

    /// Begins a configuration: an unconditional network of one level without learned variance, to be
    /// refined.
    pub fn new(channels: usize, model_channels: usize) -> Self {
        Self {
            in_channels: channels,
            model_channels,
            out_channels: channels,
            num_res_blocks: 2,
            attention_factors: Vec::new(),
            channel_mult: [1].into(),
            norm_groups: Self::DEFAULT_NORM_GROUPS,
            conv_resample: true,
            num_classes: None,
            null_class: false,
            num_heads: 4,
            num_heads_upsample: 4,
            scale_shift: true,
            super_resolution: false,
        }
    }

    /// Replaces the channel multipliers, one a level.
    #[must_use]
    pub fn with_multipliers(mut self, channel_mult: &[usize]) -> Self {
        self.channel_mult = channel_mult.into();
        self
    }

    /// Replaces the downsampling factors at which there is attention.
    #[must_use]
    pub fn with_attention(mut self, factors: &[usize]) -> Self {
        self.attention_factors = factors.into();
        self
    }

    /// Replaces the number of groups of each normalisation.
    ///
    /// ```
    /// use iddpm::unet::UnetConfig;
    /// let config = UnetConfig::new(1, 8).with_norm_groups(4);
    /// assert!(config.validate().is_ok());
    /// assert!(config.with_norm_groups(3).validate().is_err()); // 8 channels in thirds
    /// ```
    #[must_use]
    pub const fn with_norm_groups(mut self, groups: usize) -> Self {
        self.norm_groups = groups;
        self
    }

    /// Doubles the output: a variance channel for each channel of the image.
    #[must_use]
    pub const fn with_learned_variance(mut self) -> Self {
        self.out_channels = self.in_channels.saturating_mul(2);
        self
    }

    /// Conditions the network on a class, one of `classes`.
    #[must_use]
    pub const fn with_classes(mut self, classes: usize) -> Self {
        self.num_classes = Some(classes);
        self
    }

    /// Adds a null class to the classes there are.
    #[must_use]
    pub const fn with_null_class(mut self) -> Self {
        self.null_class = true;
        self
    }

    /// The label that stands for no class, behind those of the classes; `None` where the network has none.
    ///
    /// ```
    /// use iddpm::unet::UnetConfig;
    /// let config = UnetConfig::new(3, 32).with_classes(10);
    /// assert_eq!(config.null_label(), None);
    /// assert_eq!(config.with_null_class().null_label(), Some(10));
    /// ```
    pub fn null_label(&self) -> Option<u32> {
        let classes = self.num_classes.filter(|_| self.null_class)?;
        u32::try_from(classes).ok()
    }

    /// The number of labels that the network takes: its classes, and the null class where it has one. `None` for a
    /// network without classes.
    pub fn labels(&self) -> Option<usize> {
        let classes = self.num_classes?;
        Some(classes.saturating_add(usize::from(self.null_class)))
    }

    /// The number of resolutions, each half of the one before.
    pub fn levels(&self) -> usize {
        self.channel_mult.len()
    }

    /// The width of the timestep embedding after its two layers.
    pub const fn embedding_channels(&self) -> usize {
        self.model_channels.saturating_mul(4)
    }

    /// The number of channels the first convolution sees.
    pub const fn input_channels(&self) -> usize {
        if self.super_resolution {
            self.in_channels.saturating_mul(2)
        } else {
            self.in_channels
        }
    }

    /// Checks every option of the configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option, its value and the bound.
    pub fn validate(&self) -> Result<(), ConfigError> {
        // Each bound is far above any network, and far below where a product of them overflows.
        let positive = [
            ("in_channels", self.in_channels, 1 << 12),
            ("out_channels", self.out_channels, 1 << 12),
            ("num_res_blocks", self.num_res_blocks, 1 << 6),
            ("norm_groups", self.norm_groups, MOST_CHANNELS),
            ("num_heads", self.num_heads, 1 << 13),
            ("num_heads_upsample", self.num_heads_upsample, 1 << 13),
            // Absent: as good as one.
            ("num_classes", self.num_classes.unwrap_or(1), 1 << 16),
        ];
        for (option, value, max) in positive {
            if value == 0 || value > max {
                return Err(ConfigError::OutOfRange { option, value, max });
            }
        }
        for (option, list, min) in [
            ("channel_mult", &self.channel_mult, 1),
            ("attention_factors", &self.attention_factors, 0),
        ] {
            let (len, max) = (list.len(), MOST_LEVELS);
            if !(min..=max).contains(&len) {
                return Err(ConfigError::Entries {
                    option,
                    len,
                    min,
                    max,
                });
            }
        }
        if self.null_class && self.num_classes.is_none() {
            return Err(ConfigError::NullClass);
        }
        let channels = self.model_channels;
        if channels == 0 || !channels.is_multiple_of(self.norm_groups) || channels > MOST_CHANNELS {
            return Err(ConfigError::ModelChannels {
                value: channels,
                multiple_of: self.norm_groups,
                max: MOST_CHANNELS,
            });
        }
        if let Some(&first) = self.channel_mult.first()
            && first != 1
        {
            return Err(ConfigError::FirstMultiplier { value: first });
        }
        for (level, &value) in self.channel_mult.iter().enumerate() {
            let max = MOST_CHANNELS / channels;
            if value == 0 || value > max {
                return Err(ConfigError::Multiplier {
                    level,
                    value,
                    max,
                    channels,
                });
            }
        }
        let deepest = 1 << (self.levels() - 1);
        for &value in &self.attention_factors {
            if !value.is_power_of_two() || value > deepest {
                return Err(ConfigError::AttentionFactor { value, deepest });
            }
        }
        self.validate_heads()
    }

    fn validate_heads(&self) -> Result<(), ConfigError> {
        let last = self.levels() - 1;
        for (level, &multiplier) in self.channel_mult.iter().enumerate() {
            let attends = self.attention_factors.contains(&(1 << level));
            let channels = multiplier * self.model_channels;
            let ways = [
                ("num_heads", self.num_heads, attends || level == last),
                ("num_heads_upsample", self.num_heads_upsample, attends),
            ];
            for (option, heads, used) in ways {
                if used && !channels.is_multiple_of(heads) {
                    return Err(ConfigError::Heads {
                        option,
                        channels,
                        heads,
                    });
                }
            }
        }
        Ok(())
    }
}
