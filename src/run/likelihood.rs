//! How likely a model finds images: the bound in bits/dim, term by term.

use core::ops::Range;
use std::vec::Vec;

use super::device::Chosen;
use super::draw::process;
use super::error::DrawError;
use super::model::Model;
use super::studio::Studio;
use super::terms::{Mean, Terms};
use super::threads::Threads;
use crate::Error;
use crate::cpu::{Inputs, Network, ProgramBuf, resize};
use crate::data::Dataset;
use crate::diffusion::likelihood::{BitsPerDim, Noised};
use crate::diffusion::pixels::image_from_u8;
use crate::diffusion::{Clip, Noise, OwnedProcess};
use crate::memory::zeros;
use crate::unet::{Extents, Plan};

/// An evaluation of the bound on -log₂ p(x_0)/D of images, on the processor in f32.
///
/// The noise of an image follows from the seed and its place in the data, so that the result depends neither on
/// the batch nor on the number of threads. [`Studio::bits_per_dim`] is the short way to the mean of all images; this one
/// has a bound, and can be watched:
///
/// ```no_run
/// use iddpm::Model;
/// use iddpm::run::{Likelihood, Mean, Terms, Threads};
/// let model = Model::open("digits16.safetensors")?;
/// let digits = model.open_data("digits/")?;
/// let mut likelihood = Likelihood::new(&model, "early50", Threads::default())?;
/// let mut totals = Vec::new();
/// for first in (0..200).step_by(20) {
///     let terms = likelihood.evaluate(&digits, first..first + 20, &mut |_| print!("."))?;
///     totals.extend(terms.iter().map(Terms::total));
///     println!(" {} bits/dim of {} images", Mean::of(totals.iter().copied()), totals.len());
/// }
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Likelihood {
    model: Model,
    process: OwnedProcess,
    noise: Noise,
    clip: Clip,
    threads: usize,
    /// A network and its batch.
    network: Option<(usize, Network)>,
}

impl Likelihood {
    /// Begins an evaluation over these steps: `all`, `early50` (50 and the early ones), `50`, as
    /// [`Timesteps::parse`](crate::diffusion::Timesteps::parse) reads them. Its noise is of the seed 0, each x̂_0 is
    /// clipped to [-1, 1].
    ///
    /// # Errors
    /// [`DrawError::Value`] for steps that are none.
    pub fn new(model: &Model, steps: &str, threads: Threads) -> Result<Self, Error> {
        Ok(Self {
            process: process(model.description(), steps)?,
            model: model.clone(),
            noise: Noise::new(0),
            clip: Clip::Unit,
            threads: threads.count(),
            network: None,
        })
    }

