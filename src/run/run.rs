//! A batch of images on its way.

use std::boxed::Box;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::draw::Draw;
use super::error::DrawError;
use super::images::Images;
use super::model::Model;
use super::on_gpu::GpuRun;
use super::planes::planes;
use super::processor::CpuRun;
use super::saved::Saved;
use crate::Error;
use crate::diffusion::pixels::image_from_u8;
use crate::diffusion::{KnownBuf, Paused, Sample};
use crate::memory::{copied, extend, zeros};
use crate::waiting::block_on;

/// Images on their way from noise: stepped when the host likes, looked at, saved, resumed.
///
/// ```
/// use iddpm::{Device, Draw, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32_4_steps.safetensors"
/// # )
/// );
/// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
/// let mut run = studio.begin(&Draw::new().class("sword"), 1)?;
/// while run.advance()? {
///     let preview = run.preview()?.bytes()?;
///     println!("{:3.0} %: {} bytes", 100.0 * run.fraction(), preview.len());
/// }
/// let sword = run.images()?;
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Run {
    model: Model,
    draw: Draw,
    samples: Vec<Sample>,
    /// What the network enlarges; what is saved has it too.
    low_res: Vec<f32>,
    /// The picture of which a part is kept; what is saved has it too.
    known: Option<KnownBuf>,
    evaluations: u32,
    pub(super) executor: Executor,
}

#[derive(Debug)]
pub(super) enum Executor {
    Processor(Box<CpuRun>),
    Gpu(Box<GpuRun>),
}

/// Asks whichever executor it is.
macro_rules! ask {
    ($run:ident.executor.$method:ident($($argument:expr),*)) => {
        match &$run.executor {
            Executor::Processor(run) => run.$method($($argument),*),
            Executor::Gpu(run) => run.$method($($argument),*),
        }
    };
    ($run:ident.executor.mut $method:ident($($argument:expr),*)) => {
        match &mut $run.executor {
            Executor::Processor(run) => run.$method($($argument),*),
            Executor::Gpu(run) => run.$method($($argument),*),
        }
    };
    // What a GPU does in its own time, and the processor at once.
    (await $run:ident.executor.$method:ident()) => {
        match &$run.executor {
            Executor::Processor(run) => run.$method(),
            Executor::Gpu(run) => run.$method().await,
        }
    };
    (await $run:ident.executor.mut $method:ident()) => {
        match &mut $run.executor {
            Executor::Processor(run) => run.$method(),
            Executor::Gpu(run) => run.$method().await,
        }
    };
}

impl Run {
    pub(super) fn new(
        model: Model,
        draw: Draw,
        samples: &[Sample],
        known: Option<KnownBuf>,
        evaluations: u32,
        executor: Executor,
    ) -> Result<Self, Error> {
        Ok(Self {
            model,
            draw,
            samples: copied(samples)?,
            low_res: Vec::new(),
            known,
            evaluations,
            executor,
        })
    }

    /// Gives a network that enlarges images those that it enlarges, in [-1, 1], [N, C, h, w].
    ///
    /// # Errors
    /// [`DrawError::LowResUnexpected`]; [`DrawError::Value`] for another number of them, or in the middle of a run.
    pub fn with_low_res(mut self, images: &[f32]) -> Result<Self, Error> {
        let Some((width, height)) = self.model.low_res() else {
            return Err(DrawError::LowResUnexpected.into());
        };
        if self.fraction() > 0.0 {
            let why = "a run that has begun keeps what it enlarges";
            let value = std::format!("step {}", self.position());
            return Err(DrawError::value("low-res", value, why).into());
        }
        let expected = self.samples.len() * self.model.image().channels * height * width;
        if images.len() != expected {
            let value = std::format!("{} numbers", images.len());
            let count = self.samples.len();
            let why = std::format!("{count} images of {width}x{height} are {expected}");
            return Err(DrawError::value("low-res", value, why).into());
        }
        ask!(self.executor.mut set_low_res(images))?;
        self.low_res = copied(images)?;
        Ok(self)
    }

    /// Gives a network that enlarges images those that it enlarges, as [`Images::bytes`] has them: [N, h, w, C], 8 bits each,
    /// alpha straight, one for each image of the run, or one for all.
    ///
    /// # Errors
    /// Those of [`with_low_res`](Self::with_low_res).
    pub fn with_low_res_bytes(self, bytes: &[u8]) -> Result<Self, Error> {
        let Some((width, height)) = self.model.low_res() else {
            return Err(DrawError::LowResUnexpected.into());
        };
        let (count, channels) = (self.samples.len(), self.model.image().channels);
        let one = width * height * channels;
        if bytes.len() != one && bytes.len() != count * one {
            let value = std::format!("{} bytes", bytes.len());
            let why = std::format!(
                "an image of {width}x{height} has {one}, and there is one for all, or one for each of {count}"
            );
            return Err(DrawError::value("low-res", value, why).into());
        }
        let mut images = Vec::new();
        // The only one again and again, where there is one for all.
        for picture in bytes.chunks(one.max(1)).cycle().take(count) {
            let planes = planes(picture, channels)?;
            let mut numbers = zeros(one)?;
            image_from_u8(&planes, &mut numbers)?;
            extend(&mut images, &numbers)?;
        }
        self.with_low_res(&images)
    }

