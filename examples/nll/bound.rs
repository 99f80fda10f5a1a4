//! The bound of a batch of images, term by term.

use std::ops::Range;

use iddpm::checkpoint::Checkpoint;
use iddpm::cpu::{Inputs, Network, ProgramBuf, resize};
use iddpm::data::Dataset;
use iddpm::diffusion::likelihood::{BitsPerDim, Noised};
use iddpm::diffusion::pixels::image_from_u8;
use iddpm::diffusion::{Clip, Noise, ProcessView};
use iddpm::unet::{Extents, Plan};

use super::Failure;

/// The bound of one image; lists begin with the noisiest step, as the public tool's.
pub(crate) struct Terms {
    /// The prior term.
    pub(crate) prior: f64,
    /// Every term, in bits/dim.
    pub(crate) vb: Vec<f64>,
    /// The squared error of x̂_0.
    pub(crate) x_start_mse: Vec<f64>,
    /// The squared error of ε̂.
    pub(crate) epsilon_mse: Vec<f64>,
}

/// What evaluates bounds.
pub(crate) struct Bound<'a> {
    checkpoint: &'a Checkpoint,
    process: ProcessView<'a>,
    noise: Noise,
    clip: Clip,
    threads: usize,
    /// A network and its batch.
    network: Option<(usize, Network)>,
}

impl<'a> Bound<'a> {
    pub(crate) const fn new(
        checkpoint: &'a Checkpoint,
        process: ProcessView<'a>,
        seed: u64,
        clipped: bool,
        threads: usize,
    ) -> Self {
        Self {
            checkpoint,
            process,
            noise: Noise::new(seed),
            clip: if clipped { Clip::Unit } else { Clip::None },
            threads,
            network: None,
        }
    }

    /// The bounds of some images of a data set, whose noise follows from their place in it; `done` is
    /// told how many terms were evaluated.
    pub(crate) fn evaluate(
        &mut self,
        data: &dyn Dataset,
        images: Range<usize>,
        done: &mut dyn FnMut(u64),
    ) -> Result<Vec<Terms>, Failure> {
        let description = self.checkpoint.description();
        let (batch, extents) = (images.len(), data.extents());
        let elements = extents.elements();
        let mut x_start = vec![0.0; batch * elements];
        let mut labels = Vec::new();
        for (index, x_start) in images.clone().zip(x_start.chunks_mut(elements)) {
            let example = data.get(index)?;
            image_from_u8(&example.pixels, x_start)?;
            labels.extend(example.label);
        }
        let low_res = self.low_res(extents, &x_start)?;
        if self.network.as_ref().is_none_or(|(held, _)| *held != batch) {
            let graph = description.graph(batch)?;
            let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
            let weights = self.checkpoint.weights();
            let network = Network::with_threads(program, weights, self.threads)?;
            self.network = Some((batch, network));
        }
        let Some((_, network)) = &mut self.network else {
            return Ok(Vec::new());
        };

        let mut bounds = Vec::new();
        let mut all = Vec::new();
        for x_start in x_start.chunks(elements) {
            let bound = BitsPerDim::new(&self.process, self.clip, x_start)?;
            all.push(Terms {
                prior: bound.prior(),
                vb: Vec::new(),
                x_start_mse: Vec::new(),
                epsilon_mse: Vec::new(),
            });
            bounds.push(bound);
        }
        let outputs = self.process.prediction_len(elements);
        let mut noise = vec![0.0; batch * elements];
        let mut x_t = noise.clone();
        let mut output = vec![0.0; batch * outputs];
        for index in (0..self.process.len()).rev() {
            let coefficients = self.process.coefficients(index)?;
            for (image, noise) in images.clone().zip(noise.chunks_mut(elements)) {
                let stream = self.noise.stream(image as u64, index as u32);
                stream.fill_normals(0, noise);
            }
            coefficients.diffuse(&x_start, &noise, &mut x_t)?;
            let inputs = Inputs {
                x: &x_t,
                timesteps: &vec![self.process.model_timestep(index)?; batch],
                labels: description.unet.num_classes.map(|_| labels.as_slice()),
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
        Ok(all)
    }

    /// What a network that enlarges is given: the images' own means over areas.
    fn low_res(&self, extents: Extents, x_start: &[f32]) -> Result<Option<Vec<f32>>, Failure> {
        let Some((height, width)) = self.checkpoint.description().size.low_res else {
            return Ok(None);
        };
        let small = Extents {
            height,
            width,
            ..extents
        };
        let mut low_res = vec![0.0; x_start.len() / extents.elements() * small.elements()];
        resize::area(x_start, extents, &mut low_res, small)?;
        Ok(Some(low_res))
    }
}
