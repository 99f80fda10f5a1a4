//! The network on a GPU.

use iddpm::checkpoint::{self, Checkpoint};
use iddpm::diffusion::{Sample, Sampler};
use iddpm::gpu::{DeviceGeneration, DeviceWeights, Gpu, NoiseSource, Precision, wgpu};
use iddpm::unet::Weights;

use super::adapter;
use super::backend::{AfterStep, Backend};
use super::options::Options;
use super::program::Failure;

struct Device<'c> {
    gpu: Gpu,
    name: String,
    precision: Precision,
    checkpoint: &'c Checkpoint,
    /// Those of the first batch; all batches share them.
    weights: Option<DeviceWeights>,
}

/// The adapter that was asked for, or a GPU that is none in software; otherwise why not.
pub(crate) fn open<'c>(
    options: &Options,
    checkpoint: &'c Checkpoint,
) -> Result<Box<dyn Backend + 'c>, String> {
    let (gpu, name) = adapter::open(&options.device)?;
    let in_software = gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu;
    let (precision, note) = match (checkpoint.weights(), options.precision) {
        (Weights::F32(_), _) => (Precision::Full, ""),
        // There f16 saves nothing.
        (Weights::F16(_), checkpoint::WeightType::AsStored) if in_software => {
            (Precision::HalfWeights, "")
        }
        (Weights::F16(_), _) => adapter::half(&gpu),
    };
    Ok(Box::new(Device {
        name: name + note,
        gpu,
        precision,
        checkpoint,
        weights: None,
    }))
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
        after_step: AfterStep<'_>,
    ) -> Result<Vec<f32>, Failure> {
        let graph = self.checkpoint.description().graph(samples.len())?;
        let weights = match &self.weights {
            Some(weights) => weights,
            None => {
                let numbers = self.checkpoint.weights();
                let uploaded =
                    DeviceWeights::upload_blocking(&self.gpu, &graph, numbers, self.precision)?;
                self.weights.insert(uploaded)
            }
        };
        let source = NoiseSource::Philox;
        let mut generation =
            DeviceGeneration::new_blocking(&self.gpu, &graph, weights, sampler, samples, source)?;
        if let Some(images) = low_res {
            generation.write_low_res(images)?;
        }
        while !generation.is_done() {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
            generation.record_step(&mut encoder);
            self.gpu.submit_blocking(encoder)?;
            after_step(&|| Ok(generation.x_start_blocking()?))?;
        }
        Ok(generation.x_blocking()?)
    }
}
