//! A batch of images being generated, the whole loop on the device.

use std::vec::Vec;

use super::device::Gpu;
use super::engine::Program;
use super::error::GpuError;
use super::layout::plan;
use super::memory::{DeviceWeights, Readback, read_blocking};
use super::record::record;
use super::recording::{Binding, Recording};
use super::sampling::{NoiseSource, Places, STEP_BYTES, Sampling, record_sampling};
use crate::diffusion::{Sample, Sampler, SamplerState};
use crate::unet::{Graph, Input, Op};

/// A run of a sampler over a network on a device: x_t, prediction and noise stay there.
///
/// **Submit what was recorded in the order it was recorded.**
///
/// 1. [`record`](Self::record) puts any number of dispatches into the host's encoder: the run is a list
///    of them, and this a cursor into it. A step may be spread over many frames.
/// 2. The host submits the encoder when it likes.
/// 3. After the last step ([`is_done`](Self::is_done)), x is the image: read it, or bind its
///    [buffer](Self::x_buffer).
///
/// Noise is keyed by each sample's seed and number, so an image does not depend on the batch it is
/// made in, nor on how the run is cut.
#[derive(Debug)]
pub struct Generation {
    gpu: Gpu,
    program: Program,
    places: Places,
    low_res: Option<Binding>,
    begin: usize,
    batch: usize,
    elements: usize,
    has_history: bool,
    fingerprint: u64,
    evaluations: u32,
    /// Steps whose dispatches were all recorded.
    position: u32,
    /// The next dispatch of the recording.
    dispatch: usize,
}

/// A paused run: plain data that can be resumed on another device.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The cursor.
    pub state: SamplerState,
    /// x_t, [N, C, H, W].
    pub x: Vec<f32>,
    /// What a multistep method keeps, as long as x; empty for the others.
    pub history: Vec<f32>,
}

impl Generation {
    /// Begins a run of `sampler` from its first step: one image for each sample of the graph's batch.
    ///
    /// # Errors
    /// [`GpuError::Length`] where samples, network and sampler do not agree on sizes;
    /// [`GpuError::LabelsExpected`], [`GpuError::Label`]; those of [`Network::new`](super::Network::new).
    pub async fn new(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
    ) -> Result<Self, GpuError> {
        if samples.len() != graph.batch() {
            return Err(GpuError::Length {
                what: "samples",
                len: samples.len(),
                expected: graph.batch(),
            });
        }
        let labels = labels(graph, samples)?;
        let x = graph.input(Input::X).map(|id| graph.shape(id));
        let elements = x.map_or(0, |x| x.elements() / x.batch.max(1));
        let recorded = record(
            graph,
            &plan(graph, weights.plan().precision()),
            weights.plan(),
            gpu.variants(),
        );
        let (low_res, label_place) = (recorded.input(Input::LowRes), recorded.input(Input::Labels));
        let sampling = record_sampling(Some(recorded), elements, sampler, samples, source)?;
        let mut run = Self::over(gpu, sampling, weights, sampler, samples.len()).await?;
        run.low_res = low_res;
        if let Some(place) = label_place {
            run.program.write(gpu, place, bytemuck::cast_slice(&labels));
        }
        Ok(run)
    }

    /// Begins a run over a denoiser of the host's own, which reads x and the timestep and writes the
    /// output (or its [buffer](Self::output_buffer)) before each step.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`], [`GpuError::ShaderRejected`], [`GpuError::Refused`].
    pub async fn without_network(
        gpu: &Gpu,
        elements: usize,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
    ) -> Result<Self, GpuError> {
        let sampling = record_sampling(None, elements, sampler, samples, source)?;
        let weights = DeviceWeights::none();
        Self::over(gpu, sampling, &weights, sampler, samples.len()).await
    }

    async fn over(
        gpu: &Gpu,
        sampling: Sampling,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        batch: usize,
    ) -> Result<Self, GpuError> {
        let program = Program::new(gpu, sampling.recording, weights).await?;
        program.write(gpu, sampling.places.not_finite, &[u32::MAX]);
        Ok(Self {
            gpu: gpu.clone(),
            program,
            places: sampling.places,
            low_res: None,
            begin: sampling.begin,
            batch,
            elements: sampling.elements,
            has_history: sampler.method().needs_history(),
            fingerprint: sampler.state().fingerprint,
            evaluations: sampler.evaluations(),
            position: 0,
            dispatch: 0,
        })
    }

