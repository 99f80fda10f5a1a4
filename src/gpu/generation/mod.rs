//! A batch of images being generated, the whole loop on the device.

use core::iter::repeat_n;
use core::ops::Range;
use std::vec::Vec;

mod exchange;
mod paint;
mod paused;
mod tally;
mod work;

use super::device::Gpu;
use super::embedding::{Steps, tabulate};
use super::engine::Loaded;
use super::error::GpuError;
use super::labels::label_words;
use super::layout::plan;
use super::memory::{DeviceWeights, FINITE};
use super::places::Places;
use super::record::record;
use super::recording::{Binding, Recording};
use super::sampling::{NoiseSource, STEP_BYTES, Sampling, record_sampling, timesteps};
use super::watch::submit;
use crate::diffusion::pixels::NOTHING;
use crate::diffusion::{Controls, Guidance, Sample, Sampler};
use crate::memory::collected;
use crate::unet::{Graph, Input};
use paint::Paint;
use tally::Tally;

pub use paint::Shown;
pub use paused::PausedReadback;

/// A run of a sampler over a network on a device: x_t, prediction and noise stay there.
///
/// **Submit what was recorded in the order it was recorded.**
///
/// 1. [`record`](Self::record) puts any number of dispatches into the host's encoder: the run is a list
///    of them, and this a cursor into it. A step may be spread over many frames.
/// 2. The host submits the encoder when it likes.
/// 3. After the last step ([`is_done`](Self::is_done)), x is the image: read it, bind its
///    [buffer](Self::x_buffer), or [`paint`](Self::paint) it into a texture; a preview at any time.
///
/// Noise is keyed by each sample's seed and number, so an image does not depend on the batch it is
/// made in, nor on how the run is cut.
///
/// ```no_run
/// use iddpm::checkpoint::{self, Checkpoint};
/// use iddpm::diffusion::{Clip, Method, Noise, Sample, Sampler, Timesteps};
/// use iddpm::gpu::{DeviceWeights, DeviceGeneration, Gpu, NoiseSource, Precision};
///
/// let file = "examples/assets/sprites32.safetensors";
/// let sprites = Checkpoint::open(file, checkpoint::WeightType::AsStored)?;
/// let process = sprites.description().card.diffusion.process(Timesteps::even(20))?;
/// let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
/// let sample = Sample { noise: Noise::new(7), number: 0, label: Some(10) };
///
/// let gpu = Gpu::create_blocking()?;
/// let (graph, precision) = (sprites.graph(), Precision::HalfWeights);
/// let weights = DeviceWeights::upload_blocking(&gpu, graph, sprites.weights(), precision)?;
/// let source = NoiseSource::Philox;
/// let mut run = DeviceGeneration::new_blocking(&gpu, graph, &weights, &sampler, &[sample], source)?;
///
/// // A game would record a part of it in each of its frames.
/// while !run.is_done() {
///     let mut encoder = gpu.device().create_command_encoder(&Default::default());
///     run.record(&mut encoder, 50);
///     gpu.queue().submit([encoder.finish()]);
/// }
/// let image = run.x_blocking()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceGeneration {
    gpu: Gpu,
    loaded: Loaded,
    places: Places,
    /// The buffers of two of them, for the host.
    x_buffer: wgpu::Buffer,
    output_buffer: wgpu::Buffer,
    low_res: Option<Binding>,
    /// How often the network sees each image.
    looks: usize,
    paint: Option<Paint>,
    tally: Tally,
    /// The dispatches of a step: from `begin` until `end`.
    begin: usize,
    end: usize,
    /// The first of them that changes x.
    changes: usize,
    /// What each dispatch does.
    work: Vec<u64>,
    batch: usize,
    elements: usize,
    has_history: bool,
    fingerprint: u64,
    evaluations: u32,
    /// Steps whose dispatches were all recorded.
    position: u32,
    /// The next dispatch of the recording.
    dispatch: usize,
    /// The dispatches that make the table of all steps: before the first one, and of none.
    table: Range<usize>,
}

impl DeviceGeneration {
    /// Begins a run of `sampler` from its first step: one image for each sample of the graph's batch.
    ///
    /// # Errors
    /// [`GpuError::Length`] where samples, network and sampler do not agree on sizes;
    /// [`GpuError::LabelsExpected`], [`GpuError::Label`]; those of [`DeviceNetwork::new`](super::DeviceNetwork::new).
    pub async fn new(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
    ) -> Result<Self, GpuError> {
        let nothing = Controls::default();
        Self::steered(gpu, graph, weights, sampler, samples, source, &nothing).await
    }

