//! Training on the processor.

use std::boxed::Box;
use std::vec::Vec;

use super::engine::{Awaited, Batch, Engine};
use super::error::TrainError;
use super::optimizer::{self, OptimizerStep, Report};
use crate::cpu::{Given, Gradients, NetworkError, Results};
use crate::memory::{self, bytes_of, zeros};
use crate::optimizer::Slot;
use crate::unet::Graph;

/// The engine that trains on the processor: a training graph, its weights, moments and averages in memory.
///
/// ```
/// use iddpm::train::{CpuEngine, Engine, Recompute, Slot, initial_weights, training_graph};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let network = UnetConfig::new(1, 32).with_learned_variance().graph(1, ImageSize::square(8))?;
/// let graph = training_graph(&network, Recompute::Nothing)?;
/// let mut engine = CpuEngine::new(&graph, &[0.999], false)?;
///
/// let weights = initial_weights(&graph, 0)?;
/// engine.write(Slot::Weights, &weights)?;
/// engine.write(Slot::Ema(0), &weights)?;
/// let mut average = vec![0.0; weights.len()];
/// engine.read(Slot::Ema(0), &mut average)?;
/// assert_eq!(average, weights);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CpuEngine {
    gradients: Gradients,
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    emas: Vec<Average>,
    /// The gradient of the last microbatch.
    fresh: Vec<f32>,
    /// The gradients since the last update.
    sum: Vec<f32>,
    /// Microbatches since the last update.
    microbatches: usize,
    /// The weights as f16 holds them, where the network is evaluated with such.
    rounded: Option<Vec<f32>>,
}

/// Weights, two moments, the gradients and their sum.
const SLOTS: usize = 5;

#[derive(Debug)]
struct Average {
    rate: f64,
    numbers: Vec<f32>,
}

impl CpuEngine {
    /// Makes an engine for a graph of [`training_graph`](super::training_graph): weights and averages 0, to
    /// be [written](Engine::write). With `half`, the network is evaluated with weights rounded to f16 while
    /// those that are trained stay f32.
    ///
    /// # Errors
    /// [`TrainError::Network`]; [`TrainError::Memory`] where it [needs](Self::needs) more than there is.
    pub fn new(graph: &Graph, ema_rates: &[f64], half: bool) -> Result<Self, TrainError> {
        Self::on(graph, ema_rates, half, Gradients::new)
    }

    /// Makes an engine as [`new`](Self::new), the network on so many threads. The optimiser runs on those
    /// of the caller's Rayon pool. The bits are the same with any number.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_threads(
        graph: &Graph,
        ema_rates: &[f64],
        half: bool,
        threads: usize,
    ) -> Result<Self, TrainError> {
        let gradients = |graph: &Graph| Gradients::with_threads(graph, threads);
        Self::on(graph, ema_rates, half, gradients)
    }

    fn on(
        graph: &Graph,
        ema_rates: &[f64],
        half: bool,
        gradients: impl FnOnce(&Graph) -> Result<Gradients, NetworkError>,
    ) -> Result<Self, TrainError> {
        memory::check(Self::needs(graph, ema_rates.len(), half)?)?;
        let zeros = || zeros(graph.weights_len());
        let average = |&rate: &f64| -> Result<Average, TrainError> {
            Ok(Average {
                rate,
                numbers: zeros()?,
            })
        };
        Ok(Self {
            gradients: gradients(graph)?,
            weights: zeros()?,
            first: zeros()?,
            second: zeros()?,
            emas: ema_rates.iter().map(average).collect::<Result<_, _>>()?,
            fresh: zeros()?,
            sum: zeros()?,
            microbatches: 0,
            rounded: half.then(zeros).transpose()?,
        })
    }

    /// The number of bytes that an engine takes: those of the graph's run, and as many numbers as there are
    /// weights for these, for gradients, moments and averages.
    ///
    /// # Errors
    /// [`TrainError::Network`].
    pub fn needs(graph: &Graph, averages: usize, half: bool) -> Result<u64, TrainError> {
        let slots = averages.saturating_add(SLOTS + usize::from(half));
        let slots = bytes_of::<f32>(graph.weights_len()).saturating_mul(slots as u64);
        Ok(Gradients::needs(graph)?.saturating_add(slots))
    }

    /// The number of elements in memory: those of the graph's run, and those of slots and gradients.
    pub fn elements(&self) -> (usize, usize) {
        let run = self.gradients.workspace_len() + self.gradients.room_len();
        let slots = SLOTS + self.emas.len() + usize::from(self.rounded.is_some());
        (run, slots * self.weights.len())
    }

    fn slot(&self, slot: Slot) -> Result<&[f32], TrainError> {
        match slot {
            Slot::Weights => Ok(&self.weights),
            Slot::FirstMoment => Ok(&self.first),
            Slot::SecondMoment => Ok(&self.second),
            Slot::Ema(index) => match self.emas.get(index) {
                Some(average) => Ok(&average.numbers),
                None => Err(TrainError::NoSuchAverage {
                    index,
                    count: self.emas.len(),
                }),
            },
        }
    }
}

