//! What must travel with a file of weights, so that it can be used at all.

use super::process::Diffusion;

/// Which weights a file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Weights {
    /// As the optimiser left them.
    Raw,
    /// Their exponential moving average.
    Ema {
        /// Its rate, such as 0.9999.
        rate: f64,
    },
}

/// The process a network was trained on, which of its weights these are, and when they were taken.
///
/// Nothing in it has a default when it is read: a card that leaves a field out is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ModelCard<'a> {
    /// The diffusion process.
    pub diffusion: Diffusion<'a>,
    /// Raw or averaged.
    pub weights: Weights,
    /// Training steps taken.
    pub step: u64,
}