    /// [`new`](Self::new), waiting for it.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn new_blocking(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
    ) -> Result<Self, GpuError> {
        pollster::block_on(Self::new(gpu, graph, weights, sampler, samples, source))
    }

    /// [`without_network`](Self::without_network), waiting for it.
    ///
    /// # Errors
    /// Those of [`without_network`](Self::without_network).
    pub fn without_network_blocking(
        gpu: &Gpu,
        elements: usize,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
    ) -> Result<Self, GpuError> {
        pollster::block_on(Self::without_network(
            gpu, elements, sampler, samples, source,
        ))
    }

    /// Records up to `dispatches` of what is left, and returns how many: fewer only at the end.
    ///
    /// Nothing is made, nothing waits: a few copies of step numbers and the dispatches.
    pub fn record(&mut self, encoder: &mut wgpu::CommandEncoder, dispatches: usize) -> usize {
        let len = self.recording().dispatches.len();
        let mut left = dispatches;
        while left > 0 && !self.is_done() {
            let until = if self.dispatch < self.begin {
                self.copy_step(encoder, self.evaluations);
                self.begin
            } else {
                if self.dispatch == self.begin {
                    self.copy_step(encoder, self.position);
                }
                len
            };
            let until = until.min(self.dispatch.saturating_add(left));
            self.program.encode(encoder, self.dispatch..until);
            left -= until - self.dispatch;
            self.dispatch = until;
            if self.dispatch == len {
                self.dispatch = self.begin;
                self.position += 1;
            }
        }
        dispatches - left
    }

    /// Records what is left of the current step, and returns how many dispatches those are.
    pub fn record_step(&mut self, encoder: &mut wgpu::CommandEncoder) -> usize {
        let len = self.recording().dispatches.len();
        self.record(encoder, len - self.dispatch)
    }

    /// The numbers of a step, and the timesteps that the network sees in it.
    fn copy_step(&self, encoder: &mut wgpu::CommandEncoder, position: u32) {
        let Places {
            step,
            steps,
            timesteps,
            all_timesteps,
            ..
        } = self.places;
        let row = u64::from(position);
        self.program
            .copy(encoder, (steps, row * STEP_BYTES), step, STEP_BYTES);
        if let Some(timesteps) = timesteps
            && position < self.evaluations
        {
            let bytes = timesteps.bytes;
            self.program
                .copy(encoder, (all_timesteps, row * bytes), timesteps, bytes);
        }
    }

    /// Whether every dispatch was recorded.
    pub const fn is_done(&self) -> bool {
        self.position >= self.evaluations
    }

    /// Steps that were recorded to their end.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// Steps of the whole run.
    pub const fn evaluations(&self) -> u32 {
        self.evaluations
    }

    /// Dispatches that are left to record.
    pub fn dispatches_left(&self) -> usize {
        let len = self.recording().dispatches.len();
        let steps = (self.evaluations.saturating_sub(self.position)) as usize;
        if steps == 0 {
            return 0;
        }
        (steps * (len - self.begin) + self.begin).saturating_sub(self.dispatch)
    }

    /// What runs: the dispatches that draw x_T, then those of one step.
    pub const fn recording(&self) -> &Recording {
        self.program.recording()
    }

    /// Bytes of device memory beside the weights.
    pub fn bytes(&self) -> u64 {
        self.program.bytes()
    }

    /// x_t on the device, [N, C, H, W] in f32: the image once the run is done.
    pub fn x_buffer(&self) -> Option<&wgpu::Buffer> {
        self.program.buffer(self.places.x)
    }

    /// The network's output on the device, for a denoiser of the host's own.
    pub fn output_buffer(&self) -> Option<&wgpu::Buffer> {
        self.program.buffer(self.places.output)
    }

    /// Writes x, before whatever is submitted next.
    ///
    /// # Errors
    /// [`GpuError::Length`].
    pub fn write_x(&self, x: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.x, "x", x)
    }

    /// Writes the deviates of the next step, where the noise is the host's.
    ///
    /// # Errors
    /// [`GpuError::Length`].
    pub fn write_normals(&self, normals: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.normals, "normals", normals)
    }

    /// Writes the output of a denoiser of the host's own.
    ///
    /// # Errors
    /// [`GpuError::Length`].
    pub fn write_output(&self, output: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.output, "output", output)
    }

    /// Writes the low-resolution images, [N, C, h, w]; before the first step of such a network.
    ///
    /// # Errors
    /// [`GpuError::Length`], also for a network that takes none.
    pub fn write_low_res(&self, low_res: &[f32]) -> Result<(), GpuError> {
        let Some(place) = self.low_res else {
            return Err(GpuError::Length {
                what: "low_res",
                len: low_res.len(),
                expected: 0,
            });
        };
        self.write(place, "low_res", low_res)
    }

    fn write(&self, place: Binding, what: &'static str, numbers: &[f32]) -> Result<(), GpuError> {
        let expected = place.bytes as usize / 4;
        if numbers.len() != expected {
            return Err(GpuError::Length {
                what,
                len: numbers.len(),
                expected,
            });
        }
        self.program
            .write(&self.gpu, place, bytemuck::cast_slice(numbers));
        Ok(())
    }

    /// Room on the host's side for an x or a preview on its way; it can be used again and again.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub async fn readback(&self) -> Result<Readback, GpuError> {
        Readback::new(&self.gpu, "x", self.places.x.bytes).await
    }

    /// Records a copy of x.
    pub fn read_x(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, self.places.x);
    }

    /// Records a copy of the last step's clipped x̂_0: a preview of the image.
    pub fn read_x_start(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, self.places.x_start);
    }

    fn read(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback, place: Binding) {
        if let Some(buffer) = self.program.buffer(place) {
            readback.copy(encoder, &[(buffer, place)]);
        }
    }

    /// x_t as it is after what was submitted, waiting for it.
    ///
    /// # Errors
    /// [`GpuError::NotFinite`], [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub fn x_blocking(&self) -> Result<Vec<f32>, GpuError> {
        let [x, _] = self.checked_blocking([Some(self.places.x), None])?;
        Ok(x)
    }

    /// The last step's clipped x̂_0, waiting for it.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn x_start_blocking(&self) -> Result<Vec<f32>, GpuError> {
        let [x_start, _] = self.checked_blocking([Some(self.places.x_start), None])?;
        Ok(x_start)
    }

    /// Records and submits what is left, step by step, and waits for the image.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn finish_blocking(&mut self) -> Result<Vec<f32>, GpuError> {
        while !self.is_done() {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.gpu.device().create_command_encoder(&descriptor);
            self.record_step(&mut encoder);
            self.gpu.submit_blocking(encoder)?;
        }
        self.x_blocking()
    }

    /// The run as it stands, waiting for what was submitted; everything recorded must have been.
    ///
    /// Within a step it is the state at the step's beginning: what was recorded of it is done again.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn save_blocking(&self) -> Result<Saved, GpuError> {
        let history = self.has_history.then_some(self.places.history);
        let [x, history] = self.checked_blocking([Some(self.places.x), history])?;
        Ok(Saved {
            state: SamplerState {
                fingerprint: self.fingerprint,
                position: self.position,
            },
            x,
            history,
        })
    }

    /// Puts the run where a saved one was, which may have been on another device.
    ///
    /// On the same kind of device, the rest of the run is bit for bit what it would have been.
    ///
    /// # Errors
    /// [`GpuError::Sampler`] where the state is another sampler's; [`GpuError::Length`].
    pub fn resume(&mut self, saved: &Saved) -> Result<(), GpuError> {
        let SamplerState {
            fingerprint,
            position,
        } = saved.state;
        if fingerprint != self.fingerprint {
            return Err(GpuError::Sampler(crate::Error::StateMismatch {
                saved: fingerprint,
                expected: self.fingerprint,
            }));
        }
        if position > self.evaluations {
            return Err(GpuError::Sampler(crate::Error::PositionOutOfRange {
                position,
                len: self.evaluations,
            }));
        }
        if self.has_history {
            self.write(self.places.history, "history", &saved.history)?;
        }
        self.write(self.places.x, "x", &saved.x)?;
        self.program
            .write(&self.gpu, self.places.not_finite, &[u32::MAX]);
        self.position = position;
        self.dispatch = if position == 0 && saved.x.is_empty() {
            0
        } else {
            self.begin
        };
        Ok(())
    }

    /// Fills all that a run writes with NaN, as [`Network::poison`](super::Network::poison) does. The
    /// history and what the host writes are to be written again. For tests.
    pub fn poison(&self) {
        self.program.poison(&self.gpu);
        self.program
            .write(&self.gpu, self.places.not_finite, &[u32::MAX]);
    }

    /// Two stretches, and the word that says whether x is finite.
    fn checked_blocking(&self, wanted: [Option<Binding>; 2]) -> Result<[Vec<f32>; 2], GpuError> {
        let [first, second] = wanted;
        let places = [Some(self.places.not_finite), first, second];
        let parts: Vec<_> = places
            .into_iter()
            .flatten()
            .filter_map(|place| Some((self.program.buffer(place)?, place)))
            .collect();
        let words = read_blocking(&self.gpu, "x", &parts)?;
        let (&at, words) = words.split_first().unwrap_or((&u32::MAX, &[]));
        if at != u32::MAX {
            let (at, elements) = (at as usize, self.elements.max(1));
            return Err(GpuError::NotFinite {
                image: at / elements,
                element: at % elements,
            });
        }
        let len = first.map_or(0, |place| place.bytes as usize / 4);
        let (first, second) = words.split_at_checked(len).unwrap_or_default();
        let numbers = |words: &[u32]| words.iter().map(|&bits| f32::from_bits(bits)).collect();
        Ok([numbers(first), numbers(second)])
    }

    /// N.
    pub const fn batch(&self) -> usize {
        self.batch
    }
}

/// The class of each image in f32; none where the network knows of none.
fn labels(graph: &Graph, samples: &[Sample]) -> Result<Vec<f32>, GpuError> {
    let expected = graph.input(Input::Labels).is_some();
    let classes = graph.nodes().iter().find_map(|node| match node.op {
        Op::LabelEmbedding { table, .. } => graph.param(table).map(|table| table.rows() as u32),
        _ => None,
    });
    let classes = classes.unwrap_or(0);
    let mut labels = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        match sample.label {
            Some(label) if expected && label < classes => labels.push(label as f32),
            Some(label) if expected => {
                return Err(GpuError::Label {
                    index,
                    label,
                    classes,
                });
            }
            None if !expected => {}
            _ => return Err(GpuError::LabelsExpected { expected }),
        }
    }
    Ok(labels)
}