    /// Begins a run as [`new`](Self::new), steered by more than its sampler. With guidance the graph is of twice as many
    /// images.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`GpuError::Sampler`] for [what does not go with the run](Controls::check);
    /// [`GpuError::HostNoise`].
    #[allow(clippy::too_many_arguments, reason = "those of `new`, and one")]
    pub async fn steered(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        source: NoiseSource,
        controls: &Controls,
    ) -> Result<Self, GpuError> {
        let seen = samples.len().saturating_mul(controls.looks());
        if seen != graph.batch() {
            return Err(GpuError::Length {
                what: "samples",
                len: seen,
                expected: graph.batch(),
            });
        }
        let labels = labels(graph, samples, controls)?;
        let labels = label_words(&labels, graph.classes())?;
        let x = graph.input(Input::X).map(|id| graph.shape(id));
        // Without an x, `record_sampling` refuses the network.
        let elements = x.map_or(0, |x| x.elements() / x.batch.max(1));
        let (weight_plan, variants) = (weights.plan(), gpu.variants());
        let plan = plan(graph, weight_plan.precision());
        let mut recorded = record(graph, &plan, weight_plan, variants)?;
        let steps = Steps {
            count: sampler.evaluations() as usize,
            timesteps: &timesteps(sampler, seen)?,
            labels: &labels,
        };
        let table = tabulate(
            &mut recorded,
            graph,
            weight_plan,
            variants,
            &steps,
            gpu.limits(),
        )?;
        let (low_res, label_place) = (recorded.input(Input::LowRes), recorded.input(Input::Labels));
        let mut sampling = record_sampling(
            Some((recorded, table)),
            elements,
            sampler,
            samples,
            source,
            controls,
        )?;
        let end = sampling.recording.dispatches.len();
        let paint = x.and_then(|x| {
            let places = [sampling.places.x, sampling.places.x_start];
            Paint::record(&mut sampling.recording, samples.len(), x.image(), places)
        });
        let mut run = Self::over(gpu, sampling, weights, sampler, samples.len()).await?;
        run.end = end;
        run.paint = paint;
        run.low_res = low_res;
        run.looks = controls.looks();
        if let Some(place) = label_place {
            run.loaded.write(gpu, place, &labels)?;
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
        let nothing = Controls::default();
        let sampling = record_sampling(None, elements, sampler, samples, source, &nothing)?;
        let weights = DeviceWeights::none();
        Self::over(gpu, sampling, &weights, sampler, samples.len()).await
    }

    async fn over(
        gpu: &Gpu,
        mut sampling: Sampling,
        weights: &DeviceWeights,
        sampler: &Sampler<'_>,
        batch: usize,
    ) -> Result<Self, GpuError> {
        let end = sampling.recording.dispatches.len();
        let tally = Tally::record(&mut sampling.recording);
        let before = sampling.recording.dispatches.len();
        sampling.recording.dispatches.append(&mut sampling.table);
        let table = before..sampling.recording.dispatches.len();
        let work = work::work(&sampling.recording);
        let loaded = Loaded::new(gpu, sampling.recording, weights).await?;
        // What is recorded later copies from and to these, and nothing of it can fail.
        for place in sampling.places.each().chain([tally.place]) {
            loaded.buffer(place)?;
        }
        loaded.write(gpu, sampling.places.not_finite, &[FINITE])?;
        let len = sampling.places.x_start.bytes as usize / 4;
        let unseen = collected(len, repeat_n(NOTHING.to_bits(), len))?;
        loaded.write(gpu, sampling.places.x_start, &unseen)?;
        loaded.write(gpu, tally.place, &[tally.expected()])?;
        let run = Self {
            gpu: gpu.clone(),
            x_buffer: loaded.buffer(sampling.places.x)?.clone(),
            output_buffer: loaded.buffer(sampling.places.output)?.clone(),
            loaded,
            places: sampling.places,
            low_res: None,
            looks: 1,
            paint: None,
            tally,
            begin: sampling.begin,
            changes: sampling.changes,
            end,
            work,
            batch,
            elements: sampling.elements,
            has_history: sampler.method().needs_history(),
            fingerprint: sampler.state().fingerprint,
            evaluations: sampler.evaluations(),
            position: 0,
            dispatch: 0,
            table,
        };
        run.make_table()?;
        Ok(run)
    }

    /// Makes what the network makes of the timesteps of all steps, before whatever is submitted next.
    fn make_table(&self) -> Result<(), GpuError> {
        if self.table.is_empty() {
            return Ok(());
        }
        let mut encoder = self.encoder();
        self.loaded.encode(&mut encoder, self.table.clone());
        submit(&self.gpu, "the vectors of all steps", [encoder]).map(|_| ())
    }

    /// Begins a run as [`new`](Self::new), waiting for it.
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

    /// Begins a run as [`without_network`](Self::without_network), waiting for it.
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

    /// Records up to `dispatches` of what is left, and returns how many: fewer only at the end, more only where a part of
    /// a picture is kept, which is put in place with the step that it belongs to.
    ///
    /// Nothing is made, nothing waits: a few copies of step numbers and the dispatches.
    pub fn record(&mut self, encoder: &mut wgpu::CommandEncoder, dispatches: usize) -> usize {
        let (mut left, mut recorded) = (dispatches, 0);
        while left > 0 && !self.is_done() {
            let until = if self.dispatch < self.begin {
                self.copy_step(encoder, self.evaluations);
                self.begin
            } else {
                if self.dispatch == self.begin {
                    self.copy_step(encoder, self.position);
                }
                self.end
            };
            let until = self.whole(until.min(self.dispatch.saturating_add(left)));
            self.loaded.encode(encoder, self.dispatch..until);
            left = left.saturating_sub(until - self.dispatch);
            recorded += until - self.dispatch;
            self.dispatch = until;
            if self.dispatch == self.end {
                self.dispatch = self.begin;
                self.position += 1;
            }
        }
        recorded
    }

    /// Where a cut before this dispatch is made: x changes as a whole, or not yet.
    fn whole(&self, until: usize) -> usize {
        match until > self.changes {
            true => self.end,
            false => until,
        }
    }

    /// Records what draws x_T, where it is not drawn yet: x is noise from then on.
    pub(crate) fn record_noise(&mut self, encoder: &mut wgpu::CommandEncoder) {
        self.record(encoder, self.begin.saturating_sub(self.dispatch));
    }

    /// Records what is left of the current step, and returns how many dispatches those are.
    pub fn record_step(&mut self, encoder: &mut wgpu::CommandEncoder) -> usize {
        self.record(encoder, self.end - self.dispatch)
    }

    /// The numbers of a step, and what the network is told of it.
    fn copy_step(&self, encoder: &mut wgpu::CommandEncoder, position: u32) {
        let Places {
            step, steps, told, ..
        } = self.places;
        let row = u64::from(position);
        self.loaded
            .copy(encoder, (steps, row * STEP_BYTES), step, STEP_BYTES);
        if let Some((one, all)) = told
            && position < self.evaluations
        {
            let bytes = one.bytes;
            self.loaded.copy(encoder, (all, row * bytes), one, bytes);
        }
    }

    /// Whether every dispatch was recorded.
    pub const fn is_done(&self) -> bool {
        self.position >= self.evaluations
    }

    /// The number of steps that were recorded to their end.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// The number of steps of the whole run.
    pub const fn evaluations(&self) -> u32 {
        self.evaluations
    }

    /// The number of dispatches that are left to record.
    pub fn dispatches_left(&self) -> usize {
        let steps = (self.evaluations.saturating_sub(self.position)) as usize;
        if steps == 0 {
            return 0;
        }
        (steps * (self.end - self.begin) + self.begin).saturating_sub(self.dispatch)
    }

    /// The dispatches of the run: those that draw x_T, then those of one step, then those that paint, then the
    /// one that counts frames, then those that make the table of all steps.
    #[doc(hidden)]
    pub const fn recording(&self) -> &Recording {
        self.loaded.recording()
    }

    /// The number of bytes of device memory beside the weights.
    pub fn bytes(&self) -> u64 {
        self.loaded.bytes()
    }

    /// The images x_t on the device, [N, C, H, W] in f32: the result once the run is done. Under guidance the buffer is
    /// twice as long: what lies behind the N images is what the network sees once more, and no result.
    pub const fn x_buffer(&self) -> &wgpu::Buffer {
        &self.x_buffer
    }

    /// The network's output on the device, for a denoiser of the host's own.
    pub const fn output_buffer(&self) -> &wgpu::Buffer {
        &self.output_buffer
    }

    /// Records and submits what is left, step by step, each while the one before it runs, and waits for the image.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn finish_blocking(&mut self) -> Result<Vec<f32>, GpuError> {
        let mut before = None;
        while !self.is_done() {
            let mut encoder = self.encoder();
            self.record_step(&mut encoder);
            self.gpu.submit_ahead(&mut before, encoder)?;
        }
        // The image comes behind the last step, so that both are waited for at once; what was said of the step comes first.
        let x = self.x_blocking();
        self.gpu.check()?;
        x
    }

    /// The number of images N.
    pub const fn batch(&self) -> usize {
        self.batch
    }
}

/// The class of each image; none where the network knows of none.
fn labels(graph: &Graph, samples: &[Sample], controls: &Controls) -> Result<Vec<u32>, GpuError> {
    let expected = graph.input(Input::Labels).is_some();
    let mut labels = Vec::new();
    for sample in samples {
        if sample.label.is_some() != expected {
            return Err(GpuError::LabelsExpected { expected });
        }
        labels.extend(sample.label);
    }
    if let Some(Guidance { others, .. }) = &controls.guidance {
        labels.extend(others);
    }
    Ok(labels)
}
