//! A batch of images being generated on the processor.

use alloc::vec::Vec;

use super::error::{NetworkError, NetworkSlice};
use super::given::{Inputs, length};
use super::network::Network;
use super::program::Program;
use crate::diffusion::pixels::NOTHING;
use crate::diffusion::{
    Controls, Guidance, Noise, Paused, RunError, Sample, Sampler, SamplerState, guide,
};
use crate::memory::{self, bytes_of, collected, copied, zeros};

/// A batch of images being generated on the processor: a network, a sampler's cursor, and the pixels.
///
/// Each image is that of its [`Sample`], whatever batch it is generated in. Between two calls of
/// [`advance`](Self::advance) it may be [`paused`](Self::paused), and resumed bit for bit.
///
/// ```
/// use iddpm::cpu::{Generation, Network};
/// use iddpm::diffusion::{Clip, Diffusion, Method, Noise, Sample, Sampler, Schedule, Timesteps};
/// use iddpm::unet::{ImageSize, UnetConfig, Weights};
///
/// let model = Diffusion::new(Schedule::Cosine, 100);
/// let process = model.process(Timesteps::even(3))?;
/// let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
///
/// let graph = UnetConfig::new(1, 32).with_learned_variance().graph(2, ImageSize::square(8))?;
/// let weights = vec![0.01; graph.weights_len()];
/// let network = Network::new(&graph, Weights::F32(&weights))?;
///
/// let samples = [0, 1].map(|number| Sample { noise: Noise::new(7), number, label: None });
/// let mut images = Generation::new(network, sampler, &samples)?;
/// while images.advance()? {}
/// assert_eq!(images.x().len(), 2 * 8 * 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Generation<'p> {
    network: Network,
    batch: Batch,
    sampler: Sampler<'p>,
}

impl<'p> Generation<'p> {
    /// Begins a batch of images: x is x_T of each sample.
    ///
    /// # Errors
    /// [`NetworkError::Length`] where there are not as many samples as the network's batch, or it
    /// returns another number of channels than the process of the sampler reads;
    /// [`NetworkError::Memory`] where it [needs](Self::needs) more than there is. A label that is
    /// missing from some of the samples is found by the first [`advance`](Self::advance).
    pub fn new(
        network: Network,
        sampler: Sampler<'p>,
        samples: &[Sample],
    ) -> Result<Self, NetworkError> {
        Self::steered(network, sampler, samples, Controls::default())
    }

    /// Begins a batch of images as [`new`](Self::new), steered by more than its sampler. With guidance the network is of
    /// twice as many images.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`NetworkError::Sampler`] for [what does not go with the run](Controls::check).
    pub fn steered(
        network: Network,
        sampler: Sampler<'p>,
        samples: &[Sample],
        controls: Controls,
    ) -> Result<Self, NetworkError> {
        Ok(Self {
            batch: Batch::new(&network, &sampler, samples, controls)?,
            network,
            sampler,
        })
    }

    /// The number of bytes that a generation takes beside its network: the images of a batch, in every form
    /// in which they are kept.
    pub fn needs(program: &Program<'_>, sampler: &Sampler<'_>) -> u64 {
        Batch::needs(program, sampler, 1)
    }

    /// Gives a super-resolution network its low-resolution images, one after the other.
    ///
    /// # Errors
    /// [`NetworkError::Memory`]. Images of another size are found by the first
    /// [`advance`](Self::advance).
    pub fn with_low_res(mut self, images: &[f32]) -> Result<Self, NetworkError> {
        self.batch.set_low_res(images)?;
        Ok(self)
    }

    /// Evaluates the network once for the whole batch and steps every image; `false` where the run
    /// was over. Nothing is allocated.
    ///
    /// # Errors
    /// The network's, before anything is changed; those of
    /// [`Step::apply`](crate::diffusion::Step::apply), after which x is spent.
    pub fn advance(&mut self) -> Result<bool, RunError<NetworkError>> {
        self.batch.advance(&mut self.network, &mut self.sampler)
    }

    /// The images as they are now: x_t, [N, C, H, W].
    pub fn x(&self) -> &[f32] {
        &self.batch.x
    }

    /// The clipped x̂_0 of the last step, [N, C, H, W]: what the images look like from here.
    /// [`NOTHING`](crate::diffusion::pixels::NOTHING) before the first; spent, as x is, after one that failed.
    pub fn x_start(&self) -> &[f32] {
        &self.batch.x_start
    }

    /// The numbers that a multistep method keeps between steps; empty for the others.
    pub fn history(&self) -> &[f32] {
        &self.batch.history
    }

