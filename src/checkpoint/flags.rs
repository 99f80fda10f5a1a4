//! The command line of the public implementation: what its flags say of a network and a diffusion.
//!
//! A published model is named by such flags. Those of training alone (`dropout`, `use_kl`,
//! `rescale_learned_sigmas`, `use_checkpoint`) are read and change nothing here.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::description::{Description, ImageSize};
use super::error::CheckpointError;
use crate::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, Weights};
use crate::unet::UnetConfig;

/// Classes of a network that has any: ImageNet's.
const CLASSES: usize = 1000;

/// The flags, each by the name it has there.
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
    /// Side of the images; of super-resolution `large_size`.
    pub image_size: usize,
    /// Side of the low-resolution images, of super-resolution alone; 64 once `large_size` is set.
    pub small_size: Option<usize>,
    /// Channels at the highest resolution.
    pub num_channels: usize,
    /// Residual blocks at each level.
    pub num_res_blocks: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Attention heads on the way up; -1 there is `None` here, and means as many.
    pub num_heads_upsample: Option<usize>,
    /// Sides at which there is attention.
    pub attention_resolutions: Vec<usize>,
    /// Whether the network is conditioned on one of ImageNet's classes.
    pub class_cond: bool,
    /// Whether the embedding scales and shifts.
    pub use_scale_shift_norm: bool,
    /// Whether the variance is learned.
    pub learn_sigma: bool,
    /// Whether a variance that is not learned is the small one.
    pub sigma_small: bool,
    /// T.
    pub diffusion_steps: u32,
    /// How β_t is chosen.
    pub noise_schedule: Schedule<'static>,
    /// Whether the network predicts x_0.
    pub predict_xstart: bool,
    /// Whether the network sees t·1000/T.
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
    /// Sets a flag by its name, without the dashes.
    ///
    /// # Errors
    /// [`CheckpointError::UnknownFlag`], [`CheckpointError::FlagValue`].
    pub fn set(&mut self, flag: &str, value: &str) -> Result<(), CheckpointError> {
        let refused = || refused(flag, value);
        let whole = || value.parse().map_err(|_| refused());
        let truth = || truth(value).ok_or_else(refused);
        match flag {
            "image_size" => self.image_size = whole()?,
            "large_size" => {
                self.image_size = whole()?;
                self.small_size.get_or_insert(64);
            }
            "small_size" => self.small_size = Some(whole()?),
            "num_channels" => self.num_channels = whole()?,
            "num_res_blocks" => self.num_res_blocks = whole()?,
            "num_heads" => self.num_heads = whole()?,
            "num_heads_upsample" if value == "-1" => self.num_heads_upsample = None,
            "num_heads_upsample" => self.num_heads_upsample = Some(whole()?),
            "attention_resolutions" => {
                let sides = value.split(',').map(|side| side.trim().parse());
                self.attention_resolutions =
                    sides.collect::<Result<_, _>>().map_err(|_| refused())?;
            }
            "class_cond" => self.class_cond = truth()?,
            "use_scale_shift_norm" => self.use_scale_shift_norm = truth()?,
            "learn_sigma" => self.learn_sigma = truth()?,
            "sigma_small" => self.sigma_small = truth()?,
            "diffusion_steps" => self.diffusion_steps = value.parse().map_err(|_| refused())?,
            "noise_schedule" => {
                self.noise_schedule = match value {
                    "linear" => Schedule::Linear,
                    "cosine" => Schedule::Cosine,
                    _ => return Err(refused()),
                }
            }
            "predict_xstart" => self.predict_xstart = truth()?,
            "rescale_timesteps" => self.rescale_timesteps = truth()?,
            "dropout" | "use_kl" | "rescale_learned_sigmas" | "use_checkpoint" => {}
            _ => return Err(CheckpointError::UnknownFlag { flag: flag.into() }),
        }
        Ok(())
    }

    /// The network.
    ///
    /// Attention at a side that no level has is left out, as it is there.
    ///
    /// # Errors
    /// [`CheckpointError::FlagValue`] for a size that has no multipliers there (other than 256, 64,
    /// 32; of super-resolution other than 256, 64) and for a side of 0; [`CheckpointError::Config`].
    pub fn unet(&self) -> Result<UnetConfig, CheckpointError> {
        let super_resolution = self.small_size.is_some();
        let multipliers: &[usize] = match self.image_size {
            256 => &[1, 1, 2, 2, 4, 4],
            64 => &[1, 2, 3, 4],
            32 if !super_resolution => &[1, 2, 2, 2],
            size => return Err(refused("image_size", size)),
        };
        let mut factors = Vec::new();
        for &side in &self.attention_resolutions {
            let Some(factor) = self.image_size.checked_div(side) else {
                return Err(refused("attention_resolutions", side));
            };
            if factor.is_power_of_two() && factor < 1 << multipliers.len() {
                factors.push(factor);
            }
        }
        let mut config = UnetConfig {
            num_res_blocks: self.num_res_blocks,
            num_classes: self.class_cond.then_some(CLASSES),
            num_heads: self.num_heads,
            num_heads_upsample: self.num_heads_upsample.unwrap_or(self.num_heads),
            scale_shift: self.use_scale_shift_norm,
            super_resolution,
            ..UnetConfig::new(3, self.num_channels)
                .with_multipliers(multipliers)
                .with_attention(&factors)
        };
        if self.learn_sigma {
            config = config.with_learned_variance();
        }
        config.validate()?;
        Ok(config)
    }

    /// The size of its images.
    pub const fn size(&self) -> ImageSize {
        match self.small_size {
            Some(small) => ImageSize::upsampled(self.image_size, small),
            None => ImageSize::square(self.image_size),
        }
    }

    /// The diffusion.
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

    /// What a file of such a network's weights says of itself.
    ///
    /// # Errors
    /// Those of [`unet`](Self::unet).
    pub fn describe(&self, weights: Weights, step: u64) -> Result<Description, CheckpointError> {
        let card = ModelCard {
            diffusion: self.diffusion(),
            weights,
            step,
        };
        Ok(Description::new(self.unet()?, self.size(), card))
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
                None => flags.set(flag, words.next().unwrap_or(""))?,
            }
        }
        Ok(flags)
    }
}

fn refused(flag: &str, value: impl ToString) -> CheckpointError {
    CheckpointError::FlagValue {
        flag: flag.into(),
        value: value.to_string(),
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
