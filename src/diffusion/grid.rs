//! The grid of a distilled network: the only timesteps that it knows.

use alloc::vec::Vec;
use core::fmt;

use super::error::Error;
use super::owned::OwnedProcess;
use super::process::{Diffusion, Process};
use super::schedule::Level;
use super::timesteps::Timesteps;

/// The timesteps of T that a distilled network was trained at, and at no other: the steps that it draws in. They descend,
/// as they are taken.
///
/// ```
/// use iddpm::diffusion::Grid;
/// let of_50 = Grid::all(1000)?.thinned(50)?;
/// assert_eq!(of_50.thinned(4)?.timesteps(), [999, 759, 499, 239]);
/// // What is halved is what is thinned once.
/// assert_eq!(of_50.thinned(25)?, Grid::all(1000)?.thinned(25)?);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Grid(Vec<u32>);

impl Grid {
    /// All timesteps of a diffusion: what a network knows that was not distilled.
    ///
    /// # Errors
    /// Those of [`Timesteps::for_each`].
    pub fn all(num_timesteps: u32) -> Result<Self, Error> {
        Self::collected(num_timesteps, Timesteps::ALL, Some)
    }

    /// So many of these timesteps, the last always among them: those at the places of [`Timesteps::trailing`]. A step of
    /// what is left covers as many of these as any other, give or take one.
    ///
    /// # Errors
    /// [`Error::TooManySteps`]; [`Error::TooFewSteps`] for 0.
    pub fn thinned(&self, steps: u32) -> Result<Self, Error> {
        if steps == 0 {
            return Err(Error::TooFewSteps { steps, min: 1 });
        }
        let places = Timesteps::trailing(steps);
        let ascending = |place: u32| self.0.iter().rev().nth(place as usize).copied();
        Self::collected(self.0.len() as u32, places, ascending)
    }

    /// Those that `timestep` finds at the kept places of so many.
    fn collected(
        count: u32,
        places: Timesteps<'_>,
        timestep: impl Fn(u32) -> Option<u32>,
    ) -> Result<Self, Error> {
        let mut kept = Vec::new();
        places.for_each(count, |place| {
            kept.extend(timestep(place));
            Ok(())
        })?;
        kept.reverse();
        Ok(Self(kept))
    }

    /// The timesteps, descending.
    pub fn timesteps(&self) -> &[u32] {
        &self.0
    }

    /// Builds the process that keeps exactly these timesteps.
    ///
    /// # Errors
    /// Those of [`Diffusion::process`].
    pub fn process(&self, diffusion: &Diffusion<'_>) -> Result<OwnedProcess, Error> {
        diffusion.process(Timesteps::custom(&self.0))
    }

    /// Refuses a process with a timestep that is none of these.
    ///
    /// # Errors
    /// [`Error::OffGrid`], with the first such timestep.
    pub fn check<S: AsRef<[Level]>>(&self, process: &Process<S>) -> Result<(), Error> {
        let kept = process.levels().iter().map(|level| level.timestep);
        match kept.into_iter().find(|timestep| !self.0.contains(timestep)) {
            Some(timestep) => Err(Error::OffGrid { timestep }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Grid {
    /// As [`Timesteps::parse`] reads it: `custom:999,749,499,249`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timesteps::custom(&self.0).fmt(f)
    }
}
