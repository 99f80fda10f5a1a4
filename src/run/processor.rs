//! The network on the processor.

use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

use super::draw::Course;
use super::error::DrawError;
use super::model::Model;
use crate::Error;
use crate::cpu::{Batch, Network, NetworkError, ProgramBuf};
use crate::diffusion::{Controls, Paused, RunError, Sample, SamplerState};
use crate::memory::copied;
use crate::unet::{self, Wrap};

/// A network that runs share: one step of one of them at a time.
type Shared = Arc<Mutex<Network>>;

/// A model on the processor: its network for as many images as the last run had, which went round as its did.
#[derive(Debug)]
pub(super) struct CpuStudio {
    threads: usize,
    network: Option<(usize, Wrap, Shared)>,
}

impl CpuStudio {
    pub(super) const fn new(threads: usize) -> Self {
        Self {
            threads,
            network: None,
        }
    }

    pub(super) fn begin(
        &mut self,
        model: &Model,
        course: Course,
        samples: &[Sample],
        controls: Controls,
    ) -> Result<CpuRun, Error> {
        let wanted = (
            samples.len().saturating_mul(controls.looks()),
            course.wrap(),
        );
        let network = match &self.network {
            Some((images, wrap, network)) if (*images, *wrap) == wanted => Arc::clone(network),
            _ => {
                // Before another is made: both need not be there at once.
                self.network = None;
                let (images, wrap) = wanted;
                let network = Arc::new(Mutex::new(self.make(model, images, wrap)?));
                self.network = Some((images, wrap, Arc::clone(&network)));
                network
            }
        };
        let sampler = course.sampler()?;
        let batch = Batch::new(&lock(&network), &sampler, samples, controls)?;
        Ok(CpuRun {
            state: sampler.state(),
            network,
            batch,
            course,
            is_spent: false,
        })
    }

    fn make(&self, model: &Model, images: usize, wrap: Wrap) -> Result<Network, Error> {
        let graph = model.description().graph(images)?.wrapped(wrap);
        let program =
            ProgramBuf::new(&graph, &unet::Plan::single(&graph)).map_err(NetworkError::from)?;
        let weights = model.checkpoint().weights();
        Ok(Network::with_threads(program, weights, self.threads)?)
    }
}

/// One that panicked left a network that begins each step anew.
fn lock(network: &Shared) -> std::sync::MutexGuard<'_, Network> {
    network.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A batch of images on the processor, and where it stands.
#[derive(Debug)]
pub(super) struct CpuRun {
    network: Shared,
    batch: Batch,
    course: Course,
    state: SamplerState,
    /// Whether a step failed after it had changed some of the images.
    is_spent: bool,
}

impl CpuRun {
    pub(super) fn set_low_res(&mut self, images: &[f32]) -> Result<(), Error> {
        Ok(self.batch.set_low_res(images)?)
    }

    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        let mut sampler = self.course.sampler()?;
        sampler.resume(self.state)?;
        self.check_not_spent()?;
        let advanced = self.batch.advance(&mut lock(&self.network), &mut sampler);
        self.is_spent = matches!(advanced, Err(RunError::Sampler(_)));
        let was_left = advanced?;
        self.state = sampler.state();
        Ok(was_left)
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
