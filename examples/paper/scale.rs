//! How much is trained and measured.

use super::options::{Kind, Options};

/// The numbers that the scale is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) kind: Kind,
    /// Steps of a network of digits.
    pub(crate) steps: u64,
    /// Steps of one that is for sprites, or among those whose sizes are compared.
    pub(crate) fewer_steps: u64,
    /// Steps of one whose truth is known: each costs a fifth of the others', and 1 % of it takes many.
    pub(crate) known_steps: u64,
    pub(crate) batch: usize,
    pub(crate) lr: f64,
    /// Of those whose truth is known.
    pub(crate) known_lr: f64,
    /// Images whose bits/dim are measured, of a network and of one whose truth is known.
    pub(crate) evaluated: usize,
    /// Samples that are judged.
    pub(crate) samples: usize,
    /// Steps of the classifier.
    pub(crate) classifier: u64,
    pub(crate) seeds: u64,
}

impl Scale {
    /// The states of a run that are compared on its way.
    pub(crate) const QUARTERS: u64 = 4;

    /// By the options: steps as they say; images, and the classifier's steps, as the root of that, so that errors fall as fast
    /// as networks get better.
    pub(crate) fn of(options: &Options) -> Self {
        let factor = options.scale();
        let steps = |usual: f64| {
            let quarter = (usual * factor / Self::QUARTERS as f64).round() as u64;
            Self::QUARTERS * quarter.max(1)
        };
        // Bounds are the processor's: of a large network a few images take hours.
        let most = match options.network {
            Kind::Small => usize::MAX,
            Kind::Published => 64,
        };
        let rooted =
            |usual: f64, least: usize| (usual * factor.sqrt()).round().max(least as f64) as usize;
        let (batch, lr) = match options.network {
            Kind::Small => (32, 1e-3),
            Kind::Published => (128, 1e-4),
        };
        Self {
            kind: options.network,
            steps: steps(800.0),
            fewer_steps: steps(400.0),
            known_steps: steps(6400.0),
            batch,
            lr,
            known_lr: 3e-3,
            evaluated: rooted(24.0, 4).min(most),
            samples: rooted(240.0, 48),
            classifier: rooted(800.0, 40) as u64,
            seeds: options.seeds,
        }
    }
}
