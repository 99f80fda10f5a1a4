//! A run as plain data, and a run put where another was.

use std::vec::Vec;

use super::Generation;
use crate::diffusion::SamplerState;
use crate::gpu::error::GpuError;

/// A paused run: plain data that can be resumed on another device.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The cursor.
    pub state: SamplerState,
    /// x_t, [N, C, H, W]; empty where x_T was not drawn yet.
    pub x: Vec<f32>,
    /// What a multistep method keeps, as long as x; empty for the others.
    pub history: Vec<f32>,
}

impl Generation {
    /// The run as it stands, waiting for what was submitted; everything recorded must have been.
    ///
    /// Within a step it is the state at the step's beginning: what was recorded of it is done again.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn save_blocking(&self) -> Result<Saved, GpuError> {
        let begun = self.dispatch >= self.begin;
        let x = begun.then_some(self.places.x);
        let history = self.has_history.then_some(self.places.history);
        let [x, history] = self.checked_blocking([x, history])?;
        Ok(Saved {
            state: SamplerState {
                fingerprint: self.fingerprint,
                position: self.position,
            },
            x,
            history,
        })
    }

    /// Puts the run where a saved one was, which may have been on another device.
    ///
    /// On the same kind of device, the rest of the run is bit for bit what it would have been.
    ///
    /// # Errors
    /// [`GpuError::Sampler`] where the state is another sampler's; [`GpuError::Length`]. The run is then
    /// what it was. [`GpuError::OutOfMemory`], after which it must be resumed again.
    pub fn resume(&mut self, saved: &Saved) -> Result<(), GpuError> {
        let SamplerState {
            fingerprint,
            position,
        } = saved.state;
        if fingerprint != self.fingerprint {
            return Err(GpuError::Sampler(crate::Error::StateMismatch {
                saved: fingerprint,
                expected: self.fingerprint,
            }));
        }
        if position > self.evaluations {
            return Err(GpuError::Sampler(crate::Error::PositionOutOfRange {
                position,
                len: self.evaluations,
            }));
        }
        // Where the device draws x_T, it can do so again.
        let is_drawn = !(position == 0 && self.begin > 0 && saved.x.is_empty());
        let history = self.has_history.then_some(self.places.history);
        if let Some(place) = history {
            Self::check_length(place, "history", &saved.history)?;
        }
        if is_drawn {
            self.write(self.places.x, "x", &saved.x)?;
        }
        if let Some(place) = history {
            self.write(place, "history", &saved.history)?;
        }
        self.program
            .write(&self.gpu, self.places.not_finite, &[u32::MAX])?;
        self.position = position;
        self.dispatch = if is_drawn { self.begin } else { 0 };
        Ok(())
    }
}
