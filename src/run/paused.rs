//! Where a batch of images stands, whatever runs it.

use std::vec::Vec;

use crate::diffusion::SamplerState;

/// The cursor of a batch, its x_t and what a multistep method keeps, [N, C, H, W] each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paused {
    pub(super) state: SamplerState,
    pub(super) x: Vec<f32>,
    pub(super) history: Vec<f32>,
}
