//! A run within the frames of a host that has other things to do, as a game has.

use super::error::DrawError;
use super::on_gpu::{Budget, GpuRun, GpuStudio, Pacing};
use super::run::{Executor, Run};
use super::studio::Studio;
use crate::Error;
use crate::gpu::{DeviceGeneration, Gpu, wgpu};

impl Run {
    /// Records as much of the run into the host's encoder as its budget has room for, one dispatch at least;
    /// `false` where nothing was left. Nothing waits.
    ///
    /// The host submits the encoder, and what was recorded in the order in which it was; it polls its device as it
    /// does anyway. Where it drops an encoder instead, or the device refuses it, the run goes back to the last step
    /// that came to the host. Before that the frames that are on their way must be done or dropped: until then nothing
    /// is recorded.
    ///
    /// How much fits is the run's own matter: it learns from the device's clock how long a frame took
    /// ([`pacing`](Self::pacing)), and where the device has none from [`took`](Self::took).
    ///
    /// ```no_run
    /// use iddpm::gpu::wgpu;
    /// use iddpm::run::Budget;
    /// use iddpm::Run;
    /// /// In each frame of a game.
    /// fn frame(run: &mut Run, game: &wgpu::Device, queue: &wgpu::Queue, shown: &wgpu::Texture) -> Result<bool, iddpm::Error> {
    ///     let mut encoder = game.create_command_encoder(&Default::default());
    ///     let was_left = run.record(&mut encoder, Budget::milliseconds(2.0))?;
    ///     run.paint(&mut encoder, shown)?;
    ///     queue.submit([encoder.finish()]);
    ///     Ok(was_left)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`DrawError::NotOnGpu`]; [`DrawError::LowResMissing`]; [`GpuError`](crate::gpu::GpuError) where x is not finite,
    /// and where the device is lost: [`save`](Self::save) then has the last step that came to the host.
    pub fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        budget: Budget,
    ) -> Result<bool, Error> {
        self.check_low_res()?;
        self.on_gpu_mut()?.record(encoder, budget)
    }

    /// Records the first image into the corner of a texture of the host's: as the last step predicted it, or the
    /// result once the run is done.
    ///
    /// # Errors
    /// Those of [`paint_image`](Self::paint_image).
    pub fn paint(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        texture: &wgpu::Texture,
    ) -> Result<(), Error> {
        self.paint_image(encoder, texture, 0, wgpu::Origin3d::ZERO)
    }

    /// Records an image into a texture of the host's, at a place: RGBA or BGRA of 8 bits, made to be copied to.
    ///
    /// # Errors
    /// [`DrawError::NotOnGpu`]; those of [`DeviceGeneration::paint`](crate::gpu::DeviceGeneration::paint).
    pub fn paint_image(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        texture: &wgpu::Texture,
        image: usize,
        origin: wgpu::Origin3d,
    ) -> Result<(), Error> {
        self.on_gpu()?.paint(encoder, texture, image, origin)
    }

    /// Says how many milliseconds the device took for the oldest frame of which it was not said yet, as a fence of the
    /// host's has shown. Not heeded where the device has a clock.
    pub fn took(&mut self, milliseconds: f64) {
        if let Ok(run) = self.on_gpu_mut() {
            run.took(milliseconds);
        }
    }

    /// What was learnt of the device: how much of the run fits into a frame.
    ///
    /// # Errors
    /// [`DrawError::NotOnGpu`].
    pub fn pacing(&self) -> Result<Pacing, Error> {
        Ok(self.on_gpu()?.pacing())
    }

    /// The generation on the device, the floor below: its buffers, its work. `None` on the processor.
    pub fn generation(&self) -> Option<&DeviceGeneration> {
        self.on_gpu().ok().map(GpuRun::generation)
    }

    fn on_gpu(&self) -> Result<&GpuRun, DrawError> {
        match &self.executor {
            Executor::Gpu(run) => Ok(run),
            Executor::Processor(_) => Err(DrawError::NotOnGpu),
        }
    }

    fn on_gpu_mut(&mut self) -> Result<&mut GpuRun, DrawError> {
        match &mut self.executor {
            Executor::Gpu(run) => Ok(run),
            Executor::Processor(_) => Err(DrawError::NotOnGpu),
        }
    }
}

impl Studio {
    /// The device, the floor below: for another model on the same one. `None` on the processor.
    pub fn gpu(&self) -> Option<&Gpu> {
        self.on_gpu().map(GpuStudio::gpu)
    }
}
