//! What the steps of a run follow from beside its method.

use super::prediction::Clip;
use super::process::ProcessView;

/// What the steps of a run follow from beside its method.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Setting<'a> {
    pub(super) process: ProcessView<'a>,
    pub(super) clip: Clip,
    /// E‖ε_θ‖²/D of each step, where the variance is the optimal one.
    pub(super) epsilon_mean_square: Option<&'a [f64]>,
}
