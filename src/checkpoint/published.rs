//! The public implementation's command line as data: the names of its flags, and the published models by
//! them.

/// Declares the flags of model and diffusion, each with its name.
macro_rules! flags {
    ($($flag:ident = $name:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy)]
        pub(super) enum Flag {
            $($flag,)*
        }

        /// The names of all flags.
        pub(super) const FLAGS: [&str; [$($name),*].len()] = [$($name),*];

        impl Flag {
            pub(super) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$flag),)*
                    _ => None,
                }
            }
        }
    };
}

flags! {
    ImageSize = "image_size",
    LargeSize = "large_size",
    SmallSize = "small_size",
    NumChannels = "num_channels",
    NumResBlocks = "num_res_blocks",
    NumHeads = "num_heads",
    NumHeadsUpsample = "num_heads_upsample",
    AttentionResolutions = "attention_resolutions",
    ChannelMult = "channel_mult",
    ClassCond = "class_cond",
    UseScaleShiftNorm = "use_scale_shift_norm",
    LearnSigma = "learn_sigma",
    SigmaSmall = "sigma_small",
    DiffusionSteps = "diffusion_steps",
    NoiseSchedule = "noise_schedule",
    PredictXstart = "predict_xstart",
    RescaleTimesteps = "rescale_timesteps",
    Dropout = "dropout",
    UseKl = "use_kl",
    RescaleLearnedSigmas = "rescale_learned_sigmas",
    UseCheckpoint = "use_checkpoint",
}

/// A published model of the public implementation.
///
/// ```
/// use iddpm::checkpoint::Preset;
/// use iddpm::diffusion::WeightSet;
/// let cifar = Preset::Cifar10Uncond.describe(WeightSet::Ema { rate: 0.9999 }, 500_000)?;
/// assert_eq!(cifar.graph(1)?.parameter_count(), 52_546_438);
/// # Ok::<(), iddpm::checkpoint::CheckpointError>(())
/// ```
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
    /// LSUN bedrooms at 256×256; there are two, of 1200K and of 2400K iterations.
    LsunBedroom,
    /// ImageNet from 64×64 to 256×256, conditioned on the class, 500K iterations.
    Upsample64To256,
}

impl Preset {
    /// All published models.
    pub const ALL: [Self; 7] = [
        Self::Cifar10Uncond,
        Self::Cifar10UncondVlb,
        Self::ImageNet64Uncond,
        Self::ImageNet64UncondVlb,
        Self::ImageNet64Cond,
        Self::LsunBedroom,
        Self::Upsample64To256,
    ];

    /// The name of the model, by which [`str::parse`] finds it.
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

    /// The flags of network and diffusion under which the model was published.
    pub const fn flags(self) -> &'static str {
        match self {
            Self::Cifar10Uncond => {
                "--image_size 32 --num_channels 128 --num_res_blocks 3 --learn_sigma True \
                 --dropout 0.3 --diffusion_steps 4000 --noise_schedule cosine"
            }
            Self::Cifar10UncondVlb => {
                "--image_size 32 --num_channels 128 --num_res_blocks 3 --learn_sigma True \
                 --dropout 0.3 --diffusion_steps 4000 --noise_schedule cosine --use_kl True"
            }
            Self::ImageNet64Uncond => {
                "--image_size 64 --num_channels 128 --num_res_blocks 3 --learn_sigma True \
                 --diffusion_steps 4000 --noise_schedule cosine"
            }
            Self::ImageNet64UncondVlb => {
                "--image_size 64 --num_channels 128 --num_res_blocks 3 --learn_sigma True \
                 --diffusion_steps 4000 --noise_schedule cosine --use_kl True"
            }
            Self::ImageNet64Cond => {
                "--image_size 64 --num_channels 192 --num_res_blocks 3 --learn_sigma True \
                 --class_cond True --diffusion_steps 4000 --noise_schedule cosine \
                 --rescale_learned_sigmas False --rescale_timesteps False"
            }
            Self::LsunBedroom => {
                "--image_size 256 --num_channels 128 --num_res_blocks 2 --num_heads 1 \
                 --learn_sigma True --use_scale_shift_norm False --attention_resolutions 16 \
                 --diffusion_steps 1000 --noise_schedule linear \
                 --rescale_learned_sigmas False --rescale_timesteps False"
            }
            Self::Upsample64To256 => {
                "--large_size 256 --small_size 64 --num_channels 192 --num_res_blocks 2 \
                 --learn_sigma True --class_cond True --diffusion_steps 4000 \
                 --noise_schedule linear --rescale_learned_sigmas False --rescale_timesteps False"
            }
        }
    }
}
