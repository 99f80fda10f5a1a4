//! The network on a GPU.

mod frames;
mod pacing;
mod returns;
mod run;

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::device::{Chosen, Wanted};
use super::draw::Course;
use super::error::DrawError;
use super::gpu_type::GpuOptions;
use super::model::Model;
use crate::Error;
use crate::checkpoint::WeightType;
use crate::diffusion::{Controls, Sample};
use crate::gpu::{self, DeviceGeneration, DeviceWeights, Gpu, NoiseSource, Precision, wgpu};
use crate::text::OneLine;
use crate::unet::Weights;
use crate::waiting::block_on;
pub use pacing::{Budget, Pacing};
pub(super) use run::GpuRun;

pub(super) fn list() -> Vec<String> {
    let adapters = block_on(gpu::adapters());
    adapters.iter().map(|it| name(&it.get_info())).collect()
}

/// Opens what is wanted, and says what it is, and why it is that.
pub(super) async fn open(wanted: &Wanted) -> Result<(Gpu, Chosen), DrawError> {
    if let Wanted::Open(gpu) = wanted {
        return Ok((Gpu::clone(gpu), chosen(gpu, "the host's".into())));
    }
    let (adapter, why) = choose(wanted, gpu::adapters().await)?;
    let opened = Gpu::create_on(&adapter).await;
    let gpu = opened.map_err(|error| DrawError::NoGpu {
        why: format!("{}: {error}", name(&adapter.get_info())),
    })?;
    let chosen = chosen(&gpu, why);
    Ok((gpu, chosen))
}

/// What was found, with what is asked of it besides, and what there is to say of that.
pub(super) async fn prepared(
    mut gpu: Gpu,
    mut chosen: Chosen,
    asked: &GpuOptions,
) -> Result<(Gpu, Chosen), DrawError> {
    if let Some(folder) = &asked.cache {
        let kept = gpu.with_cache(folder);
        gpu = kept.map_err(|error| DrawError::value("cache", folder.display(), error))?;
    }
    if asked.is_measured {
        let measured = gpu.measured().await.map_err(|error| DrawError::NoGpu {
            why: error.to_string(),
        })?;
        gpu = measured.0;
        if let (Chosen::Gpu { why, .. }, Some(measured)) = (&mut chosen, measured.1) {
            *why += &format!("; {measured}");
        }
    }
    Ok((gpu, chosen))
}

fn chosen(gpu: &Gpu, why: String) -> Chosen {
    let info = gpu.device().adapter_info();
    let kind = format!("{:?}, {:?}", info.device_type, info.backend);
    let name = name(&info);
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
                name(only)
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
    format!("{} ({:?})", name(info), info.backend)
}

/// What an adapter is called. Browsers keep that to themselves.
fn name(info: &wgpu::AdapterInfo) -> String {
    match info.name.as_str() {
        "" => "an adapter without a name".into(),
        name => name.into(),
    }
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
        (_, WeightType::AsStored) if in_software => (Precision::HalfWeights, ""),
        (Weights::F16(_) | Weights::F16Bytes(_), _) => half(gpu),
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

/// What steps are made with, in a line: all that their numbers depend on, as far as a device says it.
fn made_with(gpu: &Gpu, precision: Precision) -> String {
    let info = gpu.device().adapter_info();
    let mut variants = gpu.variants();
    // Matrices are of f16 alone.
    if precision != Precision::Half {
        variants = variants.without_matrices();
    }
    let precision = match precision {
        Precision::Full => "f32",
        Precision::HalfWeights => "weights in f16",
        Precision::Half => "f16",
    };
    let driver = [info.driver.as_str(), info.driver_info.as_str()].join(" ");
    let device = format!("{}, {:?}, {}", name(&info), info.backend, driver.trim());
    // Drivers say a few words, but who knows.
    let device: String = OneLine(&device).to_string().chars().take(150).collect();
    let version = env!("CARGO_PKG_VERSION");
    format!("iddpm {version} on {device}, {precision}: {variants}")
}

/// A model on a device: its weights are brought there once.
#[derive(Debug)]
pub(super) struct GpuStudio {
    gpu: Gpu,
    weights: DeviceWeights,
}

impl GpuStudio {
    /// Brings a model to a device; and what is to be said of its precision there.
    pub(super) async fn new(gpu: Gpu, model: &Model) -> Result<(Self, &'static str), Error> {
        let (graph, weights) = (model.checkpoint().graph(), model.checkpoint().weights());
        let (precision, note) = precision(&gpu, weights, model.weight_type());
        let weights = DeviceWeights::upload(&gpu, graph, weights, precision).await?;
        Ok((Self { gpu, weights }, note))
    }

    pub(super) async fn begin(
        &self,
        model: &Model,
        course: &Course,
        samples: &[Sample],
        controls: &Controls,
    ) -> Result<GpuRun, Error> {
        let seen = samples.len().saturating_mul(controls.looks());
        let graph = model.description().graph(seen)?.wrapped(course.wrap());
        let (gpu, sampler) = (&self.gpu, course.sampler()?);
        let source = NoiseSource::Philox;
        let weights = &self.weights;
        let generation =
            DeviceGeneration::steered(gpu, &graph, weights, &sampler, samples, source, controls);
        let made_with = made_with(gpu, self.weights.plan().precision());
        GpuRun::begin(gpu, generation.await?, made_with).await
    }

    pub(super) const fn gpu(&self) -> &Gpu {
        &self.gpu
    }
}
