//! The command line of the public implementation: what its flags say of a network and a diffusion.
//!
//! A published model is named by such flags. Those of training alone (`dropout`, `use_kl`,
//! `rescale_learned_sigmas`, `use_checkpoint`) are read and change nothing here.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::description::{Description, ImageSize};
use super::error::CheckpointError;
use super::published::{FLAGS, Flag};
use crate::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, WeightSet};
use crate::unet::UnetConfig;

/// Classes of a network that has any: ImageNet's.
const CLASSES: usize = 1000;

/// The flags of the public implementation's command line, each by the name it has there.
///
/// ```
/// use iddpm::checkpoint::Flags;
/// let flags: Flags = "--image_size 64 --num_channels 128 --num_res_blocks 3 --learn_sigma True \
///     --diffusion_steps 4000 --noise_schedule cosine".parse()?;
/// assert_eq!(flags.unet()?.channel_mult, [1, 2, 3, 4]);
/// assert_eq!(flags.unet()?.attention_factors, [4, 8]);
/// # Ok::<(), iddpm::checkpoint::CheckpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Flags {
    /// The side of the images; of super-resolution `large_size`.
    pub image_size: usize,
    /// The side of the low-resolution images, of super-resolution alone; 64 once `large_size` is set.
    pub small_size: Option<usize>,
    /// The number of channels at the highest resolution.
    pub num_channels: usize,
    /// The number of residual blocks at each level.
    pub num_res_blocks: usize,
    /// The number of attention heads.
    pub num_heads: usize,
    /// The number of attention heads on the way up; -1 there is `None` here, and means as many.
    pub num_heads_upsample: Option<usize>,
    /// The sides of an image at which there is attention.
    pub attention_resolutions: Vec<usize>,
    /// The channels of each level over `num_channels`; `None` for those that go with the size. Not a flag
    /// of the public implementation, but one of its successors'.
    pub channel_mult: Option<Vec<usize>>,
    /// Whether the network is conditioned on one of ImageNet's classes.
    pub class_cond: bool,
    /// Whether the embedding scales and shifts what is normalised, rather than being added.
    pub use_scale_shift_norm: bool,
    /// Whether the variance is learned.
    pub learn_sigma: bool,
    /// Whether a variance that is not learned is the small one.
    pub sigma_small: bool,
    /// The number of timesteps T.
    pub diffusion_steps: u32,
    /// The noise schedule: how β_t is chosen.
    pub noise_schedule: Schedule<'static>,
    /// Whether the network predicts x_0 rather than ε.
    pub predict_xstart: bool,
    /// Whether the network sees t·1000/T rather than t.
    pub rescale_timesteps: bool,
}

/// What holds where a flag is not given.
impl Default for Flags {
    fn default() -> Self {
        Self {
            image_size: 64,
            small_size: None,
            num_channels: 128,
            num_res_blocks: 2,
            num_heads: 4,
            num_heads_upsample: None,
            attention_resolutions: [16, 8].into(),
            channel_mult: None,
            class_cond: false,
            use_scale_shift_norm: true,
            learn_sigma: false,
            sigma_small: false,
            diffusion_steps: 1000,
            noise_schedule: Schedule::Linear,
            predict_xstart: false,
            rescale_timesteps: true,
        }
    }
}

