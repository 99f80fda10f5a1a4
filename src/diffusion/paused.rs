//! Where a run stands, on the heap.

use alloc::vec::Vec;

use super::state::SamplerState;

/// A run between two of its steps, whatever runs it: plain data, by which it goes on elsewhere.
///
/// `cpu::Generation` and `gpu::DeviceGeneration` yield one by their `paused`, and go on from one by their `resume`.
#[derive(Debug, Clone, PartialEq)]
pub struct Paused {
    /// The cursor of the sampler.
    pub state: SamplerState,
    /// The images x_t, [N, C, H, W]; empty where x_T was not drawn yet.
    pub x: Vec<f32>,
    /// The numbers that a multistep method keeps, as long as x; empty for the others.
    pub history: Vec<f32>,
}
