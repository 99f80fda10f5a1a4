//! A model on a device.

use core::ops::Range;
use std::boxed::Box;
use std::vec::Vec;

use super::canvas::Canvas;
use super::device::{Chosen, Device, OpenDevice};
use super::draw::{Course, Draw};
use super::error::DrawError;
use super::images::Images;
use super::model::Model;
use super::on_gpu::GpuStudio;
use super::processor::CpuStudio;
use super::run::{Executor, Run};
use super::saved::Saved;
use crate::Error;
use crate::diffusion::{KnownBuf, Noise, Sample};
use crate::memory::{self, MemoryError, collected, zeros};
use crate::text::Number;
use crate::waiting::block_on;

/// Images that [`Studio::sample`] makes at once.
const AT_ONCE: u64 = 8;

/// Nothing is no drawing, however it is asked for.
fn check_count(images: usize) -> Result<(), DrawError> {
    if images > 0 {
        return Ok(());
    }
    Err(DrawError::value(
        "count",
        0,
        "a drawing is of one image or more",
    ))
}

/// A model on a device, ready to draw.
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
/// let images = studio.sample(&Draw::new().class("sword"), 2)?;
/// assert_eq!(images.len(), 2);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Studio {
    model: Model,
    chosen: Chosen,
    precision: &'static str,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Processor(Box<CpuStudio>),
    Gpu(Box<GpuStudio>),
}

impl Model {
    /// Puts the model on a device.
    ///
    /// # Errors
    /// [`DrawError`] and [`GpuError`](crate::gpu::GpuError) where the device cannot be had.
    pub fn on(&self, device: Device) -> Result<Studio, Error> {
        block_on(self.on_async(device))
    }

    /// Puts the model on a device as [`on`](Self::on), without waiting: in a page, whose browser allows no waiting.
    ///
    /// ```no_run
    /// use iddpm::{Device, Draw, Error, Images, Model};
    /// async fn draw(file: &[u8]) -> Result<Images, Error> {
    ///     let mut studio = Model::from_bytes(file)?.on_async(Device::best()).await?;
    ///     let mut run = studio.begin_async(&Draw::new().class("sword"), 1).await?;
    ///     while run.advance_async().await? {
    ///         let halfway = run.preview_async().await?;
    ///     }
    ///     run.images_async().await
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`on`](Self::on).
    pub async fn on_async(&self, device: Device) -> Result<Studio, Error> {
        Studio::new(self.clone(), device).await
    }
}

impl Studio {
    async fn new(model: Model, device: Device) -> Result<Self, Error> {
        // A first save in the middle of a game's frames is no time to read all weights; where there is none, that
        // is told then.
        drop(model.fingerprint());
        let (opened, chosen) = device.open_async().await?;
        let (engine, precision) = match opened {
            OpenDevice::Processor(threads) => {
                let engine = CpuStudio::new(threads.count());
                (Engine::Processor(Box::new(engine)), "")
            }
            OpenDevice::Gpu(gpu) => {
                let (engine, precision) = GpuStudio::new(*gpu, &model).await?;
                (Engine::Gpu(Box::new(engine)), precision)
            }
        };
        Ok(Self {
            model,
            chosen,
            precision,
            engine,
        })
    }

    /// The device that was found, and why it was taken.
    pub const fn device(&self) -> &Chosen {
        &self.chosen
    }

