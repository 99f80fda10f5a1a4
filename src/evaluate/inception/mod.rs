//! Inception-v3 as the public evaluator has it, whose features and probabilities published distances and scores are of.

mod conv;
mod layers;
mod pool;
mod resize;
mod tensor;
mod weights;
mod window;

use std::borrow::Cow;
use std::path::Path;
use std::vec::Vec;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::error::EvaluateError;
use super::features::Features;
use super::judged::Judged;
use super::softmax::softmax;
use crate::Error;
use crate::cpu::NetworkError;
use crate::data::Dataset;
use crate::memory::{MemoryError, bytes_of, collected};
use crate::run::Threads;
use conv::Kernel;
use layers::Layer;
use resize::prepared;
use tensor::Tensor;
use weights::{CLASSES, Weights};

/// The Inception-v3 network of the public evaluator of diffusion models: TensorFlow's graph of 2015
/// (`classify_image_graph_def.pb`), from a file of safetensors under the names of its ports to PyTorch.
///
/// Its features are those of the graph's `pool_3`, and its probabilities those of all 1008 outputs, without biases as the
/// evaluator takes them. So [`frechet()`](super::frechet()) of them is FID, [`kernel_distance`](super::kernel_distance)
/// KID, and [`Judged::inception_score`] the inception score, which the evaluator takes of 5000 images at a time.
///
/// ```no_run
/// use iddpm::data::{self, Options};
/// use iddpm::evaluate::{Inception, frechet};
/// use iddpm::run::Threads;
/// let inception = Inception::open("inception.safetensors", Threads::default())?;
/// let real = data::open("real.npz", &Options::square(64))?;
/// let drawn = data::open("drawn.npz", &Options::square(64))?;
/// let real = inception.judge_data(&real, &mut |_| {})?;
/// let drawn = inception.judge_data(&drawn, &mut |_| {})?;
/// println!("{}", frechet(real.features(), drawn.features(), 30, 0)?);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Inception {
    layers: Vec<Layer<Kernel>>,
    features: usize,
    logits: Vec<f32>,
    fingerprint: u64,
    threads: ThreadPool,
}

/// Channels of the last layer.
const FEATURES: usize = 2048;

/// What is made of one image.
struct Seen {
    features: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Inception {
    /// The number of classes that it tells apart: 1000 of `ImageNet`'s, in an order of its own, and 8 of none.
    pub const CLASSES: usize = CLASSES;
    /// The number of features of an image.
    pub const FEATURES: usize = FEATURES;

    /// Reads the network's weights from a file: of each convolution `NAME.conv.weight`, `NAME.bn.weight`, `NAME.bn.bias`,
    /// `NAME.bn.running_mean` and `NAME.bn.running_var`, with names from `Conv2d_1a_3x3` to `Mixed_7c.branch_pool`, and
    /// `fc.weight`.
    ///
    /// # Errors
    /// [`CheckpointError`](crate::checkpoint::CheckpointError) for whatever is wrong with the file, and for tensors that
    /// are missing, of no layer, or of another shape, as those of other Inception networks;
    /// [`EvaluateError::Variance`] for a variance below 0;
    /// [`NetworkError::Threads`]; where there is too little memory.
    pub fn open(path: impl AsRef<Path>, threads: Threads) -> Result<Self, Error> {
        let Weights {
            layers,
            features,
            logits,
            fingerprint,
        } = Weights::open(path.as_ref())?;
        let count = threads.count();
        let pool = ThreadPoolBuilder::new().num_threads(count).build();
        Ok(Self {
            layers,
            features,
            logits,
            fingerprint,
            threads: pool.map_err(|_| NetworkError::Threads { threads: count })?,
        })
    }

    /// The number by which its features are known: those of another network are not compared with them.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The bytes that are needed for what is made of so many images; [`u64::MAX`] where they are more.
    ///
    /// ```
    /// use iddpm::evaluate::Inception;
    /// use iddpm::memory::Bytes;
    /// println!("{}", Bytes(Inception::needs(50_000))); // 611 MB
    /// ```
    pub const fn needs(images: usize) -> u64 {
        bytes_of::<f32>((FEATURES + CLASSES).saturating_mul(images))
    }

    /// Judges the images of a data set, in their order and of any size: resized as the evaluator does it, greys as three
    /// equal colours, what is transparent over white. Now and then it tells how many are done.
    ///
    /// What it makes of an image depends neither on the others nor on the number of threads; on other processors it may
    /// differ by rounding. Its classes are not the data's: what is judged has no labels.
    ///
    /// # Errors
    /// [`DataError`](crate::data::DataError) where an image cannot be read;
    /// [`EvaluateError::Length`] where it is not of the data's size; [`EvaluateError::NotFinite`] where weights are so large
    /// that features are not finite; where there is too little memory.
    pub fn judge_data(
        &self,
        data: &dyn Dataset,
        told: &mut dyn FnMut(usize),
    ) -> Result<Judged, Error> {
        let count = data.len();
        let mut features = collected(count.saturating_mul(self.features), [])?;
        let mut probabilities = collected(count.saturating_mul(CLASSES), [])?;
        let at_once = self.threads.current_num_threads();
        for first in (0..count).step_by(at_once) {
            let images = first..(first + at_once).min(count);
            let seen = self.threads.install(|| {
                let each = images.into_par_iter().map(|index| self.see(data, index));
                each.collect::<Result<Vec<Seen>, Error>>()
            });
            for seen in seen? {
                features.extend(seen.features);
                probabilities.extend(seen.probabilities);
            }
            told((first + at_once).min(count));
        }
        let features = Features::new(self.features, features)?.of_network(self.fingerprint);
        Ok(Judged::new(CLASSES, probabilities, features)?)
    }

    /// What it makes of one image.
    fn see(&self, data: &dyn Dataset, index: usize) -> Result<Seen, Error> {
        let (example, extents) = (data.get(index)?, data.extents());
        let (len, each) = (example.pixels.len(), extents.elements());
        if len != each || each == 0 {
            return Err(EvaluateError::Length { len, each }.into());
        }
        let image = prepared(&example.pixels, extents)?;
        let last = run(&self.layers, &image)?;
        let mut sums = std::vec![0.0_f64; self.features];
        for channels in last.numbers.chunks_exact(self.features) {
            for (sum, &number) in sums.iter_mut().zip(channels) {
                *sum += f64::from(number);
            }
        }
        let positions = last.positions() as f64;
        let features: Vec<f32> = sums.iter().map(|sum| (sum / positions) as f32).collect();
        let logits = self.logits.chunks_exact(self.features).map(|weights| {
            let products = weights.iter().zip(&features);
            let sum: f64 = products.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
            sum as f32
        });
        let logits: Vec<f32> = logits.collect();
        Ok(Seen {
            probabilities: softmax(&logits).map(|p| p as f32).collect(),
            features,
        })
    }
}

/// What layers make of an image, one after the other.
fn run<'i>(layers: &[Layer<Kernel>], image: &'i Tensor) -> Result<Cow<'i, Tensor>, MemoryError> {
    let mut x = Cow::Borrowed(image);
    for layer in layers {
        x = Cow::Owned(match layer {
            Layer::Conv(kernel) => kernel.apply(&x)?,
            Layer::AveragePool(window) => pool::average(window, &x)?,
            Layer::MaxPool(window) => pool::largest(window, &x)?,
            Layer::Branches(branches) => {
                let mut all = Vec::with_capacity(branches.len());
                for branch in branches {
                    all.push(run(branch, &x)?.into_owned());
                }
                Tensor::beside(&all)?
            }
        });
    }
    Ok(x)
}