    /// The sampler, where it stands.
    pub const fn sampler(&self) -> &Sampler<'p> {
        &self.sampler
    }

    /// Returns the network, for another batch of as many.
    pub fn into_network(self) -> Network {
        self.network
    }

    /// Returns the batch as it stands, to go on from.
    ///
    /// # Errors
    /// [`NetworkError::Memory`].
    pub fn paused(&self) -> Result<Paused, NetworkError> {
        self.batch.paused(self.sampler.state())
    }

    /// Continues a batch from where one was paused.
    ///
    /// # Errors
    /// Those of [`Sampler::resume`]; [`NetworkError::Length`] for x or the history,
    /// [`Error::NotFinite`](crate::diffusion::Error::NotFinite) for what no step can have left. The batch is then
    /// as it was.
    pub fn resume(&mut self, paused: &Paused) -> Result<(), RunError<NetworkError>> {
        self.batch.resume(&mut self.sampler, paused)
    }
}

/// The images of a generation, without network and sampler: several may share a network, and whoever owns the
/// process that a sampler borrows keeps this beside it.
#[derive(Debug)]
pub(crate) struct Batch {
    samples: Vec<Sample>,
    labels: Option<Vec<u32>>,
    low_res: Option<Vec<f32>>,
    timesteps: Vec<f32>,
    pub(crate) x: Vec<f32>,
    output: Vec<f32>,
    pub(crate) history: Vec<f32>,
    pub(crate) x_start: Vec<f32>,
    /// The noise of one image.
    noise: Vec<f32>,
    controls: Controls,
    /// The images twice, as the network sees them under guidance; else nothing.
    twice: Vec<f32>,
}

impl Batch {
    pub(crate) fn new(
        network: &Network,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        controls: Controls,
    ) -> Result<Self, NetworkError> {
        let program = network.program()?;
        let header = *program.header();
        let looks = controls.looks();
        length(
            NetworkSlice::Samples,
            samples.len().saturating_mul(looks),
            header.batch,
        )?;
        let elements = program.x_len() / header.batch;
        let expected = sampler.process().prediction_len(elements);
        length(
            NetworkSlice::Output,
            program.output().image().elements(),
            expected,
        )?;
        memory::check(Self::needs(&program, sampler, looks))?;
        let guidance = controls.guidance.as_ref();
        controls.check(sampler, samples.len(), elements)?;
        let again = guidance
            .into_iter()
            .flat_map(|it| it.others.iter().copied());
        let labels = collected(
            header.batch,
            samples
                .iter()
                .filter_map(|sample| sample.label)
                .chain(again),
        )?;
        let all = samples.len() * elements;
        let mut x = zeros(all)?;
        for (sample, x) in samples.iter().zip(x.chunks_mut(elements)) {
            sample.begin(x);
        }
        let history = if sampler.method().needs_history() {
            all
        } else {
            0
        };
        Ok(Self {
            samples: copied(samples)?,
            labels: (!labels.is_empty()).then_some(labels),
            low_res: None,
            timesteps: zeros(header.batch)?,
            x,
            output: zeros(header.batch * expected)?,
            history: zeros(history)?,
            x_start: collected(all, core::iter::repeat_n(NOTHING, all))?,
            noise: zeros(elements)?,
            twice: zeros(if looks > 1 { looks * all } else { 0 })?,
            controls,
        })
    }

    fn needs(program: &Program<'_>, sampler: &Sampler<'_>, looks: usize) -> u64 {
        let header = program.header();
        let copies = if sampler.method().needs_history() {
            3
        } else {
            2
        };
        let once = program.x_len() / looks;
        let images = bytes_of::<f32>(once).saturating_mul(copies);
        let twice = if looks > 1 { program.x_len() } else { 0 };
        let of_image = bytes_of::<f32>(program.x_len() / header.batch);
        // A timestep and a class in one word each.
        let of_sample = (size_of::<Sample>() + 8) as u64;
        let samples = (header.batch as u64).saturating_mul(of_sample);
        let others = [
            bytes_of::<f32>(twice),
            bytes_of::<f32>(program.output_len()),
            bytes_of::<f32>(program.low_res_len()),
            of_image,
            samples,
        ];
        others.into_iter().fold(images, u64::saturating_add)
    }

    pub(crate) fn set_low_res(&mut self, images: &[f32]) -> Result<(), NetworkError> {
        let looks = self.controls.looks();
        let len = images.len().saturating_mul(looks);
        let again = core::iter::repeat_n(images, looks).flatten().copied();
        self.low_res = Some(collected(len, again)?);
        Ok(())
    }

