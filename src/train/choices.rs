//! The names of what a run may choose, as its `run.json` has them.

use super::config::{Annealing, MicrobatchRule, TimestepLaw};
use super::grad::Recompute;
use crate::diffusion::names::plain_names;

plain_names! {
    "rule for microbatches", MicrobatchRule[2]:
    Mean = "mean", Sum = "sum"
}

plain_names! {
    "annealing", Annealing[2]:
    Linear = "linear", Cosine = "cosine"
}

plain_names! {
    "law of timesteps", TimestepLaw[2]:
    Uniform = "uniform", LossSecondMoment = "loss_second_moment"
}

plain_names! {
    "way to recompute", Recompute[3]:
    Nothing = "nothing", Cheap = "cheap", Blocks = "blocks"
}
