//! A small classifier that is trained on a data set, and judges images by it.

use std::sync::Arc;
use std::vec::Vec;

use super::error::EvaluateError;
use super::features::Features;
use super::judged::Judged;
use super::network::{FEATURES, graph};
use super::softmax::softmax;
use crate::Error;
use crate::cpu::{Given, Inputs, Network, ProgramBuf};
use crate::data::{Broken, Dataset};
use crate::diffusion::fingerprint::Fingerprint;
use crate::diffusion::pixels::from_u8;
use crate::memory::{collected, copied, zeros};
use crate::part::{split, split_mut};
use crate::run::Threads;
use crate::train::loader::Loader;
use crate::train::{
    AdamW, Annealing, CpuEngine, Engine, OptimizerStep, Recompute, Slot, TrainConfig,
    gradient_graph, initial_weights,
};
use crate::unet::{Extents, Graph, Plan, Weights};

/// How a classifier is trained: all that it follows from beside its data.
///
/// The same of these on the same data is the same classifier, to the bit, with any number of threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassifierConfig {
    /// The number of steps.
    pub steps: u64,
    /// The number of images in a step.
    pub batch: usize,
    /// The learning rate, which rises over the first tenth of the steps and falls on half a cosine.
    pub lr: f64,
    /// The seed that the first weights and the order of the images follow from.
    pub seed: u64,
}

impl Default for ClassifierConfig {
    /// 600 steps of 64 images at 2e-3, seed 0.
    fn default() -> Self {
        Self {
            steps: 600,
            batch: 64,
            lr: 2e-3,
            seed: 0,
        }
    }
}

impl ClassifierConfig {
    /// The same as options of a run.
    fn recipe(&self) -> TrainConfig {
        TrainConfig {
            batch: self.batch,
            microbatch: self.batch,
            lr: self.lr,
            warm_up: self.steps / 10,
            anneal: self.steps,
            annealing: Annealing::Cosine,
            adamw: AdamW {
                weight_decay: 0.01,
                ..AdamW::default()
            },
            seed: self.seed,
            ..TrainConfig::default()
        }
    }
}

/// A classifier of images of one size.
#[derive(Debug)]
pub struct Classifier {
    network: Network,
    pub(super) weights: Vec<f32>,
    batch: usize,
    image: Extents,
    classes: usize,
}

impl Classifier {
    /// The number of features of an image.
    pub const FEATURES: usize = FEATURES;

    /// Trains a classifier on the classes of a data set, on the processor. After each step it tells the number of steps
    /// that are done, and the mean cross-entropy of its images in nats.
    ///
    /// # Errors
    /// [`EvaluateError::Classes`] for data without classes or of one; [`EvaluateError::NoSteps`],
    /// [`TrainError`](crate::train::TrainError) for other options out of range; [`EvaluateError::Diverged`];
    /// [`DataError`](crate::data::DataError) where an image cannot be read; where there is too little memory.
    pub fn train(
        data: Arc<dyn Dataset>,
        config: &ClassifierConfig,
        threads: Threads,
        told: &mut dyn FnMut(u64, f64),
    ) -> Result<Self, Error> {
        let (image, found) = (data.extents(), data.classes().unwrap_or(0));
        if found < 2 {
            return Err(EvaluateError::Classes { found }.into());
        }
        if config.steps == 0 {
            return Err(EvaluateError::NoSteps.into());
        }
        let recipe = config.recipe();
        recipe.validate()?;
        let mut training = Training::new(&recipe, image, found, threads)?;
        let mut loader = Loader::new(data, &recipe, None, Broken::Fatal, 0)?;
        for step in 1..=config.steps {
            let examples = loader.next()?;
            let loss = training.step(step, &examples.x_start, &examples.labels)?;
            told(step, loss);
        }
        Ok(Self {
            network: training.network,
            weights: training.weights,
            batch: recipe.batch,
            image,
            classes: found,
        })
    }

    /// The classifier that has these weights.
    pub(super) fn of_weights(
        weights: Vec<f32>,
        image: Extents,
        classes: usize,
        threads: Threads,
    ) -> Result<Self, Error> {
        let batch = ClassifierConfig::default().batch;
        Ok(Self {
            network: network(&graph(batch, image, classes), &weights, threads)?,
            weights,
            batch,
            image,
            classes,
        })
    }

    /// The extents of the images that it judges.
    pub const fn image(&self) -> Extents {
        self.image
    }

    /// The number by which its features are known: those of another are not compared with them.
    pub fn fingerprint(&self) -> u64 {
        let mut digest = Fingerprint::new();
        for weight in &self.weights {
            digest.add_bytes(&weight.to_le_bytes());
        }
        digest.finish()
    }

    /// The number of classes that it tells apart.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Judges images with numbers in [-1, 1], [N, C, H, W]; premultiplied where they have alpha, as data has them. What
    /// it makes of one does not depend on the others.
    ///
    /// # Errors
    /// [`EvaluateError::Length`]; [`NetworkError`](crate::cpu::NetworkError) for numbers that are not finite.
    pub fn judge(&mut self, images: &[f32]) -> Result<Judged, Error> {
        let each = self.image.elements();
        if !images.len().is_multiple_of(each) {
            let len = images.len();
            return Err(EvaluateError::Length { len, each }.into());
        }
        let mut made = Made::default();
        for images in images.chunks(self.batch * each) {
            self.add(copied(images)?, &mut made)?;
        }
        self.judged(made)
    }

