//! What is trained, and how.

use std::vec::Vec;

use crate::checkpoint::{Description, ImageSize};
use crate::data::Dataset;
use crate::diffusion::{Diffusion, ModelCard, Prediction, Schedule, Variance, WeightSet};
use crate::run::Model;
use crate::train::{Broken, MicrobatchRule, TrainConfig};
use crate::unet::{Extents, UnetConfig};

/// What is trained, and how. Size, channels and classes are the data's.
///
/// ```
/// use iddpm::Recipe;
/// let mut recipe = Recipe::default();
/// // A smaller network: two levels, no attention.
/// recipe.unet = recipe.unet.with_multipliers(&[1, 2]).with_attention(&[]);
/// recipe.config.batch = 64;
/// recipe.config.lr = 2e-4;
/// recipe.save_every = 500;
/// ```
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The network; its channels and classes are replaced by the data's, and `low_res` says whether it enlarges. It
    /// has a null class where that is asked for here or labels are dropped.
    pub unet: UnetConfig,
    /// The diffusion.
    pub diffusion: Diffusion<'static>,
    /// The options of the run. Of [`microbatch`](TrainConfig::microbatch) it is a bound: as many examples run at once
    /// as divide the batch, and no more. Under [`MicrobatchRule::Sum`], of which results depend on them, it is that
    /// number or the whole batch. [`drop_labels`](TrainConfig::drop_labels) counts where the network is told classes.
    pub config: TrainConfig,
    /// Height and width of the images that the network enlarges to those of the data; `None` for one that draws from
    /// noise alone.
    pub low_res: Option<(usize, usize)>,
    /// Whether the network is told classes, where the data has any.
    pub classes: bool,
    /// The model whose weights a new run begins with; `None` for weights that are drawn from the seed. A run that
    /// goes on has its own.
    pub init: Option<Model>,
    /// The number of steps that a student of `init` draws in, as [`distilling`](Self::distilling) sets it; `None` for a
    /// network that learns from the data.
    pub distill: Option<u32>,
    /// What is done with examples that cannot be read.
    pub broken: Broken,
    /// The steps between two saved states; 0 for none but those that are asked for.
    pub save_every: u64,
    /// The number of states that are kept.
    pub keep: usize,
    /// Whether it is measured how much of each step's gradient is noise
    /// ([`Trainer::with_noise_scale`](crate::train::Trainer::with_noise_scale)), which asks for a microbatch below the batch.
    pub noise_scale: bool,
}

/// Channels at the highest resolution.
const CHANNELS: usize = 32;
/// The side at which there is attention, beside the middle's.
const ATTENTION: usize = 8;
/// Rows and columns that the lowest level has at least.
const LOWEST: usize = 4;
/// Steps until the learning rate has fallen to 0: about an hour for images of 32×32 on two cores.
const STEPS: u64 = 12_000;
/// Examples of a step, where there are as many.
const BATCH: usize = 32;

impl Default for Recipe {
    /// For images of 32×32 of classes: see [`of`](Self::of).
    fn default() -> Self {
        let side = 32;
        Self::sized((side, side), BATCH, true)
    }
}

impl Recipe {
    /// A recipe for small pictures on a processor, sized by a data set: what the shipped sprites were trained with.
    ///
    /// 32 channels, twice as many below the highest resolution; as many levels as leave 4 rows and columns to the
    /// lowest, two residual blocks each; attention where 8 rows and columns are left; v-prediction, a cosine schedule,
    /// T = 1000, learned variance; batches of 32, labels dropped with probability 0.1; 1e-3 falling to 0 at step 12,000.
    ///
    /// ```
    /// use iddpm::Recipe;
    /// use iddpm::data::Images;
    /// use iddpm::unet::Extents;
    /// let extents = Extents { channels: 4, height: 24, width: 24 };
    /// let icons = Images::new(extents, vec![0; 2 * 4 * 24 * 24], None, None)?;
    /// let recipe = Recipe::of(&icons);
    /// assert_eq!(recipe.unet.channel_mult, [1, 2, 2]); // 24, 12 and 6 rows
    /// assert_eq!(recipe.config.batch, 2); // there are no more
    /// # Ok::<(), iddpm::data::DataError>(())
    /// ```
    pub fn of(data: &dyn Dataset) -> Self {
        let Extents { height, width, .. } = data.extents();
        Self::sized((height, width), data.len(), data.classes().is_some())
    }

