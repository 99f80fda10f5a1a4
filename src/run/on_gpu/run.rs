//! A batch of images on a GPU.

use std::collections::VecDeque;
use std::string::String;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::frames::Frames;
use super::pacing::{Budget, Pacing};
use super::returns::Returns;
use crate::Error;
use crate::diffusion::Paused;
use crate::gpu::{DeviceGeneration, Gpu, GpuError, Shown, Stopwatch, submit, wgpu};
use crate::run::error::DrawError;
use crate::waiting::block_on;

/// Looks at a frame whose submissions have run; one that is not done then was never submitted.
const PATIENCE: usize = 1000;
/// Frames whose work is remembered until a host says how long they took.
const REMEMBERED: usize = 16;

/// A step that was handed to the device: where the run is behind it, and by which to wait for it.
type Sent = (u32, wgpu::SubmissionIndex);

/// A batch of images on a device.
///
/// Each step that was done comes to the host on its way, where there is room: what is left where the device is lost,
/// or a frame that was recorded never runs. Each frame is counted by the device, and the count comes with the step.
#[derive(Debug)]
pub(in crate::run) struct GpuRun {
    gpu: Gpu,
    generation: DeviceGeneration,
    made_with: String,
    returns: Returns,
    kept: Paused,
    /// Whether something that was recorded has not run, and never will: nothing goes on before the run is where
    /// `kept` is.
    must_go_back: bool,
    /// The newest step that is on its way to the host, or there.
    armed: u32,
    frames: Frames,
    clock: Option<Stopwatch>,
    pacing: Pacing,
    /// The work of frames whose time the host has not told yet.
    works: VecDeque<u64>,
}

impl GpuRun {
    /// What its steps are made with: device, precision, variants.
    pub(in crate::run) fn made_with(&self) -> Option<&str> {
        Some(&self.made_with)
    }

    pub(super) async fn begin(
        gpu: &Gpu,
        mut generation: DeviceGeneration,
        made_with: String,
    ) -> Result<Self, Error> {
        let clock = Stopwatch::of(gpu).await?;
        let returns = Returns::new(&generation).await?;
        let mut encoder = encoder(gpu);
        generation.record_noise(&mut encoder);
        submit(gpu, "noise", [encoder])?;
        Ok(Self {
            pacing: Pacing::new(generation.work_of_step(), clock.is_some()),
            clock,
            made_with,
            returns,
            kept: generation.paused().await?,
            must_go_back: false,
            armed: 0,
            frames: Frames::default(),
            works: VecDeque::new(),
            gpu: gpu.clone(),
            generation,
        })
    }

    pub(in crate::run) fn set_low_res(&self, images: &[f32]) -> Result<(), Error> {
        Ok(self.generation.write_low_res(images)?)
    }

    pub(in crate::run) async fn advance(&mut self) -> Result<bool, Error> {
        self.advance_to(None, &mut |_| true).await
    }

    /// Goes on until so many steps are done, each handed to the device while the one before it runs. `again` is told of
    /// each once it has come to the host; where it says no, the one that is under way is the last.
    pub(in crate::run) async fn advance_until(
        &mut self,
        end: u32,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), Error> {
        self.advance_to(Some(end), again).await.map(drop)
    }

