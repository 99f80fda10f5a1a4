//! A network on a device, for one size of batch and image.

use core::ops::Range;
use std::vec::Vec;

use super::device::Gpu;
use super::engine::Loaded;
use super::error::GpuError;
use super::labels::check_label_words;
use super::layout::plan;
use super::memory::{DeviceWeights, read};
use super::record::{Recorded, record};
use super::recording::{Binding, Recording, Width};
use super::watch::submit;
use crate::memory::collected;
use crate::unet::{Graph, GraphError, Input, TensorId};

/// A network that runs on a device: its inputs are written, its dispatches encoded, its output read.
///
/// ```no_run
/// use iddpm::gpu::{DeviceWeights, Gpu, DeviceNetwork, Precision};
/// use iddpm::unet::{ImageSize, Input, UnetConfig, Weights};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let numbers = vec![0.01; graph.weights_len()];
/// let gpu = Gpu::create_blocking()?;
/// let weights = Weights::F32(&numbers);
/// let weights = DeviceWeights::upload_blocking(&gpu, &graph, weights, Precision::Full)?;
///
/// let network = DeviceNetwork::new_blocking(&gpu, &graph, &weights)?;
/// network.write(Input::X, &[0.5; 64])?;
/// network.write(Input::Timesteps, &[10.0])?;
/// network.run_blocking()?;
/// assert_eq!(network.output_blocking()?.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceNetwork {
    gpu: Gpu,
    loaded: Loaded,
    recorded: Recorded,
}

impl DeviceNetwork {
    /// Makes all buffers and pipelines that the graph needs; nothing is made afterwards.
    ///
    /// # Errors
    /// [`GpuError::Graph`], [`GpuError::Limit`], [`GpuError::OutOfMemory`], [`GpuError::ShaderRejected`],
    /// [`GpuError::Refused`].
    pub async fn new(gpu: &Gpu, graph: &Graph, weights: &DeviceWeights) -> Result<Self, GpuError> {
        let recorded = record(
            graph,
            &plan(graph, weights.plan().precision()),
            weights.plan(),
            gpu.variants(),
        )?;
        let loaded = Loaded::new(gpu, recorded.recording.clone(), weights).await?;
        Ok(Self {
            gpu: gpu.clone(),
            loaded,
            recorded,
        })
    }

    /// Makes a network as [`new`](Self::new), waiting for it.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn new_blocking(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
    ) -> Result<Self, GpuError> {
        pollster::block_on(Self::new(gpu, graph, weights))
    }

    /// The dispatches of the network, and the buffers they run on.
    #[doc(hidden)]
    pub const fn recording(&self) -> &Recording {
        self.loaded.recording()
    }

    /// The number of bytes of device memory beside the weights.
    pub fn bytes(&self) -> u64 {
        self.loaded.bytes()
    }

    /// Writes an input, before whatever is submitted next. Labels are whole numbers in f32.
    ///
    /// # Errors
    /// [`GpuError::Length`], also for an input that the network has not; [`GpuError::Label`],
    /// [`GpuError::NoLabel`], [`GpuError::OutOfMemory`].
    pub fn write(&self, input: Input, numbers: &[f32]) -> Result<(), GpuError> {
        let binding = self.recorded.input(input);
        // Of an input that is not there, there are no numbers, and none to write.
        let expected = binding.map_or(0, |binding| binding.bytes as usize / 4);
        if numbers.len() != expected {
            return Err(GpuError::Length {
                what: input.name(),
                len: numbers.len(),
                expected,
            });
        }
        let words = bytemuck::cast_slice(numbers);
        if input == Input::Labels {
            check_label_words(words, self.recorded.classes())?;
        }
        binding.map_or(Ok(()), |binding| {
            self.loaded.write(&self.gpu, binding, words)
        })
    }

    /// Encodes a whole run of the network.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        self.encode_part(encoder, 0..self.recording().dispatches.len());
    }

    /// Encodes a stretch of the [recording's](Self::recording) dispatches. For benchmarks.
    #[doc(hidden)]
    pub fn encode_part(&self, encoder: &mut wgpu::CommandEncoder, dispatches: Range<usize>) {
        self.loaded.encode(encoder, dispatches);
    }

    /// Runs the network once and returns its result, without waiting: where [`run_blocking`](Self::run_blocking) and
    /// [`output_blocking`](Self::output_blocking) wait.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub async fn evaluate(&self) -> Result<Vec<f32>, GpuError> {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
        self.encode(&mut encoder);
        submit(&self.gpu, "an evaluation", [encoder])?;
        self.read(self.recorded.output()).await
    }

    /// Runs the network once, and waits for it.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`].
    pub fn run_blocking(&self) -> Result<(), GpuError> {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
        self.encode(&mut encoder);
        self.gpu.submit_blocking(encoder)
    }

    /// Returns the network's result, waiting for it.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub fn output_blocking(&self) -> Result<Vec<f32>, GpuError> {
        pollster::block_on(self.read(self.recorded.output()))
    }

    /// Returns what the place of a tensor holds, which may be another tensor by now, waiting for it. For
    /// tests: where tensors lie follows from a plan that is nobody's to rely on.
    ///
    /// # Errors
    /// [`GpuError::Graph`] for another graph's tensor; those of
    /// [`output_blocking`](Self::output_blocking).
    #[doc(hidden)]
    pub fn tensor_blocking(&self, id: TensorId) -> Result<Vec<f32>, GpuError> {
        let (what, index) = ("tensor", id.index());
        let place = self.recorded.tensor(id);
        let (binding, len) = place.ok_or(GraphError::NoPlace { what, index })?;
        let mut numbers = pollster::block_on(self.read(binding))?;
        // f16 fills whole words.
        numbers.truncate(len);
        Ok(numbers)
    }

    async fn read(&self, binding: Binding) -> Result<Vec<f32>, GpuError> {
        let part = (self.loaded.buffer(binding)?, binding);
        let words = read(&self.gpu, "output", &[part]).await?;
        let half = |bits: u32| half::f16::from_bits(bits as u16).to_f32();
        Ok(match binding.width {
            Width::Full => words.into_iter().map(f32::from_bits).collect(),
            Width::Half => {
                let pair = |word| [half(word), half(word >> 16)];
                let len = words.len().saturating_mul(2);
                collected(len, words.into_iter().flat_map(pair))?
            }
        })
    }

    /// Fills all that a run writes, and its inputs, with NaN: whatever is read before it is written then
    /// shows in the result. For tests.
    #[doc(hidden)]
    pub fn poison(&self) {
        self.loaded.poison(&self.gpu);
    }
}