    fn sized((height, width): (usize, usize), examples: usize, classes: bool) -> Self {
        let halves = |side: usize| side.is_multiple_of(2) && side / 2 >= LOWEST;
        let below = |level: u32| (height >> level, width >> level);
        let halved = (0..).take_while(|&level| {
            let (height, width) = below(level);
            halves(height) && halves(width)
        });
        let levels = halved.count() as u32 + 1;
        let attention = (0..levels).find(|&level| {
            let (height, width) = below(level);
            height.max(width) <= ATTENTION
        });
        let multipliers: Vec<usize> = (0..levels)
            .map(|level| if level == 0 { 1 } else { 2 })
            .collect();
        let attention: Vec<usize> = attention.map(|level| 1 << level).into_iter().collect();
        let unet = UnetConfig {
            num_res_blocks: 2,
            num_heads: 4,
            num_heads_upsample: 4,
            ..UnetConfig::new(3, CHANNELS)
                .with_multipliers(&multipliers)
                .with_attention(&attention)
                .with_learned_variance()
        };
        let batch = BATCH.min(examples);
        Self {
            unet,
            diffusion: Diffusion::new(Schedule::Cosine, 1000)
                .with_prediction(Prediction::V)
                .with_variance(Variance::LearnedRange),
            config: TrainConfig {
                batch,
                microbatch: batch,
                lr: 1e-3,
                anneal: STEPS,
                drop_labels: if classes { 0.1 } else { 0.0 },
                ..TrainConfig::default()
            },
            low_res: None,
            classes: true,
            init: None,
            distill: None,
            broken: Broken::Fatal,
            save_every: 1000,
            keep: 2,
            noise_scale: false,
        }
    }

    /// The same recipe for a network that there is already: its shape and its diffusion.
    #[must_use]
    pub fn like(self, network: &Description) -> Self {
        Self {
            unet: network.unet.clone(),
            diffusion: network.card.diffusion,
            low_res: network.size.low_res,
            ..self
        }
    }

    /// The network that is trained on a data set. Its classes are called as the data says, or where that does not
    /// know it, as a network does that there is already.
    pub(super) fn description(
        &self,
        data: &dyn Dataset,
        network: Option<&Description>,
    ) -> Description {
        let Extents {
            channels,
            height,
            width,
        } = data.extents();
        // One number a channel, or a variance beside it.
        let each = self.unet.out_channels / self.unet.in_channels.max(1);
        let classes = data.classes().filter(|_| self.classes);
        let unet = UnetConfig {
            in_channels: channels,
            out_channels: channels.saturating_mul(each),
            num_classes: classes,
            null_class: classes.is_some() && self.has_null_class(),
            super_resolution: self.low_res.is_some(),
            ..self.unet.clone()
        };
        let size = ImageSize {
            height,
            width,
            low_res: self.low_res,
        };
        let card = ModelCard {
            diffusion: self.diffusion,
            weights: WeightSet::Raw,
            step: 0,
        };
        let of_network = network.and_then(|network| network.class_names.as_deref());
        let names = data.class_names().or(of_network);
        Description {
            class_names: names.map(<[_]>::to_vec).filter(|_| classes.is_some()),
            ..Description::new(unet, size, card)
        }
    }

    /// Whether the network is to know no class as well: what drops labels needs it.
    fn has_null_class(&self) -> bool {
        self.unet.null_class || self.config.drop_labels > 0.0
    }

    /// The options of the run on a data set, with a microbatch that divides the batch where there is one. Labels are
    /// dropped where there are such.
    pub(super) fn config(&self, data: &dyn Dataset) -> TrainConfig {
        let TrainConfig {
            batch, microbatch, ..
        } = self.config;
        let examples = data.len();
        let labelled = self.classes && data.classes().is_some();
        let most = microbatch.min(batch);
        let microbatch = match self.config.rule {
            // A batch of more than there is is refused, and need not be divided.
            MicrobatchRule::Mean if batch <= examples => {
                (1..=most).rev().find(|&of| batch.is_multiple_of(of))
            }
            MicrobatchRule::Mean | MicrobatchRule::Sum => Some(most),
        };
        TrainConfig {
            // None: 0, which is refused as such.
            microbatch: microbatch.unwrap_or(most),
            drop_labels: if labelled {
                self.config.drop_labels
            } else {
                0.0
            },
            ..self.config.clone()
        }
    }
}
