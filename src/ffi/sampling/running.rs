//! A run over the caller's table: which step is due, and what is done of it.

use super::failure::Why;
use super::plain::iddpm_step;
use crate::diffusion::{Clip, Error, Method, ProcessView, Sampler, SamplerState, Step};

/// A run's cursor. It moves where a step was applied, so that it can be saved at any time.
#[derive(Debug, Clone)]
pub(in crate::ffi) struct Running {
    sampler: Sampler<'static>,
    /// Whether a step left what is not finite.
    is_spent: bool,
}

impl Running {
    pub(in crate::ffi) fn new(
        process: ProcessView<'static>,
        method: Method,
        clip: Clip,
    ) -> Result<Self, Error> {
        Ok(Self {
            sampler: Sampler::of(process, method, clip)?,
            is_spent: false,
        })
    }

    /// The step that is due; none at the end.
    pub(in crate::ffi) fn due(&self) -> Result<Option<iddpm_step>, Why> {
        self.check()?;
        let step = self.sampler.step_at(self.sampler.position());
        Ok(step.map(|step| iddpm_step {
            timestep: step.timestep(),
            position: step.position(),
            evaluations: self.sampler.evaluations(),
            index: step.index() as u32,
            needs_noise: step.needs_noise().into(),
        }))
    }

    /// Takes the step that is due, and says whether others are left.
    pub(in crate::ffi) fn apply(
        &mut self,
        x: &mut [f32],
        output: &[f32],
        noise: &[f32],
        history: &mut [f32],
    ) -> Result<bool, Why> {
        let (step, after) = self.taken()?;
        match step.apply_with_history(x, output, noise, history) {
            Ok(()) => {
                self.sampler = after;
                Ok(self.sampler.len() > 0)
            }
            Err(error) => {
                self.is_spent = matches!(error, Error::NotFinite { .. });
                Err(error.into())
            }
        }
    }

    /// The prediction of the finished image by the step that is due.
    pub(in crate::ffi) fn x_start(
        &self,
        x: &[f32],
        output: &[f32],
        x_start: &mut [f32],
    ) -> Result<(), Why> {
        let (step, _) = self.taken()?;
        Ok(step.x_start(x, output, x_start)?)
    }

    pub(in crate::ffi) fn state(&self) -> Result<[u8; SamplerState::BYTES], Why> {
        self.check()?;
        Ok(self.sampler.state().to_bytes())
    }

    pub(in crate::ffi) fn resume(&mut self, state: &[u8]) -> Result<(), Why> {
        self.sampler.resume(SamplerState::from_bytes(state)?)?;
        self.is_spent = false;
        Ok(())
    }

    /// The step that is due, and the sampler behind it.
    fn taken(&self) -> Result<(Step, Sampler<'static>), Why> {
        self.check()?;
        let mut after = self.sampler.clone();
        let evaluations = after.evaluations();
        let step = after.next().ok_or(Why::AtEnd { evaluations })?;
        Ok((step, after))
    }

    fn check(&self) -> Result<(), Why> {
        match self.is_spent {
            true => Err(Why::Spent),
            false => Ok(()),
        }
    }
}
