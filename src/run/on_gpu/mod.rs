//! The network on a GPU.

mod frames;
mod pacing;

use std::collections::VecDeque;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::device::{Chosen, Wanted};
use super::draw::Course;
use super::error::DrawError;
use super::model::Model;
use crate::Error;
use crate::checkpoint::WeightType;
use crate::diffusion::{Paused, Sample};
use crate::gpu::{
    self, DeviceGeneration, DeviceWeights, Gpu, GpuError, NoiseSource, PausedReadback, Precision,
    Shown, Stopwatch, wait_blocking, wgpu,
};
use crate::unet::Weights;
use frames::Frames;
pub use pacing::{Budget, Pacing};

pub(super) fn list() -> Vec<String> {
    let adapters = pollster::block_on(gpu::adapters());
    adapters.iter().map(|it| it.get_info().name).collect()
}

/// Opens what is wanted, and says what it is, and why it is that.
pub(super) fn open(wanted: &Wanted) -> Result<(Gpu, Chosen), DrawError> {
    if let Wanted::Open(gpu) = wanted {
        return Ok((Gpu::clone(gpu), chosen(gpu, "the host's".into())));
    }
    let (adapter, why) = choose(wanted, pollster::block_on(gpu::adapters()))?;
    let opened = pollster::block_on(Gpu::create_on(&adapter));
    let gpu = opened.map_err(|error| DrawError::NoGpu {
        why: format!("{}: {error}", adapter.get_info().name),
    })?;
    let chosen = chosen(&gpu, why);
    Ok((gpu, chosen))
}

fn chosen(gpu: &Gpu, why: String) -> Chosen {
    let info = gpu.device().adapter_info();
    let kind = format!("{:?}, {:?}", info.device_type, info.backend);
    let name = info.name;
    Chosen::Gpu { name, kind, why }
}

/// The adapter, and why it is that one. The best is never one in software: that is slower than the processor.
fn choose(
    wanted: &Wanted,
    adapters: Vec<wgpu::Adapter>,
) -> Result<(wgpu::Adapter, String), DrawError> {
    let part = match wanted {
        Wanted::Named(part) => Some(part.to_lowercase()),
        _ => None,
    };
    let infos: Vec<_> = adapters.iter().map(wgpu::Adapter::get_info).collect();
    let all: Vec<String> = infos.iter().map(shown).collect();
    let is_named = |adapter: &wgpu::Adapter| {
        let name = adapter.get_info().name.to_lowercase();
        part.as_deref().is_none_or(|part| name.contains(part))
    };
    let Some(adapter) = adapters.into_iter().find(is_named) else {
        let wanted = match wanted {
            Wanted::Named(part) => Some(part.clone()),
            _ => None,
        };
        return Err(DrawError::Adapter { wanted, found: all });
    };
    if !matches!(wanted, Wanted::Best) {
        return Ok((adapter, "asked for".into()));
    }
    let in_software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    let why = match (all.as_slice(), infos.as_slice()) {
        ([_], [only]) if in_software => {
            let why = format!(
                "the only adapter, {}, is software, which is slower",
                only.name
            );
            return Err(DrawError::NoGpu { why });
        }
        (all, _) if in_software => {
            let all = all.join(", ");
            let why = format!("every adapter, {all}, is software, which is slower");
            return Err(DrawError::NoGpu { why });
        }
        ([_], _) => "the only adapter".into(),
        (all, _) => format!("the first by kind of {}", all.join(", ")),
    };
    Ok((adapter, why))
}

/// An adapter by name, and by interface: the same one may have several.
fn shown(info: &wgpu::AdapterInfo) -> String {
    format!("{} ({:?})", info.name, info.backend)
}

/// The precision that suits weights: f32 stay so; f16 are computed in f16 where the device can, but for one in
/// software, where that saves nothing unless it was asked for. And what is to be said of it.
fn precision(
    gpu: &Gpu,
    weights: Weights<'_>,
    weight_type: WeightType,
) -> (Precision, &'static str) {
    let in_software = gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu;
    match (weights, weight_type) {
        (Weights::F32(_), _) => (Precision::Full, ""),
        (Weights::F16(_), WeightType::AsStored) if in_software => (Precision::HalfWeights, ""),
        (Weights::F16(_), _) => half(gpu),
    }
}