    /// What is to be said of the precision behind the device's name, as in ", in f16"; nothing where all is in f32.
    pub const fn precision(&self) -> &'static str {
        self.precision
    }

    #[cfg(feature = "gpu")]
    pub(super) const fn on_gpu(&self) -> Option<&GpuStudio> {
        match &self.engine {
            Engine::Processor(_) => None,
            Engine::Gpu(studio) => Some(studio),
        }
    }

    /// The model.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Draws so many images, a few at once: the number 0 and those that follow. It waits for them, and has all or none;
    /// [`begin_numbers`](Self::begin_numbers) is for whoever wants them as they come.
    ///
    /// # Errors
    /// [`DrawError`]; [`MemoryError`](crate::memory::MemoryError) where there is no room for them; those of the device.
    pub fn sample(&mut self, draw: &Draw, count: usize) -> Result<Images, Error> {
        check_count(count)?;
        let count = count as u64;
        if let Some(row) = draw.row() {
            row.check_count(count)?;
        }
        self.check_room(count)?;
        let mut all = Images::none(&self.model);
        for first in (0..count).step_by(AT_ONCE as usize) {
            let mut run = self.begin_numbers(draw, first..count.min(first + AT_ONCE))?;
            run.finish()?;
            all.extend(run.images()?)?;
        }
        Ok(all)
    }

    /// Begins a run of so many images at once.
    ///
    /// # Errors
    /// [`DrawError`]; those of the device.
    pub fn begin(&mut self, draw: &Draw, count: usize) -> Result<Run, Error> {
        block_on(self.begin_async(draw, count))
    }

    /// Begins a run as [`begin`](Self::begin), without waiting.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub async fn begin_async(&mut self, draw: &Draw, count: usize) -> Result<Run, Error> {
        let samples = self.samples(draw, 0..count as u64)?;
        self.begin_samples_async(draw, &samples).await
    }

    /// Begins a run of these of the seed's images at once. An image is the same in whatever run it is.
    ///
    /// # Errors
    /// [`DrawError`]; those of the device.
    pub fn begin_numbers(&mut self, draw: &Draw, numbers: Range<u64>) -> Result<Run, Error> {
        self.check_room(numbers.end.saturating_sub(numbers.start))?;
        let samples = self.samples(draw, numbers)?;
        self.begin_samples(draw, &samples)
    }

    /// Begins a run of these images, each with its own noise, number and class.
    ///
    /// # Errors
    /// [`DrawError`], of a class that the network does not have too; those of the device.
    pub fn begin_samples(&mut self, draw: &Draw, samples: &[Sample]) -> Result<Run, Error> {
        block_on(self.begin_samples_async(draw, samples))
    }

    /// Begins a run as [`begin_samples`](Self::begin_samples), without waiting; [`samples`](Self::samples) lists those of
    /// a drawing.
    ///
    /// # Errors
    /// Those of [`begin_samples`](Self::begin_samples).
    pub async fn begin_samples_async(
        &mut self,
        draw: &Draw,
        samples: &[Sample],
    ) -> Result<Run, Error> {
        let course = self.course(draw, false)?;
        if course.begins_with_picture() {
            let why = "there is no picture to begin with";
            return Err(DrawError::value("strength", Number(draw.picture_strength()), why).into());
        }
        let Some(row) = draw.row() else {
            return self.begin_course(draw, course, samples, None).await;
        };
        course.check_adds_no_noise("a row")?;
        let x = row.begin(samples, self.model.image().elements())?;
        let run = self.begin_course(draw, course, samples, None).await?;
        run.with_x(x).await
    }

    /// Begins a run on a picture: from it, as far as the drawing's strength says, or within a mask.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin); [`DrawError::Value`] for a picture of another model's size.
    pub fn begin_on(
        &mut self,
        draw: &Draw,
        canvas: &Canvas,
        numbers: Range<u64>,
    ) -> Result<Run, Error> {
        block_on(self.begin_on_async(draw, canvas, numbers))
    }

    /// Begins a run as [`begin_on`](Self::begin_on), without waiting.
    ///
    /// # Errors
    /// Those of [`begin_on`](Self::begin_on).
    pub async fn begin_on_async(
        &mut self,
        draw: &Draw,
        canvas: &Canvas,
        numbers: Range<u64>,
    ) -> Result<Run, Error> {
        canvas.check(&self.model)?;
        if let Some(row) = draw.row() {
            let why = "a row begins with noise, and on no picture";
            return Err(DrawError::value("between", row, why).into());
        }
        self.check_room(numbers.end.saturating_sub(numbers.start))?;
        let samples = self.samples(draw, numbers)?;
        let known = canvas.known()?;
        let course = self.course(draw, known.is_some())?;
        if !course.begins_with_picture() {
            return self.begin_course(draw, course, &samples, known).await;
        }
        let elements = self.model.image().elements();
        let (mut noise, mut x) = (zeros(elements)?, zeros(elements * samples.len())?);
        let sampler = course.sampler()?;
        for (sample, x) in samples.iter().zip(x.chunks_mut(elements)) {
            sample.begin(&mut noise);
            sampler.begin_from(canvas.picture(), &noise, x)?;
        }
        let run = self.begin_course(draw, course, &samples, known).await?;
        run.with_x(x).await
    }

    pub(super) fn course(&self, draw: &Draw, keeps: bool) -> Result<Course, Error> {
        draw.course(self.model.description(), keeps)
    }

    async fn begin_course(
        &mut self,
        draw: &Draw,
        course: Course,
        samples: &[Sample],
        known: Option<KnownBuf>,
    ) -> Result<Run, Error> {
        check_count(samples.len())?;
        self.model.check_labels(samples)?;
        self.model.check_wrap(course.wrap())?;
        let evaluations = course.sampler()?.evaluations();
        let kept = known.clone();
        let controls = draw.controls(&self.model, samples, evaluations, known)?;
        let told = self.model.conditioned(samples)?;
        let executor = match &mut self.engine {
            Engine::Processor(engine) => Executor::Processor(Box::new(engine.begin(
                &self.model,
                course,
                &told,
                controls,
            )?)),
            Engine::Gpu(engine) => {
                let begun = engine.begin(&self.model, &course, &told, &controls);
                Executor::Gpu(Box::new(begun.await?))
            }
        };
        Run::new(
            self.model.clone(),
            draw.clone(),
            samples,
            kept,
            evaluations,
            executor,
        )
    }

    /// Puts a run where a saved one was, on whichever device that was: its own, and every bit stays; another, and
    /// the image is the same to within its rounding.
    ///
    /// # Errors
    /// [`DrawError::Saved`] for another model's; those of [`begin`](Self::begin).
    pub fn resume(&mut self, saved: &Saved) -> Result<Run, Error> {
        block_on(self.resume_async(saved))
    }

    /// Puts a run where a saved one was as [`resume`](Self::resume), without waiting.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub async fn resume_async(&mut self, saved: &Saved) -> Result<Run, Error> {
        saved.check(&self.model)?;
        let known = saved.known().cloned();
        let course = self.course(saved.draw(), known.is_some())?;
        let begun = self.begin_course(saved.draw(), course, saved.samples(), known);
        let mut run = begun.await?;
        run.put(saved)?;
        Ok(run)
    }

    /// Whether there is room for so many images.
    fn check_room(&self, count: u64) -> Result<(), MemoryError> {
        let elements = self.model.image().elements() as u64;
        memory::check(count.saturating_mul(elements).saturating_mul(4))
    }

    /// Lists the images of a drawing by their numbers: each with the seed's noise and its class.
    ///
    /// # Errors
    /// [`DrawError::Class`], [`DrawError::NoClasses`].
    pub fn samples(&self, draw: &Draw, numbers: Range<u64>) -> Result<Vec<Sample>, Error> {
        let asked = draw.labels(&self.model)?;
        let classes = self.model.classes() as u64;
        // A row is of its first class, on the way to its last.
        let asked = match (draw.row(), asked.first()) {
            (Some(_), Some(&first)) => std::vec![first],
            _ => asked,
        };
        let in_turn = |number: u64| match number.checked_rem(asked.len() as u64) {
            Some(at) => asked.get(at as usize).copied(),
            None => number.checked_rem(classes).map(|class| class as u32),
        };
        let noise = Noise::new(draw.noise_seed());
        let len = usize::try_from(numbers.end.saturating_sub(numbers.start));
        let samples = numbers.map(|number| Sample {
            noise,
            number,
            label: in_turn(number),
        });
        Ok(collected(len.unwrap_or(usize::MAX), samples)?)
    }
}
