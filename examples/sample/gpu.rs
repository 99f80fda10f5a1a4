//! The network on a GPU.

use iddpm::checkpoint::Checkpoint;
use iddpm::diffusion::{Sample, Sampler};
use iddpm::gpu::{DeviceWeights, Generation, Gpu, NoiseSource, Precision, wgpu};
use iddpm::unet::Weights;

use super::Failure;
use super::backend::Backend;
use super::options::{BackendName, Options, PrecisionName};

struct Device<'c> {
    gpu: Gpu,
    name: String,
    /// What f16 weights are run in.
    half: Precision,
    checkpoint: &'c Checkpoint,
    /// Those of the first batch; all batches share them.
    weights: Option<DeviceWeights>,
}

/// The adapter that was asked for, or a GPU that is none in software; otherwise why not.
pub(crate) fn open<'c>(
    options: &Options,
    checkpoint: &'c Checkpoint,
) -> Result<Box<dyn Backend + 'c>, String> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let adapter = choose(options, adapters)?;
    let info = adapter.get_info();
    let gpu = pollster::block_on(Gpu::create_on(&adapter))
        .map_err(|error| format!("{}: {error}", info.name))?;
    let has_half = gpu.device().features().contains(wgpu::Features::SHADER_F16);
    let (half, note) = match options.precision {
        PrecisionName::AsStored | PrecisionName::F32 => (Precision::HalfWeights, ""),
        PrecisionName::F16 if has_half => (Precision::Half, ", in f16"),
        PrecisionName::F16 => (Precision::HalfWeights, ", which has no f16 but for weights"),
    };
    Ok(Box::new(Device {
        gpu,
        name: format!(
            "{} ({:?}, {:?}){note}",
            info.name, info.device_type, info.backend
        ),
        half,
        checkpoint,
        weights: None,
    }))
}

fn choose(options: &Options, adapters: Vec<wgpu::Adapter>) -> Result<wgpu::Adapter, String> {
    // A GPU of its own before one that shares memory, before the rest; software last.
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    let wanted = options.adapter.as_deref().unwrap_or("").to_lowercase();
    let named = |adapter: &wgpu::Adapter| adapter.get_info().name.to_lowercase().contains(&wanted);
    let names: Vec<_> = adapters
        .iter()
        .map(|adapter| adapter.get_info().name)
        .collect();
    let Some(adapter) = adapters.into_iter().filter(named).min_by_key(rank) else {
        return Err(match names.as_slice() {
            [] => "no adapter was found".into(),
            names => format!("no adapter is named {wanted}, only {}", names.join(", ")),
        });
    };
    let asked_for = options.backend == BackendName::Gpu || options.adapter.is_some();
    if rank(&adapter) == 4 && !asked_for {
        let name = adapter.get_info().name;
        return Err(format!(
            "the only adapter, {name}, is software, which is slower"
        ));
    }
    Ok(adapter)
}

impl Backend for Device<'_> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn generate(
        &mut self,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        low_res: Option<&[f32]>,
        preview: &mut dyn FnMut(&[f32]),
    ) -> Result<Vec<f32>, Failure> {
        let graph = self.checkpoint.description().graph(samples.len())?;
        let weights = match &self.weights {
            Some(weights) => weights,
            None => {
                let numbers = self.checkpoint.weights();
                let precision = match numbers {
                    Weights::F32(_) => Precision::Full,
                    Weights::F16(_) => self.half,
                };
                let uploaded =
                    DeviceWeights::upload_blocking(&self.gpu, &graph, numbers, precision)?;
                self.weights.insert(uploaded)
            }
        };
        let source = NoiseSource::Philox;
        let mut generation =
            Generation::new_blocking(&self.gpu, &graph, weights, sampler, samples, source)?;
        if let Some(image) = low_res {
            generation.write_low_res(&image.repeat(samples.len()))?;
        }
        while !generation.is_done() {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
            generation.record_step(&mut encoder);
            self.gpu.submit_blocking(encoder)?;
            preview(&generation.x_start_blocking()?);
        }
        Ok(generation.x_blocking()?)
    }
}
