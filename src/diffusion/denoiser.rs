//! The denoiser, which evaluates the network, and the loop that runs a sampler over it.

use super::error::Error;
use super::noise::Noise;
use super::sampler::Sampler;

/// The query of one evaluation of a network: the timestep, and the class.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Query {
    /// The timestep the network must see, possibly fractional.
    pub timestep: f32,
    /// The index of the step in the process, 0 the least noisy.
    pub index: usize,
    /// The class that the image is to belong to, where the network is conditioned on one.
    pub label: Option<u32>,
}

/// A network, or anything else that predicts what a noisy image came from.
pub trait Denoiser {
    /// The error that an evaluation of the network can end with.
    type Error;

    /// Evaluates the network: fills `output` for the image `x` of D elements.
    ///
    /// `output` has [`prediction_len`](super::Process::prediction_len) elements: the prediction,
    /// then the variance channels where they are learned.
    ///
    /// # Errors
    /// The denoiser's own.
    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), Self::Error>;
}

/// Why a run stopped early.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RunError<E> {
    /// The sampler refused its input.
    Sampler(Error),
    /// The denoiser failed.
    Denoiser(E),
}

impl<E> From<Error> for RunError<E> {
    fn from(error: Error) -> Self {
        Self::Sampler(error)
    }
}

impl<E: core::fmt::Display> core::fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Sampler(error) => error.fmt(f),
            Self::Denoiser(error) => write!(f, "the denoiser failed: {error}"),
        }
    }
}

// Its text has that of the error within, so what lies behind it is what lies behind that.
impl<E: core::error::Error> core::error::Error for RunError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Sampler(error) => error.source(),
            Self::Denoiser(error) => error.source(),
        }
    }
}

/// One image being generated, in the caller's memory.
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Image<'a> {
    /// The noisy image x_t: D elements.
    pub x: &'a mut [f32],
    /// The network's output: D or 2·D elements.
    pub output: &'a mut [f32],
    /// Room for the noise of a step: D elements, or none where the method adds none.
    pub noise: &'a mut [f32],
    /// The numbers that a multistep method keeps between steps: D elements, or none where
    /// [`needs_history`](super::Method::needs_history) is false.
    pub history: &'a mut [f32],
}

/// The identity of one image being generated: everything random in it follows from the seed and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sample {
    /// The seed that all noise follows from.
    pub noise: Noise,
    /// The number of this image among those of the seed.
    pub number: u64,
    /// The class that the image is to belong to, where the network is conditioned on one.
    pub label: Option<u32>,
}

impl Sample {
    /// Fills x with x_T, from which a run begins.
    pub fn begin(&self, x: &mut [f32]) {
        self.noise
            .stream(self.number, Noise::INITIAL)
            .fill_normals(0, x);
    }

    /// Draws the image whole: [begins](Self::begin), and takes every step from the first on, wherever the sampler stands.
    /// The image is then its [`x`](Image::x).
    ///
    /// ```
    /// use iddpm::diffusion::exact::GaussianData;
    /// use iddpm::diffusion::{
    ///     Clip, Diffusion, Image, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps,
    /// };
    /// let model = Diffusion::new(Schedule::Cosine, 1000);
    /// let process = InlineProcess::<20>::new(&model, Timesteps::even(20))?;
    /// let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    /// let mut denoiser = GaussianData::new(process.view(), 0.5, 0.01)?;
    ///
    /// let (mut x, mut output, mut noise) = ([0.0; 64], [0.0; 128], [0.0; 64]);
    /// let mut image = Image { x: &mut x, output: &mut output, noise: &mut noise, history: &mut [] };
    /// let sample = Sample { noise: Noise::new(7), number: 0, label: None };
    /// sample.run(sampler, &mut denoiser, &mut image)?;
    /// assert!((x.iter().sum::<f32>() / 64.0 - 0.5).abs() < 0.05);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn run<D: Denoiser>(
        &self,
        sampler: Sampler<'_>,
        denoiser: &mut D,
        image: &mut Image<'_>,
    ) -> Result<(), RunError<D::Error>> {
        self.begin(image.x);
        let mut sampler = sampler.anew();
        while self.advance(&mut sampler, denoiser, image)? {}
        Ok(())
    }

    /// Evaluates the network once and applies the step; `false` where the run was over.
    ///
    /// ```
    /// use iddpm::diffusion::exact::GaussianData;
    /// use iddpm::diffusion::{
    ///     Clip, Diffusion, Image, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps,
    ///     Variance,
    /// };
    /// let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedSmall);
    /// let process = InlineProcess::<20>::new(&model, Timesteps::even(20))?;
    /// let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::None)?;
    /// let mut denoiser = GaussianData::new(process.view(), 0.5, 0.01)?;
    ///
    /// let sample = Sample { noise: Noise::new(7), number: 0, label: None };
    /// let (mut x, mut output, mut noise) = ([0.0; 64], [0.0; 64], [0.0; 64]);
    /// sample.begin(&mut x);
    /// let mut image = Image { x: &mut x, output: &mut output, noise: &mut noise, history: &mut [] };
    /// while sample.advance(&mut sampler, &mut denoiser, &mut image).unwrap() {}
    /// let mean = x.iter().sum::<f32>() / 64.0;
    /// assert!((mean - 0.5).abs() < 0.05);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// The denoiser's, and those of [`Step::apply`](super::Step::apply). The sampler is then
    /// still before this step; after [`Error::NotFinite`] x and the history are spent.
    pub fn advance<D: Denoiser>(
        &self,
        sampler: &mut Sampler<'_>,
        denoiser: &mut D,
        image: &mut Image<'_>,
    ) -> Result<bool, RunError<D::Error>> {
        let mut ahead = sampler.clone();
        let Some(step) = ahead.next() else {
            return Ok(false);
        };
        if step.kept().is_some() {
            return Err(Error::PictureMissing.into());
        }
        let query = Query {
            timestep: step.timestep(),
            index: step.index(),
            label: self.label,
        };
        denoiser
            .denoise(query, image.x, image.output)
            .map_err(RunError::Denoiser)?;
        if step.needs_noise() {
            self.noise
                .stream(self.number, step.position())
                .fill_normals(0, image.noise);
        }
        step.apply_with_history(image.x, image.output, image.noise, image.history)?;
        *sampler = ahead;
        Ok(true)
    }
}