    /// Goes on by a step where no end is named; whether anything was left.
    async fn advance_to(
        &mut self,
        end: Option<u32>,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<bool, Error> {
        match self.steps(end, again).await {
            // Frames before it: that, too, is made good by going back.
            Err(Error::Gpu(GpuError::NotRun { .. })) => self.steps(end, again).await,
            stepped => stepped,
        }
    }

    /// Goes on until this time has passed, by as much as what is left of it has room for.
    pub(in crate::run) fn advance_for(&mut self, time: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        // What the host has recorded comes first.
        block_on(self.settle())?;
        while !self.generation.is_done() {
            let left = milliseconds(time.saturating_sub(begun.elapsed()));
            // Never more than a step: a device that does not answer for seconds is taken for lost.
            let part = left.min(self.pacing.milliseconds_per_step);
            self.part_of_step(Budget::milliseconds(part))?;
            if begun.elapsed() >= time {
                break;
            }
        }
        if self.generation.is_done() {
            // All of it has come then, or it is said why not.
            block_on(self.advance())?;
        }
        Ok(())
    }

    fn part_of_step(&mut self, budget: Budget) -> Result<(), Error> {
        let mut encoder = encoder(&self.gpu);
        self.record(&mut encoder, budget)?;
        let sent = Instant::now();
        let submission = submit(&self.gpu, "a part of a step", [encoder])?;
        self.gpu.wait_blocking(Some(submission))?;
        self.took(milliseconds(sent.elapsed()));
        Ok(())
    }

    /// The share of the next step that was recorded.
    pub(in crate::run) fn part(&self) -> f32 {
        self.generation.part_of_step()
    }

    async fn steps(
        &mut self,
        end: Option<u32>,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<bool, Error> {
        self.settle().await?;
        let (was_left, position) = (!self.generation.is_done(), self.generation.position());
        let end = end.unwrap_or(position.saturating_add(1));
        // Also the end of what frames have done is only known by what has come.
        let is_due = match was_left {
            true => position < end,
            false => self.kept.state.position < position,
        };
        if is_due {
            let came = self.bring_steps(end, again).await;
            let is_lasting = matches!(came, Ok(()) | Err(GpuError::NotFinite { .. }));
            self.must_go_back = !is_lasting;
            came?;
        }
        Ok(was_left)
    }

    /// Takes what is left of a step and those behind it, and brings each to the host; two at most are under way.
    async fn bring_steps(
        &mut self,
        end: u32,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), GpuError> {
        let mut sent = self.send_step()?;
        while self.generation.position() < end && !self.generation.is_done() {
            let next = match self.send_step() {
                Ok(next) => next,
                Err(error) => {
                    // The step before it is done all the same.
                    self.bring_step(sent).await?;
                    return Err(error);
                }
            };
            let (position, _) = sent;
            let came = self.bring_step(core::mem::replace(&mut sent, next)).await;
            if came.is_err() || !again(position) {
                // Else the run would be where no state of it has come from.
                let last = self.bring_step(sent).await;
                return came.and(last);
            }
        }
        let (position, _) = sent;
        self.bring_step(sent).await?;
        again(position);
        Ok(())
    }

    /// Hands what is left of a step to the device, which is to say where the run is then.
    fn send_step(&mut self) -> Result<Sent, GpuError> {
        let mut encoder = encoder(&self.gpu);
        self.generation.record_step(&mut encoder);
        self.generation.record_tally(&mut encoder);
        let position = self.generation.position();
        let readback = self.returns.of_step(position);
        self.generation.read_paused(&mut encoder, readback);
        let submission = submit(&self.gpu, "a step", [encoder])?;
        readback.map();
        Ok((position, submission))
    }

    async fn bring_step(&mut self, (position, submission): Sent) -> Result<(), GpuError> {
        let readback = self.returns.of_step(position);
        self.kept = readback.come(&self.gpu, submission).await?;
        self.armed = position;
        Ok(())
    }

    /// Waits for the frames before, until nothing is on its way.
    async fn settle(&mut self) -> Result<(), Error> {
        for _ in 0..PATIENCE {
            self.follow()?;
            if !self.must_go_back && self.frames.are_done() && self.returns.are_free() {
                return Ok(());
            }
            self.gpu.idle().await?;
        }
        if self.frames.are_done() {
            let message = "a state that was on its way has not come".into();
            return Err(GpuError::DeviceLost { message }.into());
        }
        Err(DrawError::FrameNotSubmitted.into())
    }

    /// Takes what has come since. Where a frame was dropped with its encoder, or the device refused it, the run goes
    /// back to the last step that is on the host: what was recorded after that frame went on from what it has not done.
    fn follow(&mut self) -> Result<(), Error> {
        while let Some((work, milliseconds)) = self.clock.as_mut().and_then(Stopwatch::take) {
            self.pacing.learn(work, milliseconds);
        }
        self.must_go_back |= self.frames.were_dropped();
        let kept = &mut self.kept;
        let taken = self.returns.take(|paused| {
            if paused.state.position >= kept.state.position {
                *kept = paused;
            }
        });
        match taken {
            Err(GpuError::NotRun { .. }) => self.must_go_back = true,
            taken => taken?,
        }
        // A frame that the host submits afterwards would undo it.
        if self.must_go_back && !self.frames.may_run() {
            self.go_back()?;
        }
        Ok(())
    }

    fn go_back(&mut self) -> Result<(), Error> {
        self.frames.clear();
        self.works.clear();
        self.returns.forget();
        let kept = self.kept.clone();
        self.resume(&kept)
    }

    /// Records what a budget has room for; `false` where nothing was left.
    pub(in crate::run) fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        budget: Budget,
    ) -> Result<bool, Error> {
        self.follow()?;
        if self.must_go_back {
            // Once the frames on their way are done: nothing waits here.
            return Ok(true);
        }
        let was_left = !self.generation.is_done();
        if was_left {
            self.record_work(encoder, budget);
        }
        self.generation.record_tally(encoder);
        let position = self.generation.position();
        if position > self.armed
            && let Some(readback) = self.returns.free()
        {
            self.generation.read_paused(encoder, readback);
            readback.map_on_submit(encoder);
            self.armed = position;
        }
        self.frames.follow(encoder);
        Ok(was_left)
    }

    fn record_work(&mut self, encoder: &mut wgpu::CommandEncoder, budget: Budget) {
        let (work, generation) = (self.pacing.work_of(budget), &mut self.generation);
        let recorded = match &mut self.clock {
            Some(clock) => clock.measure(encoder, |to| generation.record_work(to, work)),
            None => generation.record_work(encoder, work),
        };
        if self.works.len() == REMEMBERED {
            self.works.pop_front();
        }
        self.works.push_back(recorded);
    }

    pub(in crate::run) fn took(&mut self, milliseconds: f64) {
        let work = self.works.pop_front();
        // Its own clock knows better.
        if let (Some(work), None) = (work, &self.clock) {
            self.pacing.learn(work, milliseconds);
        }
    }

    pub(in crate::run) const fn pacing(&self) -> Pacing {
        self.pacing
    }

    pub(in crate::run) fn paint(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        texture: &wgpu::Texture,
        image: usize,
        origin: wgpu::Origin3d,
    ) -> Result<(), Error> {
        let shown = match self.generation.is_done() {
            true => Shown::X,
            false => Shown::XStart,
        };
        Ok(self
            .generation
            .paint(encoder, shown, image, texture, origin)?)
    }

    pub(in crate::run) const fn position(&self) -> u32 {
        self.generation.position()
    }

    pub(in crate::run) async fn x(&self) -> Result<Vec<f32>, Error> {
        self.read(self.generation.x()).await
    }

    pub(in crate::run) async fn x_start(&self) -> Result<Vec<f32>, Error> {
        self.read(self.generation.x_start()).await
    }

    /// Reads what is on the device, which is what the position says only where all frames have run.
    async fn read(
        &self,
        read: impl Future<Output = Result<Vec<f32>, GpuError>>,
    ) -> Result<Vec<f32>, Error> {
        for _ in 0..PATIENCE {
            if !self.frames.may_run() {
                break;
            }
            self.gpu.idle().await?;
        }
        let numbers = read.await?;
        if self.must_go_back || !self.frames.are_done() {
            return Err(DrawError::FrameNotSubmitted.into());
        }
        // Nothing of a step is there before its end: what was recorded since the last one does not matter.
        if self.kept.state.position < self.generation.position() {
            let ran = self.generation.check_ran().await;
            ran.map_err(|error| match error {
                GpuError::NotRun { .. } => DrawError::FrameNotSubmitted.into(),
                other => Error::from(other),
            })?;
        }
        Ok(numbers)
    }

    /// The run as it stands; while frames are on their way, or where the device is lost, as it last was on the host.
    pub(in crate::run) async fn save(&mut self) -> Result<Paused, Error> {
        let followed = self.follow();
        if let Err(error @ Error::Gpu(GpuError::NotFinite { .. })) = followed {
            return Err(error);
        }
        let is_whole = self.kept.state.position == self.generation.position();
        if is_whole || followed.is_err() || self.must_go_back || !self.frames.are_done() {
            return Ok(self.kept.clone());
        }
        match self.generation.paused().await {
            Ok(paused) => Ok(paused),
            Err(error @ GpuError::NotFinite { .. }) => Err(error.into()),
            // Whatever else the device says: what the host has is good.
            Err(_) => Ok(self.kept.clone()),
        }
    }

    pub(in crate::run) fn resume(&mut self, from: &Paused) -> Result<(), Error> {
        self.generation.resume(from)?;
        self.armed = from.state.position;
        self.kept = from.clone();
        self.must_go_back = false;
        Ok(())
    }

    pub(in crate::run) const fn generation(&self) -> &DeviceGeneration {
        &self.generation
    }
}

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

fn encoder(gpu: &Gpu) -> wgpu::CommandEncoder {
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    gpu.device().create_command_encoder(&descriptor)
}
