//! The network on a GPU.

mod pacing;

use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::device::{Chosen, Device, Wanted};
use super::draw::Plan;
use super::error::DrawError;
use super::model::Model;
use super::paused::Paused;
use crate::Error;
use crate::checkpoint::WeightType;
use crate::diffusion::Sample;
pub(super) use crate::gpu::Gpu;
pub use pacing::{Budget, Pacing};
use crate::gpu::{
    self, DeviceGeneration, DeviceWeights, GpuError, NoiseSource, Precision, SavedReadback, Shown,
    Stopwatch, wait_blocking, wgpu,
};
use crate::unet::Weights;

impl From<Gpu> for Device {
    /// Takes a device that is open already.
    fn from(gpu: Gpu) -> Self {
        Self::from(Wanted::Open(Box::new(gpu)))
    }
}

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
    let name = format!("{} ({:?}, {:?}", info.name, info.device_type, info.backend);
    Chosen::Gpu { name, why }
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
pub fn half(gpu: &Gpu) -> (Precision, &'static str) {
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
        plan: &Plan,
        samples: &[Sample],
    ) -> Result<GpuRun, Error> {
        let graph = model.description().graph(samples.len())?;
        let (gpu, sampler) = (&self.gpu, plan.sampler()?);
        let source = NoiseSource::Philox;
        let generation =
            DeviceGeneration::new_blocking(gpu, &graph, &self.weights, &sampler, samples, source)?;
        let clock = pollster::block_on(Stopwatch::of(gpu))?;
        Ok(GpuRun {
            pacing: Pacing::new(generation.work_of_step(), clock.is_some()),
            clock,
            readback: pollster::block_on(generation.saved_readback())?,
            kept: Paused {
                state: sampler.state(),
                x: Vec::new(),
                history: Vec::new(),
            },
            gpu: gpu.clone(),
            generation,
            recorded: 0,
        })
    }
}

/// A batch of images on a device.
#[derive(Debug)]
pub(super) struct GpuRun {
    gpu: Gpu,
    generation: DeviceGeneration,
    /// How each step that was done comes to the host: what is left where the device is lost.
    readback: SavedReadback,
    kept: Paused,
    clock: Option<Stopwatch>,
    pacing: Pacing,
    /// The work of the last frame.
    recorded: u64,
}

impl GpuRun {
    pub(super) fn set_low_res(&self, images: &[f32]) -> Result<(), Error> {
        Ok(self.generation.write_low_res(images)?)
    }

    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        if self.generation.is_done() {
            return Ok(false);
        }
        // Of frames before.
        self.keep()?;
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
        self.generation.record_step(&mut encoder);
        if !self.readback.is_free() {
            self.gpu.submit_blocking(encoder)?;
            self.keep()?;
            return Ok(true);
        }
        self.generation.read_saved(&mut encoder, &mut self.readback);
        let submission = self.gpu.queue().submit([encoder.finish()]);
        self.readback.map();
        let readback = &mut self.readback;
        let saved = wait_blocking(&self.gpu, submission, || readback.take())?;
        self.kept = paused(saved);
        Ok(true)
    }

    /// Takes a state that has come since.
    fn keep(&mut self) -> Result<(), Error> {
        if let Some(saved) = self.readback.take()? {
            self.kept = paused(saved);
        }
        Ok(())
    }

    /// Records what a budget has room for; `false` where nothing was left.
    pub(super) fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        budget: Budget,
    ) -> Result<bool, Error> {
        while let Some((work, milliseconds)) = self.clock.as_mut().and_then(Stopwatch::take) {
            self.pacing.learn(work, milliseconds);
        }
        self.keep()?;
        if self.generation.is_done() {
            return Ok(false);
        }
        let (work, before) = (self.pacing.work_of(budget), self.generation.position());
        let generation = &mut self.generation;
        self.recorded = match &mut self.clock {
            Some(clock) => clock.measure(encoder, |encoder| generation.record_work(encoder, work)),
            None => generation.record_work(encoder, work),
        };
        if self.generation.position() > before && self.readback.is_free() {
            self.generation.read_saved(encoder, &mut self.readback);
            self.readback.map_on_submit(encoder);
        }
        Ok(true)
    }

    pub(super) fn took(&mut self, milliseconds: f64) {
        // Its own clock knows better.
        if self.clock.is_none() {
            self.pacing.learn(self.recorded, milliseconds);
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
        Ok(self.generation.paint(encoder, shown, image, texture, origin)?)
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

    /// The run as it stands, or where the device is lost as it last was on the host.
    pub(super) fn save(&mut self) -> Result<Paused, Error> {
        match self.generation.save_blocking() {
            Ok(saved) => Ok(paused(saved)),
            Err(GpuError::DeviceLost { .. }) => {
                // What was on its way may have come before the loss, or is lost with it.
                drop(self.keep());
                Ok(self.kept.clone())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn resume(&mut self, from: &Paused) -> Result<(), Error> {
        let Paused { state, x, history } = from.clone();
        self.generation.resume(&gpu::Saved { state, x, history })?;
        self.kept = from.clone();
        Ok(())
    }
}

fn paused(gpu::Saved { state, x, history }: gpu::Saved) -> Paused {
    Paused { state, x, history }
}