    /// Where the images stand.
    pub(super) async fn paused(&mut self) -> Result<Paused, Error> {
        ask!(await self.executor.mut save())
    }

    /// Goes on from elsewhere.
    pub(super) fn with(mut self, paused: Paused) -> Result<Self, Error> {
        ask!(self.executor.mut resume(&paused))?;
        Ok(self)
    }

    /// Begins with these images in place of noise.
    pub(super) async fn with_x(mut self, x: Vec<f32>) -> Result<Self, Error> {
        let begun = self.paused().await?;
        self.with(Paused { x, ..begun })
    }

    /// Takes a step, one evaluation of the network for every image, or what is left of one; `false` where none was left.
    ///
    /// # Errors
    /// [`DrawError::LowResMissing`]; those of the device. Where a device is lost, [`save`](Self::save) has the last
    /// step that was done, and the run goes on elsewhere.
    pub fn advance(&mut self) -> Result<bool, Error> {
        block_on(self.advance_async())
    }

    /// Takes a step as [`advance`](Self::advance), without waiting for a GPU; the processor takes it at once.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub async fn advance_async(&mut self) -> Result<bool, Error> {
        self.check_low_res()?;
        ask!(await self.executor.mut advance())
    }

    pub(super) fn check_low_res(&self) -> Result<(), DrawError> {
        match self.model.low_res() {
            Some(size) if self.low_res.is_empty() => Err(DrawError::LowResMissing { size }),
            _ => Ok(()),
        }
    }

    /// Goes on until this time has passed, also within a step: on the processor by operations of the network, on a GPU by
    /// dispatches, one at least. Whether anything is left; what an operation takes is what it may be longer. Runs of one
    /// studio that are drawn by several threads at once wait for each other's operations.
    /// A page's wasm has no clock of the standard library's, which panics there: [`advance_while`](Self::advance_while)
    /// is for it.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn advance_for(&mut self, time: Duration) -> Result<bool, Error> {
        self.check_low_res()?;
        match &mut self.executor {
            Executor::Processor(run) => {
                let begun = Instant::now();
                run.advance_while(|| begun.elapsed() < time)?;
            }
            Executor::Gpu(run) => run.advance_for(time)?,
        }
        Ok(!self.is_done())
    }

    /// Goes on until `again` says no, which is asked after each operation of the network on the processor, by whichever of
    /// its threads, and after each step on a GPU. Whether anything is left.
    ///
    /// ```
    /// use iddpm::{Device, Draw, Model};
    /// # #[rustfmt::skip]
    /// let file = include_bytes!(
    /// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
    ///     "examples/assets/sprites32_4_steps.safetensors"
    /// # )
    /// );
    /// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
    /// let mut run = studio.begin(&Draw::new(), 1)?;
    /// // An operation at a time, whatever they take.
    /// while run.advance_while(|| false)? {
    ///     println!("{:3.0} %", 100.0 * run.fraction());
    /// }
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn advance_while(&mut self, mut again: impl FnMut() -> bool + Send) -> Result<bool, Error> {
        self.check_low_res()?;
        match &mut self.executor {
            Executor::Processor(run) => run.advance_while(again)?,
            Executor::Gpu(run) => while block_on(run.advance())? && again() {},
        }
        Ok(!self.is_done())
    }

    /// Takes every step that is left. On a GPU each is handed to it while the one before it runs, so that it never waits for
    /// the host: sooner done than by [`advance`](Self::advance), with the same images.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn finish(&mut self) -> Result<(), Error> {
        block_on(self.finish_async())
    }

    /// Takes every step that is left as [`finish`](Self::finish), without waiting for a GPU; the processor takes them at once.
    /// Where its future is dropped, up to two steps are under way, which are done and counted.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub async fn finish_async(&mut self) -> Result<(), Error> {
        self.finish_while_async(|_| true).await.map(drop)
    }

    /// Takes steps as [`finish`](Self::finish) while `again` says so, which is told after each how many are done. A GPU is a
    /// step ahead then, which is done too. Whether anything is left.
    ///
    /// ```
    /// use iddpm::{Device, Draw, Model};
    /// # #[rustfmt::skip]
    /// let file = include_bytes!(
    /// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
    ///     "examples/assets/sprites32_4_steps.safetensors"
    /// # )
    /// );
    /// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
    /// let mut run = studio.begin(&Draw::new(), 1)?;
    /// let steps = run.steps();
    /// let is_left = run.finish_while(|done| {
    ///     println!("{done} of {steps} steps");
    ///     true // no, where somebody has asked to stop
    /// })?;
    /// assert!(!is_left);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn finish_while(&mut self, again: impl FnMut(u32) -> bool) -> Result<bool, Error> {
        block_on(self.finish_while_async(again))
    }

    /// Takes steps as [`finish_while`](Self::finish_while), without waiting for a GPU; the processor takes them at once.
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub async fn finish_while_async(
        &mut self,
        mut again: impl FnMut(u32) -> bool,
    ) -> Result<bool, Error> {
        self.advance_until(self.evaluations, &mut again).await?;
        Ok(!self.is_done())
    }

    /// Goes on until so many steps are done.
    pub(super) async fn advance_until(
        &mut self,
        end: u32,
        again: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(), Error> {
        self.check_low_res()?;
        match &mut self.executor {
            Executor::Processor(run) => run.advance_until(end, again),
            Executor::Gpu(run) => run.advance_until(end, again).await,
        }
    }

    /// The number of steps that were taken, or recorded into frames.
    pub const fn position(&self) -> u32 {
        ask!(self.executor.position())
    }

    /// The number of steps of the whole run.
    pub const fn steps(&self) -> u32 {
        self.evaluations
    }

    /// The share of the work that is done: 1 where the images are.
    pub fn fraction(&self) -> f32 {
        match self.evaluations {
            0 => 1.0,
            steps => (self.position() as f32 + ask!(self.executor.part())) / steps as f32,
        }
    }

    /// Whether the images are done.
    pub const fn is_done(&self) -> bool {
        self.position() >= self.evaluations
    }

    /// The images as the last step predicted them; the images themselves once they are done. Before the first step, and
    /// where a run was resumed before its next, nothing is to be seen: all is black, and clear where there is alpha.
    ///
    /// # Errors
    /// Those of [`images`](Self::images).
    pub fn preview(&self) -> Result<Images, Error> {
        block_on(self.preview_async())
    }

    /// The images as [`preview`](Self::preview), without waiting.
    ///
    /// # Errors
    /// Those of [`images`](Self::images).
    pub async fn preview_async(&self) -> Result<Images, Error> {
        if self.is_done() {
            return self.images_async().await;
        }
        self.images_of(ask!(await self.executor.x_start())?)
    }

    /// The images as they are: noise at first, the result at the end.
    ///
    /// # Errors
    /// [`DrawError::FrameNotSubmitted`] while a frame that was recorded has not run; [`DrawError::Spent`]; those of the
    /// device.
    pub fn images(&self) -> Result<Images, Error> {
        block_on(self.images_async())
    }

    /// The images as [`images`](Self::images), without waiting.
    ///
    /// # Errors
    /// Those of [`images`](Self::images).
    pub async fn images_async(&self) -> Result<Images, Error> {
        self.images_of(ask!(await self.executor.x())?)
    }

    fn images_of(&self, pixels: Vec<f32>) -> Result<Images, Error> {
        let images = Images::new(&self.model, pixels, &self.samples)?;
        Ok(images.indexed(self.draw.only_colours().is_some()))
    }

    /// The images that are drawn: noise, number and class of each.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The drawing.
    pub const fn draw(&self) -> &Draw {
        &self.draw
    }

    /// Saves the run as its last whole step left it, what is done of the next is done again: it goes on by
    /// [`Studio::resume`](super::Studio::resume), on any device, and says what it was [made with](Saved::made_with) on a GPU.
    /// While frames are on their way, and where the device is lost, it is the last step that has come to the host: one or two
    /// behind where a host is as many frames ahead of its device.
    ///
    /// # Errors
    /// Those of the device; [`DrawError::Spent`].
    pub fn save(&mut self) -> Result<Saved, Error> {
        block_on(self.save_async())
    }

    /// Saves the run as [`save`](Self::save), without waiting.
    ///
    /// # Errors
    /// Those of [`save`](Self::save).
    pub async fn save_async(&mut self) -> Result<Saved, Error> {
        let paused = self.paused().await?;
        Saved::new(
            &self.model,
            &self.draw,
            &self.samples,
            &self.low_res,
            self.known.as_ref(),
            self.made_with().map(Into::into),
            paused,
        )
    }

    /// What its steps are made with on a GPU: version of this crate, device, driver, precision, and variants of kernels. Where
    /// that is the same, numbers are the same; they differ by rounding from those of something else. A browser does not
    /// say what its devices are. `None` on the processor.
    pub fn made_with(&self) -> Option<&str> {
        ask!(self.executor.made_with())
    }

    pub(super) fn put(&mut self, saved: &Saved) -> Result<(), Error> {
        if !saved.low_res().is_empty() {
            ask!(self.executor.mut set_low_res(saved.low_res()))?;
            self.low_res = copied(saved.low_res())?;
        }
        ask!(self.executor.mut resume(saved.paused()))
    }
}
