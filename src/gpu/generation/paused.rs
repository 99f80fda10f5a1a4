//! The state of a run on its way to the host, by which a run is put where another was.

use std::vec::Vec;

use super::{DeviceGeneration, tally};
use crate::diffusion::{Paused, SamplerState};
use crate::gpu::Gpu;
use crate::gpu::error::GpuError;
use crate::gpu::memory::{FINITE, Readback, check_finite};
use crate::gpu::recording::Binding;
use crate::gpu::watch::submit;
use crate::memory::collected;

/// A run's state on its way to the host; it can be used again and again.
///
/// 1. [`DeviceGeneration::read_paused`] records the copy, and the encoder is submitted.
/// 2. [`map`](Self::map) asks for it.
/// 3. Once the device has been polled often enough, [`take`](Self::take) yields it.
#[derive(Debug)]
pub struct PausedReadback {
    readback: Readback,
    state: SamplerState,
    /// What the device has counted where everything recorded before has run.
    tally: u32,
    /// Elements of an image.
    elements: usize,
    /// Numbers of x and of the history that were recorded.
    x: usize,
    history: usize,
}

impl PausedReadback {
    /// Asks for the state to be brought to the host. Call it once what was recorded is submitted.
    pub fn map(&mut self) {
        self.readback.map();
    }

    /// Asks for the state as [`map`](Self::map), once this encoder is submitted.
    pub(crate) fn map_on_submit(&mut self, encoder: &wgpu::CommandEncoder) {
        self.readback.map_on_submit(encoder);
    }

    /// Whether it may be recorded into: nothing is on its way.
    pub(crate) const fn is_free(&self) -> bool {
        self.readback.is_free()
    }

    /// Asks for the state, and takes it once what was submitted has run.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    async fn bring(
        &mut self,
        gpu: &Gpu,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Paused, GpuError> {
        self.map();
        self.come(gpu, submission).await
    }

    /// Takes the state that was asked for, once what was submitted has run.
    ///
    /// # Errors
    /// Those of [`take`](Self::take).
    pub(crate) async fn come(
        &mut self,
        gpu: &Gpu,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Paused, GpuError> {
        self.readback.come(gpu, submission).await?;
        // It has come, and has the words that are before all others: it was made for them.
        self.take()?.ok_or_else(|| GpuError::DeviceLost {
            message: "the state of a run came without its numbers".into(),
        })
    }

    /// Gives up what is on its way; whether it may be recorded into again.
    pub(crate) fn forget(&mut self) -> bool {
        self.readback.forget()
    }

    /// Takes the state as it was where its copy was recorded, or `None` while it is on its way.
    ///
    /// # Errors
    /// [`GpuError::NotFinite`], [`GpuError::DeviceLost`], [`GpuError::HostMemory`]; [`GpuError::NotRun`] where frames of
    /// the door's, recorded before, have not.
    pub fn take(&mut self) -> Result<Option<Paused>, GpuError> {
        let Some(words) = self.readback.take_all()? else {
            return Ok(None);
        };
        let [at, counted, numbers @ ..] = words.as_slice() else {
            return Ok(None);
        };
        // First: what has not run has written nothing else here either.
        tally::check("the state of a run", *counted, self.tally)?;
        check_finite(*at, self.elements)?;
        let numbers = |from, len| {
            let words = numbers.iter().skip(from).take(len);
            collected(len, words.map(|&bits| f32::from_bits(bits)))
        };
        Ok(Some(Paused {
            state: self.state,
            x: numbers(0, self.x)?,
            history: numbers(self.x, self.history)?,
        }))
    }
}

impl DeviceGeneration {
    /// Makes room on the host's side for a state on its way.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub async fn paused_readback(&self) -> Result<PausedReadback, GpuError> {
        let bytes = [Some(self.tally.place), Some(self.places.x), self.history()];
        let bytes = bytes.into_iter().flatten().map(|place| place.bytes).sum();
        Ok(PausedReadback {
            readback: self.room(bytes).await?,
            state: self.state(),
            tally: self.tally.expected(),
            elements: self.elements,
            x: 0,
            history: 0,
        })
    }

