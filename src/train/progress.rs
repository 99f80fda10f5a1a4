//! Where a run is.

use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::loss_scale::LossScale;
use crate::diffusion::resample::LossSecondMoment;

/// Where a run is: with the weights and moments all that it goes on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps whose update was taken: the t of AdamW.
    pub taken: u64,
    /// The loss scale, where there is one.
    pub loss_scale: Option<LossScale>,
    /// Examples that could not be read.
    pub skipped: u64,
    /// The losses of each t, where they are needed.
    pub history: Option<LossSecondMoment<Vec<f64>>>,
}
