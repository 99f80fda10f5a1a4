//! The report of a step, and how it is summed up.

use std::vec::Vec;

use serde::Serialize;

use super::noise_scale::GradientNoise;
use crate::data::DataError;
use crate::diffusion::resample::Drawn;

/// The report of a training step: its losses, its gradient, and what was left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// The number of the step, from 1 on.
    pub step: u64,
    /// The mean loss, each weighted by its importance: an unbiased estimate.
    pub loss: f64,
    /// The mean squared error, not weighted.
    pub mse: f64,
    /// The mean of the bound's terms in bits/dim, not weighted.
    pub bound: f64,
    /// The mean loss of the examples in each quartile of t; `None` where there were none.
    pub quartiles: [Option<f64>; 4],
    /// The norm of the gradient, before clipping.
    pub grad_norm: f64,
    /// How much of the gradient is noise, where that is measured and the step was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<GradientNoise>,
    /// The learning rate of the step.
    pub lr: f64,
    /// log₂ of the loss scale, where there is one.
    pub loss_scale: Option<f64>,
    /// Whether the update was taken.
    pub taken: bool,
    /// The reasons why examples were left out.
    #[serde(skip)]
    pub skipped: Vec<DataError>,
}

/// What is reported of a step, as it is summed up.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) loss: f64,
    pub(super) mse: f64,
    pub(super) bound: f64,
    pub(super) quartiles: [(f64, u32); 4],
}

impl Sums {
    pub(super) fn add(&mut self, drawn: Drawn, [total, mse, bound]: [f32; 3], steps: usize) {
        self.loss += drawn.weight * f64::from(total);
        self.mse += f64::from(mse);
        self.bound += f64::from(bound);
        let quartile = 4 * drawn.timestep as usize / steps.max(1);
        let quartile = self.quartiles.get_mut(quartile);
        debug_assert!(quartile.is_some(), "t is less than {steps}: {drawn:?}");
        if let Some((sum, count)) = quartile {
            *sum += f64::from(total);
            *count += 1;
        }
    }
}
