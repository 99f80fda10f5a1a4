//! The learning rate as the options say it, and how it is told.

use std::fmt;

use clap::ValueEnum;
use iddpm::train::{Annealing, TrainConfig};
use serde::{Deserialize, Serialize};

/// How the learning rate goes on behind its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LrSchedule {
    /// On a straight line to 0 at --anneal; without that it stays.
    Linear,
    /// On half a cosine to 0 at --anneal.
    Cosine,
    /// It stays, whatever --anneal says.
    Constant,
}

impl LrSchedule {
    pub(crate) const fn annealing(self) -> Annealing {
        match self {
            Self::Cosine => Annealing::Cosine,
            Self::Linear | Self::Constant => Annealing::Linear,
        }
    }
}

/// All that the learning rate of a step follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rates {
    lr: f64,
    warm_up: u64,
    anneal: u64,
    annealing: Annealing,
}

impl From<&TrainConfig> for Rates {
    fn from(config: &TrainConfig) -> Self {
        Self {
            lr: config.lr,
            warm_up: config.warm_up,
            anneal: config.anneal,
            annealing: config.annealing,
        }
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lr, warm_up, anneal) = (self.lr, self.warm_up, self.anneal);
        write!(f, "{lr}, warm-up {warm_up}, ")?;
        match anneal {
            0 => write!(f, "constant"),
            _ => write!(f, "{} to 0 at step {anneal}", self.annealing),
        }
    }
}
