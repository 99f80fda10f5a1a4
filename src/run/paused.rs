//! Where a batch of images stands, whatever runs it.

use std::vec::Vec;

use crate::diffusion::SamplerState;

/// The cursor of a batch, its x_t and what a multistep method keeps, [N, C, H, W] each. Without x it is at its
/// beginning, and x_T follows from its samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paused {
    pub(super) state: SamplerState,
    pub(super) x: Vec<f32>,
    pub(super) history: Vec<f32>,
}

impl Paused {
    /// Whether nothing has happened yet.
    pub(super) const fn is_at_its_beginning(&self) -> bool {
        self.state.position == 0 && self.x.is_empty()
    }
}
