//! Training on a GPU.

use std::boxed::Box;
use std::vec::Vec;

use super::distill::Teacher;
use super::engine::{Awaited, Batch, Engine};
use super::error::TrainError;
use super::optimizer::{AdamW, OptimizerStep, Report};
use crate::cpu::Inputs;
use crate::gpu::{DeviceNetwork, DeviceTraining, DeviceWeights, Gpu, Kept, Precision};
use crate::optimizer::Slot;
use crate::unet::{Graph, Input};

/// The engine that trains on a GPU: a training graph, its weights, moments and averages on a device. Of a
/// step only the losses and the norm of the gradient come back.
///
/// ```no_run
/// use iddpm::gpu::{Gpu, Precision};
/// use iddpm::train::{Engine, GpuEngine, Recompute, Slot, initial_weights, training_graph};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let network = UnetConfig::new(1, 32).with_learned_variance().graph(1, ImageSize::square(8))?;
/// let graph = training_graph(&network, Recompute::Nothing)?;
/// let gpu = Gpu::create_blocking()?;
/// let mut engine = GpuEngine::new_blocking(&gpu, &graph, &[0.999], Precision::Full)?;
///
/// let weights = initial_weights(&graph, 0)?;
/// engine.write(Slot::Weights, &weights)?;
/// engine.write(Slot::Ema(0), &weights)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct GpuEngine {
    training: DeviceTraining,
    rates: Vec<f64>,
}

impl GpuEngine {
    /// Makes an engine for a graph of [`training_graph`](super::training_graph): weights and averages 0, to
    /// be [written](Engine::write). With any precision but [`Precision::Full`], the network is evaluated
    /// with weights rounded to f16, and with [`Precision::Half`] its activations and their gradients are
    /// f16 too, while the weights that are trained stay f32.
    ///
    /// # Errors
    /// [`TrainError::Gpu`].
    pub async fn new(
        gpu: &Gpu,
        graph: &Graph,
        ema_rates: &[f64],
        precision: Precision,
    ) -> Result<Self, TrainError> {
        let weights = DeviceWeights::zeros(gpu, graph, precision).await?;
        Ok(Self {
            training: DeviceTraining::new(gpu, graph, &weights, ema_rates.len()).await?,
            rates: ema_rates.into(),
        })
    }

    /// Makes an engine as [`new`](Self::new), waiting for the device while kernels are compiled and buffers made.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn new_blocking(
        gpu: &Gpu,
        graph: &Graph,
        ema_rates: &[f64],
        precision: Precision,
    ) -> Result<Self, TrainError> {
        pollster::block_on(Self::new(gpu, graph, ema_rates, precision))
    }

    /// The training graph on the device, for a look at its memory and at the gradients.
    pub const fn training(&self) -> &DeviceTraining {
        &self.training
    }

    /// The training graph on the device, for gradients of the caller's own.
    pub const fn training_mut(&mut self) -> &mut DeviceTraining {
        &mut self.training
    }

    fn write_batch(&self, batch: &Batch<'_>) -> Result<(), TrainError> {
        let Batch {
            x_start,
            noise,
            rows,
            timesteps,
            labels,
            low_res,
            keys,
        } = *batch;
        let training = &self.training;
        training.write_labels(labels)?;
        for (input, numbers) in [
            (Input::XStart, Some(x_start)),
            (Input::Noise, Some(noise)),
            (Input::Rows, Some(rows)),
            (Input::Timesteps, Some(timesteps)),
            (Input::LowRes, low_res),
        ] {
            training.write_input(input, numbers.map(bytemuck::cast_slice))?;
        }
        Ok(training.write_input(Input::Keys, keys)?)
    }

    fn kept(&self, slot: Slot, len: usize) -> Result<Kept, TrainError> {
        let expected = self.training.weights_len();
        if len != expected {
            return Err(TrainError::Length { len, expected });
        }
        match slot {
            Slot::Ema(index) if index >= self.rates.len() => Err(TrainError::NoSuchAverage {
                index,
                count: self.rates.len(),
            }),
            Slot::Weights | Slot::FirstMoment | Slot::SecondMoment | Slot::Ema(_) => {
                Ok(Kept::Slot(slot))
            }
        }
    }
}

impl Engine for GpuEngine {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        Box::pin(async move {
            self.write_batch(batch)?;
            Ok(self.training.accumulate(loss).await?)
        })
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        Box::pin(async move {
            let rates = self.rates.iter().map(|&rate| update.ema_rate(rate));
            let rates: Vec<f64> = rates.collect();
            let (grad_norm, taken) = self.training.update(&update.numbers(), &rates).await?;
            Ok(Report {
                grad_norm: grad_norm.into(),
                taken,
            })
        })
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        Box::pin(async move {
            // No step is taken: of its numbers the factor alone counts.
            let update = OptimizerStep {
                adamw: AdamW::default(),
                lr: 0.0,
                step: 1,
                unscale,
                clip: None,
                ema_warm_up: false,
            }
            .numbers();
            let (norm, is_finite) = self.training.gradient_norm(&update).await?;
            Ok(if is_finite { norm.into() } else { f64::NAN })
        })
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        Box::pin(async move {
            let kept = self.kept(slot, into.len())?;
            Ok(self.training.read(kept, into).await?)
        })
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        let kept = self.kept(slot, numbers.len())?;
        Ok(self.training.write(kept, numbers)?)
    }
}

impl Teacher for DeviceNetwork {
    fn predict_async<'a>(
        &'a mut self,
        inputs: &'a Inputs<'a>,
        output: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        Box::pin(async move {
            let labels = inputs.labels.unwrap_or_default();
            let labels: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
            self.write(Input::X, inputs.x)?;
            self.write(Input::Timesteps, inputs.timesteps)?;
            self.write(Input::Labels, &labels)?;
            self.write(Input::LowRes, inputs.low_res.unwrap_or_default())?;
            let numbers = self.evaluate().await?;
            let (len, expected) = (numbers.len(), output.len());
            if len < expected {
                return Err(TrainError::Length { len, expected });
            }
            // f16 fills whole words.
            for (output, number) in output.iter_mut().zip(numbers) {
                *output = number;
            }
            Ok(())
        })
    }
}
