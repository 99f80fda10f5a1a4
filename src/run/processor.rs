//! The network on the processor.

use std::vec::Vec;

use super::draw::Course;
use super::error::DrawError;
use super::model::Model;
use crate::Error;
use crate::cpu::{Batch, Network, NetworkError, Prepared, ProgramBuf};
use crate::diffusion::{Controls, Paused, RunError, Sample, SamplerState};
use crate::memory::copied;
use crate::unet::{self, Wrap};

/// A model on the processor: its network for as many images as the last run had, which went round as its did.
pub(super) struct CpuStudio {
    threads: usize,
    prepared: Option<(usize, Wrap, Prepared)>,
}

impl core::fmt::Debug for CpuStudio {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CpuStudio")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl CpuStudio {
    pub(super) const fn new(threads: usize) -> Self {
        Self {
            threads,
            prepared: None,
        }
    }

    pub(super) fn begin(
        &mut self,
        model: &Model,
        course: Course,
        samples: &[Sample],
        controls: Controls,
    ) -> Result<CpuRun, Error> {
        let images = samples.len().saturating_mul(controls.looks());
        let network = self.network(model, images, course.wrap())?;
        let sampler = course.sampler()?;
        let batch = Batch::new(&network, &sampler, samples, controls)?;
        Ok(CpuRun {
            state: sampler.state(),
            network,
            batch,
            course,
            is_spent: false,
        })
    }

    /// A network of the run's own, of what the run before has prepared where that is the same.
    fn network(&mut self, model: &Model, images: usize, wrap: Wrap) -> Result<Network, Error> {
        match &self.prepared {
            Some((batch, way, prepared)) if (*batch, *way) == (images, wrap) => {
                Ok(prepared.network()?)
            }
            _ => {
                // Before another is made: both need not be there at once.
                self.prepared = None;
                let network = self.make(model, images, wrap)?;
                self.prepared = Some((images, wrap, network.prepared()));
                Ok(network)
            }
        }
    }

    fn make(&self, model: &Model, images: usize, wrap: Wrap) -> Result<Network, Error> {
        let graph = model.description().graph(images)?.wrapped(wrap);
        let program =
            ProgramBuf::new(&graph, &unet::Plan::single(&graph)).map_err(NetworkError::from)?;
        let weights = model.checkpoint().weights();
        Ok(Network::with_threads(program, weights, self.threads)?)
    }
}

/// A batch of images on the processor, and where it stands.
#[derive(Debug)]
pub(super) struct CpuRun {
    network: Network,
    batch: Batch,
    course: Course,
    state: SamplerState,
    /// Whether a step failed after it had changed some of the images.
    is_spent: bool,
}

impl CpuRun {
    /// What a GPU's run is made with: this is none.
    pub(super) const fn made_with(&self) -> Option<&str> {
        None
    }

    pub(super) fn set_low_res(&mut self, images: &[f32]) -> Result<(), Error> {
        Ok(self.batch.set_low_res(images)?)
    }

    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        self.part_of_step(|| true)
    }

    /// Goes on until so many steps are done, and tells `again` of each, which may say no.
    pub(super) fn advance_until(
        &mut self,
        end: u32,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), Error> {
        while self.position() < end && self.advance()? && again(self.position()) {}
        Ok(())
    }

    /// Goes on by operations of the network, one at least, and asks after each whether to do another.
    pub(super) fn advance_while(
        &mut self,
        mut again: impl FnMut() -> bool + Send,
    ) -> Result<(), Error> {
        let mut goes_on = true;
        while goes_on {
            let was_left = self.part_of_step(|| {
                goes_on = again();
                goes_on
            })?;
            goes_on &= was_left;
        }
        Ok(())
    }

    fn part_of_step(&mut self, again: impl FnMut() -> bool + Send) -> Result<bool, Error> {
        let mut sampler = self.course.sampler()?;
        sampler.resume(self.state)?;
        self.check_not_spent()?;
        let advanced = self
            .batch
            .advance_while(&mut self.network, &mut sampler, again);
        self.is_spent = matches!(advanced, Err(RunError::Sampler(_)));
        let was_left = advanced?;
        self.state = sampler.state();
        Ok(was_left)
    }

    /// The share of the next step that is done.
    pub(super) fn part(&self) -> f32 {
        self.network.fraction()
    }

    const fn check_not_spent(&self) -> Result<(), DrawError> {
        match self.is_spent {
            true => Err(DrawError::Spent),
            false => Ok(()),
        }
    }

    pub(super) const fn position(&self) -> u32 {
        self.state.position
    }

    pub(super) fn x(&self) -> Result<Vec<f32>, Error> {
        self.check_not_spent()?;
        Ok(copied(&self.batch.x)?)
    }

    pub(super) fn x_start(&self) -> Result<Vec<f32>, Error> {
        self.check_not_spent()?;
        Ok(copied(&self.batch.x_start)?)
    }

    pub(super) fn save(&mut self) -> Result<Paused, Error> {
        self.check_not_spent()?;
        Ok(self.batch.paused(self.state)?)
    }

    pub(super) fn resume(&mut self, paused: &Paused) -> Result<(), Error> {
        let mut sampler = self.course.sampler()?;
        self.batch.resume(&mut sampler, paused)?;
        self.state = sampler.state();
        self.is_spent = false;
        Ok(())
    }
}