    /// Records a copy of the run as it stands: behind everything recorded so far, once that is submitted.
    ///
    /// Within a step it is the state at the step's beginning: what was recorded of it is done again.
    pub fn read_paused(&self, encoder: &mut wgpu::CommandEncoder, into: &mut PausedReadback) {
        let is_drawn = self.dispatch >= self.begin;
        let (x, history) = (is_drawn.then_some(self.places.x), self.history());
        let numbers = |place: Option<Binding>| place.map_or(0, |place| place.bytes as usize / 4);
        (into.state, into.tally) = (self.state(), self.tally.expected());
        (into.x, into.history) = (numbers(x), numbers(history));
        let places = [Some(self.tally.place), x, history];
        let places: Vec<_> = places.into_iter().flatten().collect();
        self.read(encoder, &into.readback, &places);
    }

    /// Returns the run as it stands after what was submitted; everything recorded must have been.
    /// Else as [`read_paused`](Self::read_paused).
    ///
    /// # Errors
    /// Those of [`x`](Self::x).
    pub async fn paused(&self) -> Result<Paused, GpuError> {
        let mut paused = self.paused_readback().await?;
        let mut encoder = self.encoder();
        self.read_paused(&mut encoder, &mut paused);
        let submission = submit(&self.gpu, "a copy of a run's state", [encoder])?;
        paused.bring(&self.gpu, submission).await
    }

    /// Returns the run as [`paused`](Self::paused), waiting for it.
    ///
    /// # Errors
    /// Those of [`x`](Self::x).
    pub fn paused_blocking(&self) -> Result<Paused, GpuError> {
        pollster::block_on(self.paused())
    }

    const fn state(&self) -> SamplerState {
        SamplerState {
            fingerprint: self.fingerprint,
            position: self.position,
        }
    }

    fn history(&self) -> Option<Binding> {
        self.has_history.then_some(self.places.history)
    }

    /// Puts the run where a paused one was, which may have been on another device.
    ///
    /// ```no_run
    /// use iddpm::diffusion::Paused;
    /// use iddpm::gpu::{DeviceGeneration, GpuError};
    /// fn go_on_elsewhere(run: &DeviceGeneration, other: &mut DeviceGeneration) -> Result<(), GpuError> {
    ///     let paused: Paused = run.paused_blocking()?;
    ///     other.resume(&paused)
    /// }
    /// ```
    ///
    /// On the same kind of device, the rest of the run is bit for bit what it would have been.
    ///
    /// # Errors
    /// [`GpuError::Sampler`] where the state is another sampler's, or what no step can have left;
    /// [`GpuError::Length`]. The run is then what it was. [`GpuError::OutOfMemory`], after which it must be resumed again.
    pub fn resume(&mut self, paused: &Paused) -> Result<(), GpuError> {
        let state = paused.state;
        state.check_run(self.fingerprint, self.evaluations)?;
        state.check(&paused.x, &paused.history)?;
        let position = state.position;
        // Where the device draws x_T, it can do so again.
        let is_drawn = !(position == 0 && self.begin > 0 && paused.x.is_empty());
        let history = self.history();
        if let Some(place) = history {
            Self::check_length(place, "history", &paused.history)?;
        }
        if is_drawn {
            self.write(self.places.x, "x", &paused.x)?;
        }
        if let Some(place) = history {
            self.write(place, "history", &paused.history)?;
        }
        self.loaded
            .write(&self.gpu, self.places.not_finite, &[FINITE])?;
        self.clear_tally()?;
        self.position = position;
        self.dispatch = if is_drawn { self.begin } else { 0 };
        Ok(())
    }
}