impl Flags {
    /// The names of all flags.
    pub const NAMES: [&'static str; 21] = FLAGS;

    /// Sets a flag by its name, without the dashes.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownFlag`], [`CheckpointError::FlagValue`].
    pub fn set(&mut self, flag: &str, value: &str) -> Result<(), CheckpointError> {
        let whole = || value.parse().map_err(|_| refused(flag, value, WHOLE));
        let list = || {
            let numbers = value.split(',').map(|number| number.trim().parse());
            let numbers: Result<Vec<usize>, _> = numbers.collect();
            numbers.map_err(|_| refused(flag, value, LIST))
        };
        let truth = || truth(value).ok_or_else(|| refused(flag, value, "true or false"));
        let Some(which) = Flag::named(flag) else {
            let flag = format!("--{flag}");
            return Err(CheckpointError::UnknownFlag { flag });
        };
        match which {
            Flag::ImageSize => self.image_size = whole()?,
            Flag::LargeSize => {
                self.image_size = whole()?;
                self.small_size.get_or_insert(64);
            }
            Flag::SmallSize => self.small_size = Some(whole()?),
            Flag::NumChannels => self.num_channels = whole()?,
            Flag::NumResBlocks => self.num_res_blocks = whole()?,
            Flag::NumHeads => self.num_heads = whole()?,
            Flag::NumHeadsUpsample if value == "-1" => self.num_heads_upsample = None,
            Flag::NumHeadsUpsample => self.num_heads_upsample = Some(whole()?),
            Flag::AttentionResolutions => self.attention_resolutions = list()?,
            Flag::ChannelMult => self.channel_mult = Some(list()?),
            Flag::ClassCond => self.class_cond = truth()?,
            Flag::UseScaleShiftNorm => self.use_scale_shift_norm = truth()?,
            Flag::LearnSigma => self.learn_sigma = truth()?,
            Flag::SigmaSmall => self.sigma_small = truth()?,
            Flag::DiffusionSteps => {
                let steps = value.parse().map_err(|_| refused(flag, value, WHOLE));
                self.diffusion_steps = steps?;
            }
            Flag::NoiseSchedule => {
                self.noise_schedule = match value {
                    "linear" => Schedule::Linear,
                    "cosine" => Schedule::Cosine,
                    _ => return Err(refused(flag, value, SCHEDULES)),
                }
            }
            Flag::PredictXstart => self.predict_xstart = truth()?,
            Flag::RescaleTimesteps => self.rescale_timesteps = truth()?,
            Flag::Dropout | Flag::UseKl | Flag::RescaleLearnedSigmas | Flag::UseCheckpoint => {}
        }
        Ok(())
    }

    /// Returns the options of the network that the flags describe.
    ///
    /// Attention at a side that no level has is left out, as it is there.
    ///
    /// # Errors
    /// [`CheckpointError::FlagValue`] for a size that has no multipliers there (other than 256, 64,
    /// 32; of super-resolution other than 256, 64), where none are given, and for a side of 0;
    /// [`CheckpointError::Config`].
    pub fn unet(&self) -> Result<UnetConfig, CheckpointError> {
        let config = self.options()?;
        config.validate()?;
        Ok(config)
    }

    /// The network as the flags say it, be it one or not.
    fn options(&self) -> Result<UnetConfig, CheckpointError> {
        let multipliers = self.multipliers()?;
        let mut factors = Vec::new();
        for &side in &self.attention_resolutions {
            let Some(factor) = self.image_size.checked_div(side) else {
                return Err(refused("attention_resolutions", side, SIDES));
            };
            if factor.is_power_of_two() && (factor.ilog2() as usize) < multipliers.len() {
                factors.push(factor);
            }
        }
        let config = UnetConfig {
            num_res_blocks: self.num_res_blocks,
            num_classes: self.class_cond.then_some(CLASSES),
            null_class: false,
            num_heads: self.num_heads,
            num_heads_upsample: self.num_heads_upsample.unwrap_or(self.num_heads),
            scale_shift: self.use_scale_shift_norm,
            super_resolution: self.small_size.is_some(),
            ..UnetConfig::new(3, self.num_channels)
                .with_multipliers(multipliers)
                .with_attention(&factors)
        };
        Ok(match self.learn_sigma {
            true => config.with_learned_variance(),
            false => config,
        })
    }

    fn multipliers(&self) -> Result<&[usize], CheckpointError> {
        let super_resolution = self.small_size.is_some();
        match (&self.channel_mult, self.image_size) {
            (Some(multipliers), _) => Ok(multipliers),
            (None, 256) => Ok(&[1, 1, 2, 2, 4, 4]),
            (None, 64) => Ok(&[1, 2, 3, 4]),
            (None, 32) if !super_resolution => Ok(&[1, 2, 2, 2]),
            (None, size) if super_resolution => Err(refused("large_size", size, LARGE_SIZES)),
            (None, size) => Err(refused("image_size", size, SIZES)),
        }
    }

    /// Returns the size of the network's images.
    pub const fn size(&self) -> ImageSize {
        match self.small_size {
            Some(small) => ImageSize::upsampled(self.image_size, small),
            None => ImageSize::square(self.image_size),
        }
    }

    /// Returns the diffusion that the flags describe.
    pub const fn diffusion(&self) -> Diffusion<'static> {
        let prediction = if self.predict_xstart {
            Prediction::XStart
        } else {
            Prediction::Epsilon
        };
        let variance = match (self.learn_sigma, self.sigma_small) {
            (true, _) => Variance::LearnedRange,
            (false, true) => Variance::FixedSmall,
            (false, false) => Variance::FixedLarge,
        };
        Diffusion::new(self.noise_schedule, self.diffusion_steps)
            .with_prediction(prediction)
            .with_variance(variance)
            .with_rescaled_timesteps(self.rescale_timesteps)
    }

    /// Describes a file of such a network's weights; whether that is consistent, [`Description::graph`]
    /// finds out.
    ///
    /// # Errors
    /// [`CheckpointError::FlagValue`], as of [`unet`](Self::unet).
    pub fn describe(&self, weights: WeightSet, step: u64) -> Result<Description, CheckpointError> {
        let card = ModelCard {
            diffusion: self.diffusion(),
            weights,
            step,
        };
        Ok(Description::new(self.options()?, self.size(), card))
    }
}

impl core::str::FromStr for Flags {
    type Err = CheckpointError;

    /// Reads `--flag value` again and again; what is not there has its default.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut flags = Self::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                return Err(CheckpointError::UnknownFlag { flag: word.into() });
            };
            match flag.split_once('=') {
                Some((flag, value)) => flags.set(flag, value)?,
                // Absent: empty, which no value is.
                None => flags.set(flag, words.next().unwrap_or(""))?,
            }
        }
        Ok(flags)
    }
}

/// What flags take.
const WHOLE: &str = "a whole number";
const LIST: &str = "whole numbers with commas between them, such as 16,8";
const SIDES: &str = "sides of 1 and more";
const SCHEDULES: &str = "linear or cosine; leave it out for another, such as `--schedule sigmoid`";
const SIZES: &str = "32, 64 and 256, which have channel multipliers of their own, and any other size \
    with the multipliers given, as by `--channel-mult 1,1,2,3,4`";
const LARGE_SIZES: &str = "64 and 256, which have channel multipliers of their own, and any other \
    size with the multipliers given, as by `--channel-mult 1,1,2,3,4`";

fn refused(flag: &str, value: impl ToString, takes: &'static str) -> CheckpointError {
    CheckpointError::FlagValue {
        flag: flag.into(),
        value: value.to_string(),
        takes,
    }
}

fn truth(value: &str) -> Option<bool> {
    let value: String = value.to_ascii_lowercase();
    match value.as_str() {
        "true" | "yes" | "t" | "y" | "1" => Some(true),
        "false" | "no" | "f" | "n" | "0" => Some(false),
        _ => None,
    }
}