/// What f16 can be run in on a device, and what is to be said of it.
pub(super) fn half(gpu: &Gpu) -> (Precision, &'static str) {
    if gpu.device().features().contains(wgpu::Features::SHADER_F16) {
        (Precision::Half, ", in f16")
    } else {
        let note = ", which has no f16 but for weights";
        (Precision::HalfWeights, note)
    }
}

/// A model on a device: its weights are brought there once.
#[derive(Debug)]
pub(super) struct GpuStudio {
    gpu: Gpu,
    weights: DeviceWeights,
}

impl GpuStudio {
    /// Brings a model to a device; and what is to be said of its precision there.
    pub(super) fn new(gpu: Gpu, model: &Model) -> Result<(Self, &'static str), Error> {
        let (graph, weights) = (model.checkpoint().graph(), model.checkpoint().weights());
        let (precision, note) = precision(&gpu, weights, model.weight_type());
        let weights = DeviceWeights::upload_blocking(&gpu, graph, weights, precision)?;
        Ok((Self { gpu, weights }, note))
    }

    pub(super) fn begin(
        &self,
        model: &Model,
        course: &Course,
        samples: &[Sample],
    ) -> Result<GpuRun, Error> {
        let graph = model.description().graph(samples.len())?;
        let (gpu, sampler) = (&self.gpu, course.sampler()?);
        let source = NoiseSource::Philox;
        let mut generation =
            DeviceGeneration::new_blocking(gpu, &graph, &self.weights, &sampler, samples, source)?;
        let clock = pollster::block_on(Stopwatch::of(gpu))?;
        let room = || pollster::block_on(generation.paused_readback());
        let returns = [Return::of(room()?), Return::of(room()?)];
        let mut encoder = encoder(gpu);
        generation.record_noise(&mut encoder);
        gpu.submit_blocking(encoder)?;
        Ok(GpuRun {
            pacing: Pacing::new(generation.work_of_step(), clock.is_some()),
            clock,
            returns,
            kept: generation.paused_blocking()?,
            armed: 0,
            frames: Frames::default(),
            works: VecDeque::new(),
            gpu: gpu.clone(),
            generation,
        })
    }

    pub(super) const fn gpu(&self) -> &Gpu {
        &self.gpu
    }
}

fn encoder(gpu: &Gpu) -> wgpu::CommandEncoder {
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    gpu.device().create_command_encoder(&descriptor)
}

/// Looks at a frame whose submissions have run; one that is not done then was never submitted.
const PATIENCE: usize = 1000;
/// Frames whose work is remembered until a host says how long they took.
const REMEMBERED: usize = 16;

/// A batch of images on a device.
///
/// Each step that was done comes to the host on its way, where there is room: what is left where the device is lost,
/// or a frame that was recorded is never submitted.
#[derive(Debug)]
pub(super) struct GpuRun {
    gpu: Gpu,
    generation: DeviceGeneration,
    returns: [Return; 2],
    kept: Paused,
    /// The newest step that is on its way to the host, or there.
    armed: u32,
    frames: Frames,
    clock: Option<Stopwatch>,
    pacing: Pacing,
    /// The work of frames whose time the host has not told yet.
    works: VecDeque<u64>,
}