    /// Judges the images of a data set, in their order.
    ///
    /// # Errors
    /// [`EvaluateError::Extents`], [`EvaluateError::Labels`]; [`DataError`](crate::data::DataError) where an image
    /// cannot be read.
    pub fn judge_data(&mut self, data: &dyn Dataset) -> Result<Judged, Error> {
        let (found, expected) = (data.extents(), self.image);
        if found != expected {
            return Err(EvaluateError::Extents { found, expected }.into());
        }
        let (mut made, mut labels) = (Made::default(), Vec::new());
        for first in (0..data.len()).step_by(self.batch) {
            let mut images = collected(self.batch * expected.elements(), [])?;
            for index in first..(first + self.batch).min(data.len()) {
                let example = data.get(index)?;
                images.extend(example.pixels.iter().map(|&value| from_u8(value)));
                labels.extend(example.label);
            }
            self.add(images, &mut made)?;
        }
        let mut judged = self.judged(made)?;
        if data.classes().is_some() {
            judged.features = judged.features.with_labels(labels)?;
        }
        Ok(judged)
    }

    /// All that was made, as of this classifier.
    fn judged(&self, made: Made) -> Result<Judged, Error> {
        let features = Features::new(FEATURES, made.features)?.of_network(self.fingerprint());
        Ok(Judged::new(self.classes, made.probabilities, features)?)
    }

    /// Judges the images of a batch, or fewer.
    fn add(&mut self, mut images: Vec<f32>, made: &mut Made) -> Result<(), Error> {
        let (each, width) = (self.image.elements(), FEATURES + self.classes);
        let count = images.len() / each;
        images.resize(self.batch * each, 0.0);
        let mut output = zeros(self.batch * width)?;
        self.network.forward(&inputs_of(&images), &mut output)?;
        for row in output.chunks_exact(width).take(count) {
            let (features, logits) = split(row, FEATURES);
            made.features.extend_from_slice(features);
            let probabilities = softmax(logits).map(|probability| probability as f32);
            made.probabilities.extend(probabilities);
        }
        Ok(())
    }
}

/// What was made of images so far.
#[derive(Default)]
struct Made {
    features: Vec<f32>,
    probabilities: Vec<f32>,
}

/// A classifier while it is trained.
struct Training<'a> {
    recipe: &'a TrainConfig,
    classes: usize,
    /// Gradients, moments and the weights.
    engine: CpuEngine,
    /// The network with the weights of the step.
    network: Network,
    weights: Vec<f32>,
    output: Vec<f32>,
    output_grad: Vec<f32>,
}

impl<'a> Training<'a> {
    fn new(
        recipe: &'a TrainConfig,
        image: Extents,
        classes: usize,
        threads: Threads,
    ) -> Result<Self, Error> {
        let graph: Graph = graph(recipe.batch, image, classes);
        let gradients = gradient_graph(&graph, Recompute::Nothing)?;
        let mut engine = CpuEngine::with_threads(&gradients, &[], false, threads.count())?;
        let weights = initial_weights(&graph, recipe.seed)?;
        engine.write(Slot::Weights, &weights)?;
        let network = network(&graph, &weights, threads)?;
        let len = recipe.batch * (FEATURES + classes);
        Ok(Self {
            recipe,
            classes,
            engine,
            network,
            weights,
            output: zeros(len)?,
            output_grad: zeros(len)?,
        })
    }

    /// Takes a step, whose number counts from 1; the mean cross-entropy of its images.
    fn step(&mut self, step: u64, images: &[f32], labels: &[u32]) -> Result<f64, Error> {
        let (found, expected) = (labels.len(), self.recipe.batch);
        if found != expected {
            return Err(EvaluateError::Labels { found, expected }.into());
        }
        self.network.forward(&inputs_of(images), &mut self.output)?;
        let loss = self.cross_entropy(labels);
        let given = Given {
            x: Some(images),
            output_grad: Some(&self.output_grad),
            ..Given::default()
        };
        self.engine.accumulate_given(&given, &mut self.output)?;
        let update = OptimizerStep {
            adamw: self.recipe.adamw,
            lr: self.recipe.lr_at(step - 1),
            step,
            unscale: 1.0,
            clip: Some(self.recipe.clip),
            ema_warm_up: false,
        };
        if !self.engine.update(&update)?.taken {
            return Err(EvaluateError::Diverged { step }.into());
        }
        self.engine.read(Slot::Weights, &mut self.weights)?;
        self.network.set_weights(Weights::F32(&self.weights))?;
        Ok(loss)
    }

    /// The mean cross-entropy of a batch, whose gradient with respect to the logits is p - 1 for the class of an image
    /// and p for the others; features have none of their own.
    fn cross_entropy(&mut self, labels: &[u32]) -> f64 {
        let (width, count) = (FEATURES + self.classes, labels.len() as f64);
        let rows = self.output.chunks_exact(width);
        let grads = self.output_grad.chunks_exact_mut(width);
        let mut sum = 0.0;
        for ((row, grad), &label) in rows.zip(grads).zip(labels) {
            let (_, logits) = split(row, FEATURES);
            let (_, grad) = split_mut(grad, FEATURES);
            for ((class, p), grad) in (0..).zip(softmax(logits)).zip(grad) {
                let due = if class == label { 1.0 } else { 0.0 };
                *grad = ((p - due) / count) as f32;
                if class == label {
                    sum -= p.ln();
                }
            }
        }
        sum / count
    }
}

/// A graph with these weights, on the processor.
fn network(graph: &Graph, weights: &[f32], threads: Threads) -> Result<Network, Error> {
    let program = ProgramBuf::new(graph, &Plan::single(graph))?;
    let weights = Weights::F32(weights);
    Ok(Network::with_threads(program, weights, threads.count())?)
}

/// Images as the network takes them.
const fn inputs_of(images: &[f32]) -> Inputs<'_> {
    Inputs {
        x: images,
        timesteps: &[],
        labels: None,
        low_res: None,
    }
}
