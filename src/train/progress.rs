//! The progress of a run.

use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::loss_scale::LossScale;
use crate::diffusion::resample::LossSecondMoment;

/// The progress of a run: with the weights and moments all that it goes on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The number of steps done.
    pub step: u64,
    /// The number of steps whose update was taken: the t of AdamW.
    pub taken: u64,
    /// The loss scale, where training with f16 has one.
    pub loss_scale: Option<LossScale>,
    /// The number of examples that could not be read.
    pub skipped: u64,
    /// The losses of each timestep t, where importance sampling needs them.
    pub history: Option<LossSecondMoment<Vec<f64>>>,
}
