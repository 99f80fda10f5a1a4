//! What the command line says of the network and of its diffusion; the rest is the data's, or that of a network that
//! there is already.

use clap::Args;
use iddpm::checkpoint::Description;
use iddpm::data::Dataset;
use iddpm::diffusion::{Diffusion, Objective, Prediction, Schedule, Variance};
use iddpm::run::Recipe;
use iddpm::unet::UnetConfig;

use super::options::MANY;
use super::whole::whole;
use super::words::{Word, words};

/// The downsampling factor at which there is attention where levels are given and no more.
const ATTENTION: usize = 4;

/// What is not said is as the images ask for, or as the network has it that training goes on with.
#[derive(Args)]
pub(crate) struct NetworkOptions {
    /// Channels at the highest resolution, a multiple of --norm-groups, up to 8192: 32 where none are given.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    channels: Option<usize>,
    /// Channels of each level over the first's, which is 1: up to 16 levels. Where none are given, 1 and then 2 for each
    /// level that has 4 rows and columns or more.
    #[arg(long, value_delimiter = ',', value_parser = whole::<usize>(1..=MANY))]
    multipliers: Option<Vec<usize>>,
    /// Residual blocks of a level, 1 to 64: 2 where none are given.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    blocks: Option<usize>,
    /// Downsampling factors at which there is attention: of 1, 2, 4, ... as many as there are levels; where none are
    /// given, the first that leaves 8 rows and columns or fewer, and with --multipliers 4, if there is such a level.
    #[arg(long, value_delimiter = ',', value_parser = whole::<usize>(1..=MANY))]
    attention: Option<Vec<usize>>,
    /// Groups of channels that are normalised together, 1 to 8192: 32 where none are given, as in published networks.
    /// Networks of fewer channels have fewer: --channels 8 --norm-groups 4.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    norm_groups: Option<usize>,
    /// Attention heads, 4 where none are given; the channels where there is attention are split over them.
    #[arg(long, value_parser = whole::<usize>(1..=MANY))]
    heads: Option<usize>,

    /// Steps of the diffusion, T: 2 to 1000000, 1000 where none are given.
    #[arg(long, value_parser = whole::<u32>(2..=1_000_000))]
    timesteps: Option<u32>,
    /// How noise grows with t; cosine where it is not said.
    #[arg(long, value_parser = words::<Schedule<'_>>(&SCHEDULES))]
    schedule: Option<Schedule<'static>>,
    /// What the network predicts; v where it is not said.
    #[arg(long, value_parser = words::<Prediction>(&PREDICTIONS))]
    predict: Option<Prediction>,
}

const SCHEDULES: [Word; 3] = [("linear", ""), ("cosine", ""), ("sigmoid", "")];

const PREDICTIONS: [Word; 3] = [
    ("epsilon", "The noise, as the paper"),
    ("x-start", "The image"),
    (
        "v",
        "v of Salimans & Ho: the noise where there is little of it, the image where there is much",
    ),
];

impl NetworkOptions {
    /// An option that says something of the network, if any does.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--channels", self.channels.is_some()),
            ("--multipliers", self.multipliers.is_some()),
            ("--blocks", self.blocks.is_some()),
            ("--attention", self.attention.is_some()),
            ("--norm-groups", self.norm_groups.is_some()),
            ("--heads", self.heads.is_some()),
            ("--timesteps", self.timesteps.is_some()),
            ("--schedule", self.schedule.is_some()),
            ("--predict", self.predict.is_some()),
        ];
        let mut given = given.into_iter();
        given.find_map(|(option, is)| is.then_some(option))
    }

    /// Network and diffusion of a recipe, for an objective: as they are said, else as the network has them that there is
    /// already, else as the data asks for.
    pub(crate) fn apply(
        &self,
        recipe: &mut Recipe,
        network: Option<&Description>,
        data: &dyn Dataset,
        objective: Objective,
    ) {
        let sized = Recipe::of(data);
        let based = match network {
            Some(network) => sized.like(network),
            None => sized,
        };
        let learned = objective != Objective::Mse;
        let unet = self.unet(based.unet);
        recipe.unet = UnetConfig {
            out_channels: unet.in_channels,
            ..unet
        };
        if learned {
            recipe.unet = recipe.unet.clone().with_learned_variance();
        }
        recipe.diffusion = Diffusion {
            schedule: self.schedule.unwrap_or(based.diffusion.schedule),
            num_timesteps: self.timesteps.unwrap_or(based.diffusion.num_timesteps),
            prediction: self.predict.unwrap_or(based.diffusion.prediction),
            variance: match learned {
                true => Variance::LearnedRange,
                false => Variance::FixedLarge,
            },
            ..based.diffusion
        };
    }

    fn unet(&self, based: UnetConfig) -> UnetConfig {
        let attention = match (&self.attention, &self.multipliers) {
            (Some(factors), _) => factors.clone(),
            (None, Some(levels)) => {
                let deepest = 1_usize.checked_shl(levels.len().saturating_sub(1) as u32);
                let there = deepest.is_none_or(|deepest| deepest >= ATTENTION);
                there.then_some(ATTENTION).into_iter().collect()
            }
            (None, None) => based.attention_factors.clone(),
        };
        UnetConfig {
            model_channels: self.channels.unwrap_or(based.model_channels),
            num_res_blocks: self.blocks.unwrap_or(based.num_res_blocks),
            norm_groups: self.norm_groups.unwrap_or(based.norm_groups),
            num_heads: self.heads.unwrap_or(based.num_heads),
            num_heads_upsample: self.heads.unwrap_or(based.num_heads_upsample),
            ..based.clone()
        }
        .with_multipliers(self.multipliers.as_ref().unwrap_or(&based.channel_mult))
        .with_attention(&attention)
    }
}
