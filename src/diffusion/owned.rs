//! Processes that own their steps, on the heap.

use alloc::vec::Vec;

use super::error::Error;
use super::process::{Diffusion, Process};
use super::schedule::Level;
use super::timesteps::Timesteps;

/// A process that owns its steps on the heap, as many as there are.
pub type OwnedProcess = Process<Vec<Level>>;

impl Diffusion<'_> {
    /// Builds the process that keeps the given timesteps and owns its steps.
    ///
    /// # Errors
    /// Those of [`InlineProcess::new`](super::InlineProcess::new), with [`Error::Capacity`] where there is no
    /// memory for the steps.
    ///
    /// ```
    /// use iddpm::diffusion::{Diffusion, Schedule, Timesteps};
    /// let process = Diffusion::new(Schedule::Cosine, 1000).process(Timesteps::parse("ddim25")?)?;
    /// assert_eq!(process.len(), 25);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    pub fn process(&self, timesteps: Timesteps<'_>) -> Result<OwnedProcess, Error> {
        let needed = timesteps.count(self.num_timesteps)?;
        let mut levels = Vec::new();
        let reserved = levels.try_reserve_exact(needed);
        reserved.map_err(|_| Error::Capacity {
            needed,
            capacity: 0,
        })?;
        self.for_each_kept(timesteps, |level| {
            levels.push(level);
            Ok(())
        })?;
        Process::checked(self, levels)
    }
}