    /// Steps every image as the next of the sampler's steps says; `false` where there is none.
    pub(crate) fn advance(
        &mut self,
        network: &mut Network,
        sampler: &mut Sampler<'_>,
    ) -> Result<bool, RunError<NetworkError>> {
        self.step(sampler, |inputs, output| {
            network.forward(inputs, output)?;
            Ok(true)
        })
    }

    /// Does of the next step what is done of it before it is asked, after an operation, whether to do another, and the
    /// answer is no; `false` where there was no step left.
    #[cfg(feature = "run")]
    pub(crate) fn advance_while(
        &mut self,
        network: &mut Network,
        sampler: &mut Sampler<'_>,
        again: impl FnMut() -> bool + Send,
    ) -> Result<bool, RunError<NetworkError>> {
        self.step(sampler, |inputs, output| {
            network.forward_while(inputs, output, again)
        })
    }

    /// Takes a step with what evaluates the network; none where that says that it is not over.
    fn step(
        &mut self,
        sampler: &mut Sampler<'_>,
        evaluate: impl FnOnce(&Inputs<'_>, &mut [f32]) -> Result<bool, NetworkError>,
    ) -> Result<bool, RunError<NetworkError>> {
        let mut ahead = sampler.clone();
        let Some(step) = ahead.next() else {
            return Ok(false);
        };
        self.timesteps.fill(step.timestep());
        for twice in self.twice.chunks_exact_mut(self.x.len().max(1)) {
            twice.copy_from_slice(&self.x);
        }
        let inputs = Inputs {
            x: match self.controls.guidance {
                Some(_) => &self.twice,
                None => &self.x,
            },
            timesteps: &self.timesteps,
            labels: self.labels.as_deref(),
            low_res: self.low_res.as_deref(),
        };
        if !evaluate(&inputs, &mut self.output).map_err(RunError::Denoiser)? {
            return Ok(true);
        }
        let elements = self.noise.len();
        let outputs = sampler.process().prediction_len(elements);
        if let Some(Guidance { scales, .. }) = &self.controls.guidance {
            let half = self.output.len() / 2;
            let (conditional, unconditional) = self.output.split_at_mut(half);
            let pairs = conditional
                .chunks_mut(outputs)
                .zip(unconditional.chunks(outputs));
            for ((output, unconditional), &scale) in pairs.zip(scales) {
                guide(scale, elements, unconditional, output)?;
            }
        }
        let palette = self.controls.colours_at(step.position());
        let images = self.x.chunks_mut(elements).zip(&self.samples);
        let previews = self.x_start.chunks_mut(elements);
        let mut histories = self.history.chunks_mut(elements);
        for (((x, sample), output), x_start) in
            images.zip(self.output.chunks(outputs)).zip(previews)
        {
            let draw = |noise: &mut [f32], number| {
                let stream = sample.noise.stream(sample.number, number);
                stream.fill_normals(0, noise);
            };
            if step.needs_noise() {
                draw(&mut self.noise, step.position());
            }
            // Absent: the method needs none.
            let history = histories.next().unwrap_or_default();
            let mut snapped = Ok(());
            step.apply_with_hook(x, output, &self.noise, history, x_start, |x_start| {
                if let Some(palette) = palette {
                    snapped = palette.snap(x_start);
                }
            })?;
            snapped?;
            if let Some(known) = &self.controls.known {
                draw(&mut self.noise, step.position() | Noise::KEPT);
                step.keep(known.as_known(), &self.noise, x, x_start)?;
                if step.back().is_some() {
                    draw(&mut self.noise, step.position() | Noise::BACK);
                    step.go_back(&self.noise, x)?;
                }
            }
        }
        *sampler = ahead;
        Ok(true)
    }

    pub(crate) fn paused(&self, state: SamplerState) -> Result<Paused, NetworkError> {
        Ok(Paused {
            state,
            x: copied(&self.x)?,
            history: copied(&self.history)?,
        })
    }

    /// Puts batch and sampler where others were paused.
    pub(crate) fn resume(
        &mut self,
        sampler: &mut Sampler<'_>,
        Paused { state, x, history }: &Paused,
    ) -> Result<(), RunError<NetworkError>> {
        length(NetworkSlice::X, x.len(), self.x.len()).map_err(RunError::Denoiser)?;
        length(NetworkSlice::History, history.len(), self.history.len())
            .map_err(RunError::Denoiser)?;
        state.check(x, history)?;
        sampler.resume(*state)?;
        self.x.copy_from_slice(x);
        self.history.copy_from_slice(history);
        Ok(())
    }
}