fn check(len: usize, expected: usize) -> Result<(), TrainError> {
    if len == expected {
        return Ok(());
    }
    Err(TrainError::Length { len, expected })
}

impl CpuEngine {
    /// Runs forward and backward of one microbatch as [`accumulate`](Engine::accumulate), for a graph of
    /// [`gradient_graph`](super::gradient_graph); `output` becomes the network's result.
    ///
    /// # Errors
    /// [`TrainError::Network`].
    pub fn accumulate_given(
        &mut self,
        given: &Given<'_>,
        output: &mut [f32],
    ) -> Result<(), TrainError> {
        let weights = match &mut self.rounded {
            None => &self.weights,
            Some(rounded) => {
                for (rounded, &weight) in rounded.iter_mut().zip(&self.weights) {
                    *rounded = half::f16::from_f32(weight).to_f32();
                }
                rounded
            }
        };
        let is_first = self.microbatches == 0;
        let gradients = match is_first {
            true => &mut self.sum,
            false => &mut self.fresh,
        };
        let results = Results { output, gradients };
        self.gradients.run_given(weights, given, results)?;
        if !is_first {
            optimizer::add(&mut self.sum, &self.fresh);
        }
        self.microbatches += 1;
        Ok(())
    }

    fn norm(&mut self, unscale: f64) -> f64 {
        if self.microbatches == 0 {
            // What is there is of the last update.
            self.sum.fill(0.0);
        }
        optimizer::norm(&self.sum, unscale)
    }

    fn take_step(&mut self, update: &OptimizerStep) -> Report {
        let grad_norm = self.norm(update.unscale);
        self.microbatches = 0;
        if !grad_norm.is_finite() {
            return Report {
                grad_norm,
                taken: false,
            };
        }
        update.apply(
            grad_norm,
            &self.sum,
            &mut self.weights,
            &mut self.first,
            &mut self.second,
        );
        for average in &mut self.emas {
            optimizer::average(
                update.ema_rate(average.rate),
                &self.weights,
                &mut average.numbers,
            );
        }
        Report {
            grad_norm,
            taken: true,
        }
    }

    fn copy(&self, slot: Slot, into: &mut [f32]) -> Result<(), TrainError> {
        let numbers = self.slot(slot)?;
        check(into.len(), numbers.len())?;
        into.copy_from_slice(numbers);
        Ok(())
    }
}

/// Nothing is waited for: what is asked is done where it is first looked for.
impl Engine for CpuEngine {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        Box::pin(async move { self.accumulate_given(&Given::from(batch), loss) })
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        Box::pin(async move { Ok(self.take_step(update)) })
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        Box::pin(async move { Ok(self.norm(unscale)) })
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        Box::pin(async move { self.copy(slot, into) })
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        let count = self.emas.len();
        let into = match slot {
            Slot::Weights => &mut self.weights,
            Slot::FirstMoment => &mut self.first,
            Slot::SecondMoment => &mut self.second,
            Slot::Ema(index) => {
                let average = self.emas.get_mut(index);
                &mut average
                    .ok_or(TrainError::NoSuchAverage { index, count })?
                    .numbers
            }
        };
        check(numbers.len(), into.len())?;
        into.copy_from_slice(numbers);
        Ok(())
    }
}
