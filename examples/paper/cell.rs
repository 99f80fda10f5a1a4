//! The networks that are compared: what differs between them, and how each is trained.

use std::fmt;

use iddpm::data::Dataset;
use iddpm::diffusion::{Diffusion, Objective, Schedule, Variance};
use iddpm::run::Recipe;
use iddpm::train::{TimestepLaw, TrainConfig};
use iddpm::unet::UnetConfig;

use super::options::Kind;
use super::scale::Scale;
use super::sets::Set;

/// Microbatches of a step.
const MICROBATCHES: usize = 4;
/// Steps in which the rate rises, where a run is long enough.
const WARM_UP: u64 = 100;

/// A network of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cell {
    pub(crate) set: Set,
    pub(crate) schedule: Noise,
    pub(crate) goal: Goal,
    pub(crate) size: Size,
    /// What its weights, the order of its images and their noise follow from.
    pub(crate) seed: u64,
}

/// How noise grows with t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Noise {
    Linear,
    Cosine,
}

/// What is minimised, and by which law t is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Goal {
    /// L_simple.
    Simple,
    /// L_hybrid.
    Hybrid,
    /// L_hybrid, with t drawn by importance.
    HybridByImportance,
    /// L_vlb.
    Vlb,
    /// L_vlb, with t drawn by importance, as the paper has it.
    VlbByImportance,
}

/// How large the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Size {
    Usual,
    /// As large, and trained for as few steps as the larger ones, with which it is compared.
    Short,
    /// Three residual blocks a level in place of one.
    Deep,
    /// Twice the channels.
    Wide,
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Cosine => "cosine",
        })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Hybrid => "hybrid",
            Self::HybridByImportance => "hybrid_importance",
            Self::Vlb => "vlb",
            Self::VlbByImportance => "vlb_importance",
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usual => "usual",
            Self::Short => "short",
            Self::Deep => "deep",
            Self::Wide => "wide",
        })
    }
}

impl fmt::Display for Cell {
    /// A name for its files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            set,
            schedule,
            goal,
            size,
            seed,
        } = self;
        write!(f, "{set}-{schedule}-{goal}-{size}-{seed}")
    }
}

impl Goal {
    /// The variances by which its bits/dim are measured, of which the better counts: a fixed one is either of two.
    pub(crate) const fn variances(self) -> &'static [Option<Variance>] {
        match self {
            Self::Simple => &[Some(Variance::FixedLarge), Some(Variance::FixedSmall)],
            Self::Hybrid | Self::HybridByImportance | Self::Vlb | Self::VlbByImportance => &[None],
        }
    }
}

impl Cell {
    /// The steps that its bits/dim are of: large images and networks cost too much for all of them, and appendix E has what
    /// that changes.
    pub(crate) const fn bound(&self, scale: &Scale) -> &'static str {
        match (self.set, scale.kind) {
            (Set::Sprites, _) | (Set::Digits, Kind::Published) => "early50",
            _ => "all",
        }
    }

    /// The digits' network of a schedule and an objective.
    pub(crate) const fn digits(schedule: Noise, goal: Goal, seed: u64) -> Self {
        Self {
            set: Set::Digits,
            schedule,
            goal,
            size: Size::Usual,
            seed,
        }
    }

    /// The steps that it is trained for.
    pub(crate) const fn steps(&self, scale: &Scale) -> u64 {
        match (self.set, self.size) {
            (Set::Digits, Size::Usual) => scale.steps,
            (Set::Field | Set::Mosaic, _) => scale.known_steps,
            (Set::Sprites, _) | (_, Size::Short | Size::Deep | Size::Wide) => scale.fewer_steps,
        }
    }

    /// How it is trained on its set.
    pub(crate) fn recipe(&self, scale: &Scale, data: &dyn Dataset) -> Recipe {
        let channels = data.extents().channels;
        let (variance, objective) = match self.goal {
            Goal::Simple => (Variance::FixedLarge, Objective::Mse),
            Goal::Hybrid | Goal::HybridByImportance => {
                (Variance::LearnedRange, Objective::RescaledMse)
            }
            Goal::Vlb | Goal::VlbByImportance => (Variance::LearnedRange, Objective::RescaledKl),
        };
        let unet = match self.goal {
            Goal::Simple => self.network(scale.kind, channels),
            _ => self.network(scale.kind, channels).with_learned_variance(),
        };
        let schedule = match self.schedule {
            Noise::Linear => Schedule::Linear,
            Noise::Cosine => Schedule::Cosine,
        };
        let timesteps = match self.goal {
            Goal::HybridByImportance | Goal::VlbByImportance => TimestepLaw::LossSecondMoment,
            Goal::Simple | Goal::Hybrid | Goal::Vlb => TimestepLaw::Uniform,
        };
        let has_classes = data.classes().is_some();
        // The noise of gradients is told by one of them beside all.
        let microbatch = scale.batch / MICROBATCHES;
        let steps = self.steps(scale);
        Recipe {
            unet,
            diffusion: Diffusion::new(schedule, self.timesteps(scale.kind)).with_variance(variance),
            config: TrainConfig {
                batch: MICROBATCHES * microbatch,
                microbatch,
                lr: match self.set {
                    Set::Digits | Set::Sprites => scale.lr,
                    Set::Field | Set::Mosaic => scale.known_lr,
                },
                warm_up: WARM_UP.min(steps / 10),
                anneal: steps,
                objective,
                timesteps,
                drop_labels: if has_classes { 0.1 } else { 0.0 },
                seed: self.seed,
                ..TrainConfig::default()
            },
            save_every: (steps / Scale::QUARTERS).max(1),
            // Of sizes the way there is told.
            keep: if self.size == Size::Usual { 1 } else { 4 },
            noise_scale: true,
            ..Recipe::of(data)
        }
    }

    /// T.
    pub(crate) const fn timesteps(&self, kind: Kind) -> u32 {
        match (self.set, kind) {
            (Set::Digits, Kind::Published) => 4000,
            (Set::Digits, Kind::Small) | (Set::Sprites, _) => 1000,
            // The first step's noise then has a deviation of 3 of the 255 values, where both laws are smooth but at the mosaic's
            // edges: with the best network the bound is 0.1 % above their entropy.
            (Set::Field | Set::Mosaic, _) => 250,
        }
    }

    fn network(&self, kind: Kind, channels: usize) -> UnetConfig {
        let published = kind == Kind::Published && self.set == Set::Digits;
        let (width, blocks) = if published { (128, 3) } else { (32, 1) };
        let (width, num_res_blocks) = match self.size {
            Size::Usual | Size::Short => (width, blocks),
            Size::Deep => (width, 3 * blocks),
            Size::Wide => (2 * width, blocks),
        };
        let unet = UnetConfig {
            num_res_blocks,
            ..UnetConfig::new(channels, width)
        };
        match (published, self.set) {
            (true, _) => unet.with_multipliers(&[1, 2, 2, 2]).with_attention(&[2, 4]),
            (false, Set::Digits) => unet.with_multipliers(&[1, 2]).with_attention(&[2]),
            (false, Set::Sprites) => unet.with_multipliers(&[1, 2, 2]).with_attention(&[4]),
            // In 32 groups each channel would be normalised for itself, by 64 positions, and an image's values would be lost: the
            // bound is half a percent higher then.
            (false, Set::Field | Set::Mosaic) => UnetConfig {
                norm_groups: 1,
                ..unet
            }
            .with_multipliers(&[1, 2]),
        }
    }
}
