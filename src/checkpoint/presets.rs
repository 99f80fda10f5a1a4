//! The published models, each with all its flags.
//!
//! Flags are those of the public implementation's README, and its defaults where that says nothing.
//! The objective (`use_kl`, `rescale_learned_sigmas`) and dropout matter in training alone: a pair
//! that differs in nothing else is the same network over the same process.

use core::str::FromStr;

use super::description::{Description, ImageSize};
use super::error::CheckpointError;
use crate::diffusion::{Diffusion, ModelCard, Schedule, Weights};
use crate::unet::UnetConfig;

/// Classes of ImageNet.
const IMAGENET_CLASSES: usize = 1000;

/// A published model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// CIFAR-10, unconditional, L_hybrid, 500K iterations.
    Cifar10Uncond,
    /// CIFAR-10, unconditional, L_vlb, 500K iterations.
    Cifar10UncondVlb,
    /// ImageNet-64, unconditional, L_hybrid, 1500K iterations.
    ImageNet64Uncond,
    /// ImageNet-64, unconditional, L_vlb, 1500K iterations.
    ImageNet64UncondVlb,
    /// ImageNet-64, conditioned on the class, 250K iterations.
    ImageNet64Cond,
    /// LSUN bedrooms at 256×256, of 1200K (batch 128) and 2400K iterations (batch 64).
    LsunBedroom,
    /// ImageNet from 64×64 to 256×256, conditioned on the class, 500K iterations.
    Upsample64To256,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Cifar10Uncond,
        Self::Cifar10UncondVlb,
        Self::ImageNet64Uncond,
        Self::ImageNet64UncondVlb,
        Self::ImageNet64Cond,
        Self::LsunBedroom,
        Self::Upsample64To256,
    ];

    /// Its name, by which [`str::parse`] finds it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10Uncond => "cifar10_uncond",
            Self::Cifar10UncondVlb => "cifar10_uncond_vlb",
            Self::ImageNet64Uncond => "imagenet64_uncond",
            Self::ImageNet64UncondVlb => "imagenet64_uncond_vlb",
            Self::ImageNet64Cond => "imagenet64_cond",
            Self::LsunBedroom => "lsun_bedroom",
            Self::Upsample64To256 => "upsample_64_256",
        }
    }

    /// The network.
    pub fn unet(self) -> UnetConfig {
        let config = |channels, blocks, multipliers: &[usize], attention: &[usize]| UnetConfig {
            num_res_blocks: blocks,
            ..UnetConfig::new(3, channels)
                .with_multipliers(multipliers)
                .with_attention(attention)
                .with_learned_variance()
        };
        // Attention at 16×16 and 8×8, as factors of the image's side, but for LSUN.
        match self {
            Self::Cifar10Uncond | Self::Cifar10UncondVlb => config(128, 3, &[1, 2, 2, 2], &[2, 4]),
            Self::ImageNet64Uncond | Self::ImageNet64UncondVlb => {
                config(128, 3, &[1, 2, 3, 4], &[4, 8])
            }
            Self::ImageNet64Cond => {
                config(192, 3, &[1, 2, 3, 4], &[4, 8]).with_classes(IMAGENET_CLASSES)
            }
            Self::LsunBedroom => UnetConfig {
                num_heads: 1,
                num_heads_upsample: 1,
                scale_shift: false,
                ..config(128, 2, &[1, 1, 2, 2, 4, 4], &[16])
            },
            Self::Upsample64To256 => UnetConfig {
                super_resolution: true,
                ..config(192, 2, &[1, 1, 2, 2, 4, 4], &[16, 32]).with_classes(IMAGENET_CLASSES)
            },
        }
    }

    /// The size of its images.
    pub const fn size(self) -> ImageSize {
        match self {
            Self::Cifar10Uncond | Self::Cifar10UncondVlb => ImageSize::square(32),
            Self::ImageNet64Uncond | Self::ImageNet64UncondVlb | Self::ImageNet64Cond => {
                ImageSize::square(64)
            }
            Self::LsunBedroom => ImageSize::square(256),
            Self::Upsample64To256 => ImageSize::upsampled(256, 64),
        }
    }

    /// The diffusion process.
    pub const fn diffusion(self) -> Diffusion<'static> {
        match self {
            Self::Cifar10Uncond
            | Self::Cifar10UncondVlb
            | Self::ImageNet64Uncond
            | Self::ImageNet64UncondVlb => Diffusion::new(Schedule::Cosine, 4000),
            Self::ImageNet64Cond => {
                Diffusion::new(Schedule::Cosine, 4000).with_rescaled_timesteps(false)
            }
            Self::LsunBedroom => {
                Diffusion::new(Schedule::Linear, 1000).with_rescaled_timesteps(false)
            }
            Self::Upsample64To256 => {
                Diffusion::new(Schedule::Linear, 4000).with_rescaled_timesteps(false)
            }
        }
    }

    /// What a file of its weights says of itself.
    pub fn describe(self, weights: Weights, step: u64) -> Description {
        Description::new(
            self.unet(),
            self.size(),
            ModelCard {
                diffusion: self.diffusion(),
                weights,
                step,
            },
        )
    }
}

impl FromStr for Preset {
    type Err = CheckpointError;

    fn from_str(name: &str) -> Result<Self, CheckpointError> {
        let mut presets = Self::ALL.into_iter();
        presets
            .find(|preset| preset.name() == name)
            .ok_or_else(|| CheckpointError::UnknownPreset { name: name.into() })
    }
}
