//! What is trained, and how.

use crate::checkpoint::{Description, ImageSize};
use crate::data::Dataset;
use crate::diffusion::{Diffusion, ModelCard, Schedule, Variance, WeightSet};
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
    /// number or the whole batch.
    pub config: TrainConfig,
    /// Height and width of the images that the network enlarges to those of the data; `None` for one that draws from
    /// noise alone.
    pub low_res: Option<(usize, usize)>,
    /// Whether the network is told classes, where the data has any.
    pub classes: bool,
    /// The model whose weights a new run begins with; `None` for weights that are drawn from the seed. A run that
    /// goes on has its own.
    pub init: Option<Model>,
    /// What is done with examples that cannot be read.
    pub broken: Broken,
    /// The steps between two saved states; 0 for none but those that are asked for.
    pub save_every: u64,
    /// The number of states that are kept.
    pub keep: usize,
}

impl Default for Recipe {
    /// A small network for small pictures, as the program `train` trains it: 32 channels at three levels, attention
    /// at a quarter of the side, cosine schedule, T = 1000, learned variance.
    fn default() -> Self {
        let unet = UnetConfig {
            num_res_blocks: 1,
            num_heads: 4,
            num_heads_upsample: 4,
            ..UnetConfig::new(3, 32)
                .with_multipliers(&[1, 2, 2])
                .with_attention(&[4])
                .with_learned_variance()
        };
        Self {
            unet,
            diffusion: Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::LearnedRange),
            config: TrainConfig::default(),
            low_res: None,
            classes: true,
            init: None,
            broken: Broken::Fatal,
            save_every: 1000,
            keep: 2,
        }
    }
}

impl Recipe {
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

    /// The options of the run on so many examples, with a microbatch that divides the batch where there is one.
    pub(super) fn config(&self, examples: usize) -> TrainConfig {
        let TrainConfig {
            batch, microbatch, ..
        } = self.config;
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
            ..self.config.clone()
        }
    }
}