impl GpuRun {
    pub(super) fn set_low_res(&self, images: &[f32]) -> Result<(), Error> {
        Ok(self.generation.write_low_res(images)?)
    }

    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        self.settle()?;
        if self.generation.is_done() {
            return Ok(false);
        }
        let mut encoder = encoder(&self.gpu);
        self.generation.record_step(&mut encoder);
        let [Return { readback, .. }, _] = &mut self.returns;
        self.generation.read_paused(&mut encoder, readback);
        let submission = self.gpu.queue().submit([encoder.finish()]);
        readback.map();
        self.kept = wait_blocking(&self.gpu, submission, || readback.take())?;
        self.armed = self.generation.position();
        Ok(true)
    }

    /// Waits for the frames before.
    fn settle(&mut self) -> Result<(), Error> {
        self.follow()?;
        for _ in 0..PATIENCE {
            if self.frames.are_done() {
                return self.keep();
            }
            self.gpu.wait_blocking(None)?;
            self.gpu.check()?;
            // Another thread that polls the same device may not have handed on yet what it was told.
            std::thread::yield_now();
            self.follow()?;
        }
        Err(DrawError::FrameNotSubmitted.into())
    }

    /// Takes what has come since. Where a frame was dropped with its encoder, the run goes back to the last step
    /// that is on the host: what was recorded after that frame went on from what it has not done.
    fn follow(&mut self) -> Result<(), Error> {
        while let Some((work, milliseconds)) = self.clock.as_mut().and_then(Stopwatch::take) {
            self.pacing.learn(work, milliseconds);
        }
        if self.frames.were_dropped() {
            self.frames.clear();
            self.works.clear();
            self.returns.iter_mut().for_each(Return::forget);
            let kept = self.kept.clone();
            return self.resume(&kept);
        }
        self.keep()
    }

    /// Takes the states that have come since.
    fn keep(&mut self) -> Result<(), Error> {
        for one in &mut self.returns {
            if let Some(paused) = one.take()?
                && paused.state.position >= self.kept.state.position
            {
                self.kept = paused;
            }
        }
        Ok(())
    }

    /// Records what a budget has room for; `false` where nothing was left.
    pub(super) fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        budget: Budget,
    ) -> Result<bool, Error> {
        self.follow()?;
        let was_left = !self.generation.is_done();
        if was_left {
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
        let position = self.generation.position();
        let mut free = self.returns.iter_mut().filter(|it| it.readback.is_free());
        if position > self.armed
            && let Some(Return { readback, .. }) = free.next()
        {
            self.generation.read_paused(encoder, readback);
            readback.map_on_submit(encoder);
            self.armed = position;
        }
        self.frames.follow(encoder);
        Ok(was_left)
    }

    pub(super) fn took(&mut self, milliseconds: f64) {
        let work = self.works.pop_front();
        // Its own clock knows better.
        if let (Some(work), None) = (work, &self.clock) {
            self.pacing.learn(work, milliseconds);
        }
    }

    pub(super) const fn pacing(&self) -> Pacing {
        self.pacing
    }

    pub(super) fn paint(
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

    pub(super) const fn position(&self) -> u32 {
        self.generation.position()
    }

    pub(super) fn x(&self) -> Result<Vec<f32>, Error> {
        Ok(self.generation.x_blocking()?)
    }

    pub(super) fn x_start(&self) -> Result<Vec<f32>, Error> {
        Ok(self.generation.x_start_blocking()?)
    }

    /// The run as it stands; while frames are on their way, or where the device is lost, as it last was on the host.
    pub(super) fn save(&mut self) -> Result<Paused, Error> {
        let followed = self.follow();
        if let Err(error @ Error::Gpu(GpuError::NotFinite { .. })) = followed {
            return Err(error);
        }
        let is_whole = self.kept.state.position == self.generation.position();
        if is_whole || followed.is_err() || !self.frames.are_done() {
            return Ok(self.kept.clone());
        }
        match self.generation.paused_blocking() {
            Ok(paused) => Ok(paused),
            Err(error @ GpuError::NotFinite { .. }) => Err(error.into()),
            // Whatever else the device says: what the host has is good.
            Err(_) => Ok(self.kept.clone()),
        }
    }

    pub(super) fn resume(&mut self, from: &Paused) -> Result<(), Error> {
        self.generation.resume(from)?;
        self.armed = from.state.position;
        self.kept = from.clone();
        Ok(())
    }

    pub(super) const fn generation(&self) -> &DeviceGeneration {
        &self.generation
    }
}

/// A state on its way to the host.
#[derive(Debug)]
struct Return {
    readback: PausedReadback,
    /// Whether it comes of what went on from a frame that was dropped.
    is_stale: bool,
}

impl Return {
    const fn of(readback: PausedReadback) -> Self {
        Self {
            readback,
            is_stale: false,
        }
    }

    /// What comes is of no use.
    fn forget(&mut self) {
        self.is_stale = !self.readback.forget_dropped() && !self.readback.is_free();
    }

    fn take(&mut self) -> Result<Option<Paused>, GpuError> {
        let taken = self.readback.take();
        let is_stale = self.is_stale;
        self.is_stale &= !self.readback.is_free();
        match is_stale {
            // Not even that it is not finite counts.
            true => Ok(None),
            false => taken,
        }
    }
}
