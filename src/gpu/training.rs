//! A training graph on a device, with all that a step of the optimiser needs: nothing but the batch, the
//! losses and the report of a step passes between it and the host.

use super::device::Gpu;
use super::engine::Loaded;
use super::error::GpuError;
use super::labels::{check_label_words, label_words};
use super::layout;
use super::memory::{DeviceWeights, Readback, read};
use super::optimizer::{self, Optimizer, Passes};
use super::record::{Recorded, record};
use super::recording::{Binding, Recording};
use super::variants::Variants;
use super::watch::{Upload, submit};
use super::weights::{Precision, WeightPlan};
use crate::memory::collected;
use crate::optimizer::{AverageRate, OptimizerNumbers, Slot};
use crate::unet::{Graph, GraphError, Input, Weights};

/// A slice of numbers on the device that is as long as all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// What a run keeps from step to step; the weights in f32, whatever the network runs with.
    Slot(Slot),
    /// The gradients of the last microbatch.
    Gradients,
    /// The sum of the gradients since the last step of the optimiser.
    Sum,
}

/// Where the sum of the gradients since the last step of the optimiser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// No microbatch has come: the sums are 0.
    Nothing,
    /// One has: its gradients are the sum, where backward wrote them, and the sums are 0 as yet.
    Gradients,
    /// In the sums.
    Sums,
}

/// Records a step of training: a graph of `train::training_graph`, then the optimiser with so many moving averages, over
/// weights that are trained where they lie; and behind that what a step of several microbatches has. What
/// [`DeviceTraining`] runs, before any device is touched.
///
/// # Errors
/// Those of [`record()`].
pub fn record_training(
    graph: &Graph,
    weights: &WeightPlan,
    variants: Variants,
    averages: usize,
) -> Result<Recorded, GpuError> {
    recorded(graph, weights, variants, averages).map(|(recorded, _)| recorded)
}

fn recorded(
    graph: &Graph,
    weights: &WeightPlan,
    variants: Variants,
    averages: usize,
) -> Result<(Recorded, Optimizer), GpuError> {
    let plan = layout::plan(graph, weights.precision());
    let mut recorded = record(graph, &plan, weights, variants)?;
    let optimizer = optimizer::record(&mut recorded, weights, variants.reduction, averages);
    Ok((recorded, optimizer))
}

/// What is kept, as errors have it.
const NUMBERS: &str = "numbers of a run";

/// A training graph that runs on a device.
///
#[cfg_attr(feature = "train_cpu", doc = "```no_run")]
#[cfg_attr(not(feature = "train_cpu"), doc = "```ignore")]
/// use iddpm::gpu::{DeviceTraining, DeviceWeights, Gpu, Kept, Precision, Slot};
/// use iddpm::train::{Recompute, initial_weights, training_graph};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let network = UnetConfig::new(1, 32).with_learned_variance().graph(1, ImageSize::square(8))?;
/// let graph = training_graph(&network, Recompute::Nothing)?;
/// let numbers = initial_weights(&graph, 0)?;
///
/// let gpu = Gpu::create_blocking()?;
/// let weights = pollster::block_on(DeviceWeights::zeros(&gpu, &graph, Precision::Full))?;
/// let mut training = DeviceTraining::new_blocking(&gpu, &graph, &weights, 1)?;
/// training.write(Kept::Slot(Slot::Weights), &numbers)?;
/// training.write(Kept::Slot(Slot::Ema(0)), &numbers)?;
///
/// // Once all inputs are written:
/// let mut loss = [0.0; 3];
/// training.accumulate_blocking(&mut loss)?;
/// let mut gradients = vec![0.0; training.weights_len()];
/// training.read_blocking(Kept::Gradients, &mut gradients)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceTraining {
    gpu: Gpu,
    loaded: Loaded,
    recorded: Recorded,
    /// Where the weights that the network runs with lie, and where f32 numbers beside them do.
    plan: WeightPlan,
    wide: WeightPlan,
    optimizer: Optimizer,
    pending: Pending,
    losses: Readback,
    report: Readback,
}

impl DeviceTraining {
    /// Makes all buffers and pipelines that a graph of `train::training_graph` and so many moving averages
    /// need; nothing is made afterwards. Every step changes `weights`, those of the graph's parameters, in
    /// place, for all that share them. Where they are f16, masters in f32 are what is trained. Masters,
    /// moments and averages are 0.
    ///
    /// # Errors
    /// [`GpuError::Graph`], [`GpuError::Limit`], [`GpuError::OutOfMemory`], [`GpuError::ShaderRejected`],
    /// [`GpuError::Refused`].
    pub async fn new(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        averages: usize,
    ) -> Result<Self, GpuError> {
        let weight_plan = weights.plan();
        let (recorded, optimizer) = recorded(graph, weight_plan, gpu.variants(), averages)?;
        let loaded = Loaded::new(gpu, recorded.recording.clone(), weights).await?;
        Ok(Self {
            losses: Readback::new(gpu, "losses", recorded.output().bytes).await?,
            report: Readback::new(gpu, "report", optimizer.report.bytes).await?,
            gpu: gpu.clone(),
            loaded,
            recorded,
            plan: weight_plan.clone(),
            wide: weight_plan.widened(),
            optimizer,
            pending: Pending::Nothing,
        })
    }