    /// Takes the noise of another seed.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.noise = Noise::new(seed);
        self
    }

    /// Evaluates each x̂_0 as it is, not clipped.
    #[must_use]
    pub const fn without_clip(mut self) -> Self {
        self.clip = Clip::None;
        self
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.process.len()
    }

    /// Evaluates some images of a data set together; `done` is told how many terms were evaluated since.
    ///
    /// # Errors
    /// [`DrawError::Value`] for images of another size, or whose classes are not the network's, as
    /// [`Model::open_data`] numbers them; [`DataError`](crate::data::DataError),
    /// [`NetworkError`](crate::cpu::NetworkError).
    pub fn evaluate(
        &mut self,
        data: &dyn Dataset,
        images: Range<usize>,
        done: &mut dyn FnMut(u64),
    ) -> Result<Vec<Terms>, Error> {
        let (batch, extents) = (images.len(), data.extents());
        let elements = extents.elements();
        self.model.check_data(data)?;
        if batch == 0 {
            return Ok(Vec::new());
        }
        let mut x_start = zeros(batch * elements)?;
        let mut labels = Vec::new();
        for (index, x_start) in images.clone().zip(x_start.chunks_mut(elements)) {
            let example = data.get(index)?;
            image_from_u8(&example.pixels, x_start)?;
            labels.extend(example.label);
        }
        let low_res = self.low_res(extents, &x_start)?;
        let mut network = match self.network.take() {
            Some((held, network)) if held == batch => network,
            _ => self.make(batch)?,
        };
        let process = self.process.view();
        let (mut bounds, mut all) = (Vec::new(), Vec::new());
        for x_start in x_start.chunks(elements) {
            let bound = BitsPerDim::new(&process, self.clip, x_start)?;
            all.push(Terms {
                prior: bound.prior(),
                vb: Vec::new(),
                x_start_mse: Vec::new(),
                epsilon_mse: Vec::new(),
            });
            bounds.push(bound);
        }
        let outputs = process.prediction_len(elements);
        let has_classes = self.model.classes() > 0;
        let mut noise = zeros(batch * elements)?;
        let mut x_t = zeros(batch * elements)?;
        let mut output = zeros(batch * outputs)?;
        let mut timesteps = zeros(batch)?;
        for index in (0..process.len()).rev() {
            for (image, noise) in images.clone().zip(noise.chunks_mut(elements)) {
                let stream = self.noise.stream(image as u64, index as u32);
                stream.fill_normals(0, noise);
            }
            process
                .coefficients(index)?
                .diffuse(&x_start, &noise, &mut x_t)?;
            timesteps.fill(process.model_timestep(index)?);
            let inputs = Inputs {
                x: &x_t,
                timesteps: &timesteps,
                labels: has_classes.then_some(labels.as_slice()),
                low_res: low_res.as_deref(),
            };
            network.forward(&inputs, &mut output)?;
            let slices = x_start
                .chunks(elements)
                .zip(noise.chunks(elements))
                .zip(x_t.chunks(elements).zip(output.chunks(outputs)));
            let places = bounds.iter_mut().zip(&mut all);
            for ((bound, terms), ((x_start, noise), (x_t, output))) in places.zip(slices) {
                let image = Noised {
                    x_start,
                    noise,
                    x_t,
                };
                let term = bound.add(index, image, output)?;
                terms.vb.push(term.vb);
                terms.x_start_mse.push(term.x_start_mse);
                terms.epsilon_mse.push(term.epsilon_mse);
            }
            done(batch as u64);
        }
        self.network = Some((batch, network));
        Ok(all)
    }

    fn make(&self, batch: usize) -> Result<Network, Error> {
        let graph = self.model.description().graph(batch)?;
        let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
        let weights = self.model.checkpoint().weights();
        Ok(Network::with_threads(program, weights, self.threads)?)
    }

    /// What a network that enlarges is given: the images' own means over areas.
    fn low_res(&self, extents: Extents, x_start: &[f32]) -> Result<Option<Vec<f32>>, Error> {
        let Some((width, height)) = self.model.low_res() else {
            return Ok(None);
        };
        let small = Extents {
            height,
            width,
            ..extents
        };
        let mut low_res = zeros(x_start.len() / extents.elements() * small.elements())?;
        resize::area(x_start, extents, &mut low_res, small)?;
        Ok(Some(low_res))
    }
}

/// Images that [`Studio::bits_per_dim`] evaluates at once.
const AT_ONCE: usize = 32;

impl Studio {
    /// Evaluates the bound on -log₂ p(x_0)/D of all images of a data set, over these steps: `all`, `early50` (50 and the
    /// early ones, where most bits are), `50`. Always on the processor and in f32, whatever draws: a likelihood is to be
    /// trusted. It waits for all of them, and each takes a network's evaluation for every step: [`Likelihood`] is for
    /// some of them, and tells how far it is.
    ///
    /// ```no_run
    /// use iddpm::{Device, Model};
    /// let model = Model::open("digits16.safetensors")?;
    /// let digits = model.open_data("digits/")?;
    /// let bits = model.on(Device::best())?.bits_per_dim(&digits, "early50")?;
    /// println!("{bits} bits/dim of {} images", bits.count);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Likelihood`].
    pub fn bits_per_dim(&self, data: &dyn Dataset, steps: &str) -> Result<Mean, Error> {
        if data.is_empty() {
            return Err(DrawError::value("data", "0 images", "a mean is of one or more").into());
        }
        let threads = match *self.device() {
            Chosen::Processor { threads, .. } => threads,
            Chosen::Gpu { .. } => Threads::choose(None)?,
        };
        let mut likelihood = Likelihood::new(self.model(), steps, threads)?;
        let mut totals = Vec::new();
        for first in (0..data.len()).step_by(AT_ONCE) {
            let images = first..data.len().min(first + AT_ONCE);
            let terms = likelihood.evaluate(data, images, &mut |_| ())?;
            totals.extend(terms.iter().map(Terms::total));
        }
        Ok(Mean::of(totals.into_iter()))
    }
}
