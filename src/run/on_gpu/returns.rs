//! The states of a run on their way to the host.

use crate::diffusion::Paused;
use crate::gpu::{DeviceGeneration, GpuError, PausedReadback};

/// Room for two of them: one comes while the other is recorded.
#[derive(Debug)]
pub(super) struct Returns([Return; 2]);

#[derive(Debug)]
struct Return {
    readback: PausedReadback,
    /// Whether it comes of what the run has gone back from.
    is_stale: bool,
}

impl Returns {
    pub(super) async fn new(generation: &DeviceGeneration) -> Result<Self, GpuError> {
        let room = || generation.paused_readback();
        let (one, other) = (room().await?, room().await?);
        Ok(Self([Return::of(one), Return::of(other)]))
    }

    /// That of a step, for a run that has waited until all [are free](Self::are_free), or all but that of the step before.
    pub(super) const fn of_step(&mut self, position: u32) -> &mut PausedReadback {
        let [even, odd] = &mut self.0;
        match position.is_multiple_of(2) {
            true => &mut even.readback,
            false => &mut odd.readback,
        }
    }

    /// One that may be recorded into.
    pub(super) fn free(&mut self) -> Option<&mut PausedReadback> {
        let mut readbacks = self.0.iter_mut().map(|one| &mut one.readback);
        readbacks.find(|readback| readback.is_free())
    }

    /// Whether nothing is on its way.
    pub(super) fn are_free(&self) -> bool {
        self.0.iter().all(|one| one.readback.is_free())
    }

    /// What comes is of no use.
    pub(super) fn forget(&mut self) {
        for one in &mut self.0 {
            one.is_stale = !one.readback.forget();
        }
    }

    /// Hands on what has come, and says what is wrong with the first that is.
    pub(super) fn take(&mut self, mut keep: impl FnMut(Paused)) -> Result<(), GpuError> {
        let mut taken = Ok(());
        for one in &mut self.0 {
            match one.take() {
                Ok(paused) => paused.into_iter().for_each(&mut keep),
                Err(error) => taken = taken.and(Err(error)),
            }
        }
        taken
    }
}

impl Return {
    const fn of(readback: PausedReadback) -> Self {
        let is_stale = false;
        Self { readback, is_stale }
    }

    fn take(&mut self) -> Result<Option<Paused>, GpuError> {
        if self.is_stale {
            // Not even that it is not finite counts.
            self.is_stale = !self.readback.forget();
            return Ok(None);
        }
        self.readback.take()
    }
}