    /// Makes a training graph ready as [`new`](Self::new), waiting for it.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn new_blocking(
        gpu: &Gpu,
        graph: &Graph,
        weights: &DeviceWeights,
        averages: usize,
    ) -> Result<Self, GpuError> {
        pollster::block_on(Self::new(gpu, graph, weights, averages))
    }

    /// The dispatches of steps of one microbatch and of several, and the buffers they run on.
    #[doc(hidden)]
    pub const fn recording(&self) -> &Recording {
        self.loaded.recording()
    }

    /// The number of bytes of device memory beside the weights.
    pub fn bytes(&self) -> u64 {
        self.loaded.bytes()
    }

    /// The number of elements of all weights, as [`read_blocking`](Self::read_blocking) and
    /// [`write`](Self::write) take them.
    pub const fn weights_len(&self) -> usize {
        self.plan.len()
    }

    /// Writes an input as words, before whatever is submitted next: `None` for one that is not there. Labels
    /// are whole numbers in f32; [`write_labels`](Self::write_labels) makes them of numbers.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::LabelsExpected`], [`GpuError::Label`], [`GpuError::NoLabel`],
    /// [`GpuError::OutOfMemory`].
    pub fn write_input(&self, input: Input, words: Option<&[u32]>) -> Result<(), GpuError> {
        let binding = self.recorded.input(input);
        if input == Input::Labels {
            self.check_labels_expected(words)?;
        }
        // An input that is not there has no words, and none are none.
        let expected = binding.map_or(0, |binding| binding.bytes as usize / 4);
        let words = words.unwrap_or_default();
        check_len(input.name(), words.len(), expected)?;
        if input == Input::Labels {
            check_label_words(words, self.recorded.classes())?;
        }
        binding.map_or(Ok(()), |binding| {
            self.loaded.write(&self.gpu, binding, words)
        })
    }

    /// Writes the class of each image.
    ///
    /// # Errors
    /// Those of [`write_input`](Self::write_input).
    pub fn write_labels(&self, labels: Option<&[u32]>) -> Result<(), GpuError> {
        self.check_labels_expected(labels)?;
        let words = labels.map(|labels| label_words(labels, self.recorded.classes()));
        self.write_input(Input::Labels, words.transpose()?.as_deref())
    }

    fn check_labels_expected(&self, labels: Option<&[u32]>) -> Result<(), GpuError> {
        let expected = self.recorded.input(Input::Labels).is_some();
        if labels.is_some() == expected {
            return Ok(());
        }
        Err(GpuError::LabelsExpected { expected })
    }

    /// Runs forward and backward on the inputs that were written; the gradients are added to those since
    /// the last step, where there are such. Comes back with the losses [N, 3] alone: the backward pass may still run.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::DeviceLost`].
    pub async fn accumulate(&mut self, losses: &mut [f32]) -> Result<(), GpuError> {
        let expected = self.recorded.output().bytes as usize / 4;
        if losses.len() != expected {
            return Err(GpuError::Length {
                what: "losses",
                len: losses.len(),
                expected,
            });
        }
        self.losses.settle(&self.gpu).await?;
        self.sum_up()?;
        let mut forward = self.encoder();
        self.loaded.encode(&mut forward, self.recorded.forward());
        self.copy_out(&self.losses, &mut forward, self.recorded.output())?;
        let submission = submit(&self.gpu, "losses", [forward])?;
        // Recorded while the device runs forward.
        let mut backward = self.encoder();
        self.loaded.encode(&mut backward, self.recorded.backward());
        if self.pending == Pending::Sums {
            self.encode_accumulate(&mut backward);
        }
        submit(&self.gpu, "gradients", [backward])?;
        if self.pending == Pending::Nothing {
            self.pending = Pending::Gradients;
        }
        let words = self.losses.bring(&self.gpu, submission).await?;
        for (loss, word) in losses.iter_mut().zip(words) {
            *loss = f32::from_bits(word);
        }
        Ok(())
    }

    /// Runs forward and backward as [`accumulate`](Self::accumulate), waiting for the losses.
    ///
    /// # Errors
    /// Those of [`accumulate`](Self::accumulate).
    pub fn accumulate_blocking(&mut self, losses: &mut [f32]) -> Result<(), GpuError> {
        pollster::block_on(self.accumulate(losses))
    }

    /// Takes one step of the optimiser, and of the averages at these rates, by the sum of the gradients,
    /// which begins anew. Where the gradient is not finite nothing else changes. Returns the norm of the
    /// unscaled gradient and whether the step was taken.
    ///
    /// # Errors
    /// [`GpuError::Length`] where there is not a rate for each average; [`GpuError::DeviceLost`],
    /// [`GpuError::OutOfMemory`].
    pub async fn update(
        &mut self,
        update: &OptimizerNumbers,
        rates: &[f64],
    ) -> Result<(f32, bool), GpuError> {
        check_len("rates of averages", rates.len(), self.optimizer.rates.len())?;
        for (&binding, &rate) in self.optimizer.rates.iter().zip(rates) {
            self.loaded
                .write(&self.gpu, binding, &AverageRate::of(rate).words())?;
        }
        let mut encoder = self.encode_norm(update).await?;
        self.loaded.encode(&mut encoder, self.due().step.clone());
        if self.pending == Pending::Sums {
            for &sum in &self.optimizer.summed.gradients {
                self.loaded.clear(&mut encoder, sum)?;
            }
        }
        let submission = self.submit_report(encoder, "a step of the optimiser")?;
        self.pending = Pending::Nothing;
        self.bring_report(submission).await
    }

    /// Takes the norm of the unscaled gradient as [`update`](Self::update) does, and whether it is finite, without a
    /// step: nothing changes by it.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub async fn gradient_norm(
        &mut self,
        update: &OptimizerNumbers,
    ) -> Result<(f32, bool), GpuError> {
        let encoder = self.encode_norm(update).await?;
        let submission = self.submit_report(encoder, "the norm of the gradient")?;
        self.bring_report(submission).await
    }

    /// The passes over the sum, wherever it is.
    const fn due(&self) -> &Passes {
        match self.pending {
            Pending::Gradients => &self.optimizer.alone,
            Pending::Nothing | Pending::Sums => &self.optimizer.summed,
        }
    }

    /// Brings the sum to where it stays while other gradients are written.
    fn sum_up(&mut self) -> Result<(), GpuError> {
        if self.pending == Pending::Gradients {
            let mut encoder = self.encoder();
            self.encode_accumulate(&mut encoder);
            submit(&self.gpu, "sum of gradients", [encoder])?;
            self.pending = Pending::Sums;
        }
        Ok(())
    }

    fn encode_accumulate(&self, encoder: &mut wgpu::CommandEncoder) {
        let accumulate = self.optimizer.accumulate.clone();
        self.loaded.encode(encoder, accumulate);
    }

    /// Begins commands with the norm of the sum, for an optimiser of these numbers.
    async fn encode_norm(
        &mut self,
        update: &OptimizerNumbers,
    ) -> Result<wgpu::CommandEncoder, GpuError> {
        self.loaded
            .write(&self.gpu, self.optimizer.update, &update.words())?;
        self.report.settle(&self.gpu).await?;
        let mut encoder = self.encoder();
        self.loaded.encode(&mut encoder, self.due().norm.clone());
        Ok(encoder)
    }

    /// Runs commands that make a report.
    fn submit_report(
        &self,
        mut encoder: wgpu::CommandEncoder,
        what: &'static str,
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        self.copy_out(&self.report, &mut encoder, self.optimizer.report)?;
        submit(&self.gpu, what, [encoder])
    }

    /// Brings their report: a norm, and whether the gradient is finite.
    async fn bring_report(
        &mut self,
        submission: wgpu::SubmissionIndex,
    ) -> Result<(f32, bool), GpuError> {
        let words = self.report.bring(&self.gpu, submission).await?;
        let [norm, is_finite, ..] = *words.as_slice() else {
            return Err(GpuError::Length {
                what: "the report of a step",
                len: words.len(),
                expected: 2,
            });
        };
        Ok((f32::from_bits(norm), f32::from_bits(is_finite) == 1.0))
    }

    /// Takes one step as [`update`](Self::update), waiting for its report.
    ///
    /// # Errors
    /// Those of [`update`](Self::update).
    pub fn update_blocking(
        &mut self,
        update: &OptimizerNumbers,
        rates: &[f64],
    ) -> Result<(f32, bool), GpuError> {
        pollster::block_on(self.update(update, rates))
    }

    /// Copies a slot to the host; what belongs to no parameter stays as it is.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::NoSuchAverage`], [`GpuError::DeviceLost`].
    pub async fn read(&self, kept: Kept, into: &mut [f32]) -> Result<(), GpuError> {
        let buffers = self.buffers(kept, into.len())?;
        for (at, &binding) in buffers.iter().enumerate() {
            let part = (self.loaded.buffer(binding)?, binding);
            let words = read(&self.gpu, NUMBERS, &[part]).await?;
            self.wide.gather(at, &words, into);
        }
        Ok(())
    }

    /// Copies a slot as [`read`](Self::read), waiting for it.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_blocking(&self, kept: Kept, into: &mut [f32]) -> Result<(), GpuError> {
        pollster::block_on(self.read(kept, into))
    }

    /// Replaces the numbers of a slot, before whatever is submitted next. Gradients that are replaced stay in the sum.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::NoSuchAverage`], [`GpuError::OutOfMemory`], [`GpuError::DeviceLost`].
    pub fn write(&mut self, kept: Kept, numbers: &[f32]) -> Result<(), GpuError> {
        // What is refused changes nothing.
        self.buffers(kept, numbers.len())?;
        match kept {
            Kept::Slot(_) => {}
            Kept::Gradients => self.sum_up()?,
            Kept::Sum => {
                // Where writing fails half-way, an only microbatch's gradients are the sum still; sums that were 0 may not
                // be any more.
                if self.pending == Pending::Nothing {
                    self.pending = Pending::Sums;
                }
                self.write_to(&self.optimizer.summed.gradients, &self.wide, numbers)?;
                self.pending = Pending::Sums;
                return Ok(());
            }
        }
        let buffers = self.buffers(kept, numbers.len())?;
        self.write_to(buffers, &self.wide, numbers)?;
        if kept == Kept::Slot(Slot::Weights) && self.plan.precision() != Precision::Full {
            self.write_to(&self.recorded.layout.weights, &self.plan, numbers)?;
        }
        Ok(())
    }

    /// Fills all that a run writes, inputs and gradients included, with NaN: whatever is read before it is
    /// written then shows in the result. The sum of the gradients begins anew; what else is kept must be written anew. For
    /// tests.
    ///
    /// # Errors
    /// [`GpuError::HostMemory`], [`GpuError::OutOfMemory`].
    #[doc(hidden)]
    pub fn poison(&mut self) -> Result<(), GpuError> {
        self.loaded.poison(&self.gpu);
        // Gaps between parameters belong to nobody, and stay 0.
        let mut encoder = self.encoder();
        for &binding in self
            .recorded
            .layout
            .gradients
            .iter()
            .chain(&self.optimizer.summed.gradients)
        {
            self.loaded.clear(&mut encoder, binding)?;
        }
        self.gpu.queue().submit([encoder.finish()]);
        self.pending = Pending::Nothing;
        let len = self.plan.len();
        let nan = collected(len, core::iter::repeat_n(f32::NAN, len))?;
        self.write(Kept::Gradients, &nan)
    }

    fn write_to(
        &self,
        buffers: &[Binding],
        plan: &WeightPlan,
        numbers: &[f32],
    ) -> Result<(), GpuError> {
        let mut upload = Upload::new(&self.gpu, NUMBERS);
        plan.for_each(Weights::F32(numbers), |place, words| {
            let binding = buffers.get(place.buffer).ok_or(GraphError::NoPlace {
                what: "buffer of weights",
                index: place.buffer,
            })?;
            upload.write(self.loaded.buffer(*binding)?, place.offset, words)
        })?;
        upload.finish()
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        self.gpu.device().create_command_encoder(&descriptor)
    }

    /// Where numbers are kept, of which there are so many.
    fn buffers(&self, kept: Kept, len: usize) -> Result<&[Binding], GpuError> {
        let buffers = match kept {
            Kept::Slot(Slot::Weights) => &self.optimizer.masters,
            Kept::Gradients => &self.recorded.layout.gradients,
            Kept::Sum => &self.due().gradients,
            Kept::Slot(Slot::FirstMoment) => &self.optimizer.first_moments,
            Kept::Slot(Slot::SecondMoment) => &self.optimizer.second_moments,
            Kept::Slot(Slot::Ema(index)) => {
                let averages = &self.optimizer.averages;
                let count = averages.len();
                let average = averages.get(index);
                average.ok_or(GpuError::NoSuchAverage { index, count })?
            }
        };
        check_len("a slice of numbers of a run", len, self.plan.len())?;
        Ok(buffers)
    }

    fn copy_out(
        &self,
        readback: &Readback,
        encoder: &mut wgpu::CommandEncoder,
        binding: Binding,
    ) -> Result<(), GpuError> {
        readback.copy(encoder, &[(self.loaded.buffer(binding)?, binding)]);
        Ok(())
    }
}

fn check_len(what: &'static str, len: usize, expected: usize) -> Result<(), GpuError> {
    if len == expected {
        return Ok(());
    }
    Err(GpuError::Length {
        what,
        len,
        expected,
    })
}
