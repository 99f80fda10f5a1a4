//! The variational bound in bits per dimension (paper §3.3, and Ho et al. 2020, §3).
//!
//! total = prior + Σ_k term_k, where term_k is a KL of Gaussians for k > 0 and the negative log
//! likelihood of a discretised Gaussian at k = 0. One noise draw per term; all in f64.

use super::error::{Error, Slice};
use super::linear::check_length;
use super::prediction::{Clip, Prediction};
use super::process::{Process, ProcessView};
use super::schedule::Level;

pub use super::bound::{
    approx_standard_normal_cdf, discretized_gaussian_log_likelihood, normal_kl,
};

/// The prior term of the bound in bits/dim, KL(q(x_{T-1} | x_0) ‖ N(0, 1)), averaged over the elements of
/// an image.
///
/// # Errors
/// [`Error::NotFinite`].
pub fn prior_bits_per_dim<S: AsRef<[Level]>>(
    process: &Process<S>,
    x_start: &[f32],
) -> Result<f64, Error> {
    let last = process.coefficients(process.len() - 1)?;
    let nats = |&x: &f32| {
        let mean = last.sqrt_alpha_bar * f64::from(x);
        normal_kl(mean, last.log_one_minus_alpha_bar, 0.0, 0.0)
    };
    let bits = mean(x_start.iter().map(nats)) / core::f64::consts::LN_2;
    finite(bits, &[(Slice::XStart, x_start)])
}

/// One term of the bound, and what the public implementation reports beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Term {
    /// The term of the bound in bits/dim.
    pub vb: f64,
    /// The mean of (x̂_0 - x_0)² over the elements, x̂_0 clipped.
    pub x_start_mse: f64,
    /// The mean of (ε̂ - ε)² over the elements, ε̂ derived from the clipped x̂_0.
    pub epsilon_mse: f64,
}

/// One image and the noise that made x_t of it.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Noised<'a> {
    /// The image x_0.
    pub x_start: &'a [f32],
    /// The noise ε.
    pub noise: &'a [f32],
    /// The noised image x_t = √ᾱ x_0 + √(1-ᾱ) ε, from
    /// [`Coefficients::diffuse`](super::Coefficients::diffuse).
    pub x_t: &'a [f32],
}

impl<'a> Noised<'a> {
    /// Where a value that is not finite may come from, the likeliest first.
    pub(crate) const fn causes(&self, output: &'a [f32]) -> [(Slice, &'a [f32]); 4] {
        [
            (Slice::Prediction, output),
            (Slice::X, self.x_t),
            (Slice::XStart, self.x_start),
            (Slice::Noise, self.noise),
        ]
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check_length(Slice::Noise, self.noise.len(), self.x_start.len())?;
        check_length(Slice::X, self.x_t.len(), self.x_start.len())
    }
}

/// Returns the term of the bound at step `index`: KL(q(x_{t-1}|x_t,x_0) ‖ p(x_{t-1}|x_t)), or at index 0
/// -log p(x_0|x_1) of the discretised Gaussian; mean over elements, in bits.
///
/// `output` is the network's for `image.x_t`.
///
/// # Errors
/// [`Error::Length`], [`Error::StepOutOfRange`], [`Error::SingleStep`]; [`Error::NotFinite`] where one
/// of the three numbers is not.
pub fn term<S: AsRef<[Level]>>(
    process: &Process<S>,
    index: usize,
    image: Noised<'_>,
    output: &[f32],
    clip: Clip,
) -> Result<Term, Error> {
    image.check()?;
    let law = process.reverse_law(index)?;
    let step = &law.coefficients;
    let posterior = step.posterior_mean();
    let to_epsilon = Prediction::Epsilon.from_x_start(step);
    let (mut nats, mut x_start_mse, mut epsilon_mse) = (0.0, 0.0, 0.0);
    let mut elements = image.x_start.iter().zip(image.noise).zip(image.x_t);
    law.for_each(image.x_t, output, clip, |_, model| {
        let element = elements.next();
        debug_assert!(
            element.is_some(),
            "`check` has found slices of other lengths"
        );
        let Some(((&x_start, &noise), &x_t)) = element else {
            return;
        };
        let (x_start, noise, x_t) = (f64::from(x_start), f64::from(noise), f64::from(x_t));
        nats += if index == 0 {
            -discretized_gaussian_log_likelihood(x_start, model.mean, 0.5 * model.log_variance)
        } else {
            normal_kl(
                posterior.at(x_t, x_start),
                step.posterior_log_variance_clipped,
                model.mean,
                model.log_variance,
            )
        };
        x_start_mse += square(model.x_start - x_start);
        epsilon_mse += square(to_epsilon.at(x_t, model.x_start) - noise);
    })?;
    let elements = image.x_start.len() as f64;
    let causes = image.causes(output);
    Ok(Term {
        vb: finite(nats / elements / core::f64::consts::LN_2, &causes)?,
        x_start_mse: finite(x_start_mse / elements, &causes)?,
        epsilon_mse: finite(epsilon_mse / elements, &causes)?,
    })
}

pub(crate) fn square(x: f64) -> f64 {
    x * x
}

pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let len = values.len() as f64;
    values.sum::<f64>() / len
}

/// `value`, or the error that names where one of its causes is not finite; the first of them where
/// all are, as finite values may overflow together.
pub(crate) fn finite(value: f64, causes: &[(Slice, &[f32])]) -> Result<f64, Error> {
    if value.is_finite() {
        return Ok(value);
    }
    let found = causes.iter().find_map(|&(slice, values)| {
        let index = values.iter().position(|value| !value.is_finite())?;
        Some((slice, index))
    });
    let first = causes.first().map_or(Slice::Output, |cause| cause.0);
    let (slice, index) = found.unwrap_or((first, 0));
    Err(Error::NotFinite { slice, index })
}

/// The bound of one image, accumulated from the last step down to index 0.
///
/// 1. [`due`](Self::due) says which step comes next; `None` where all were added.
/// 2. Make x_t by that step's [`diffuse`](super::Coefficients::diffuse), evaluate the network.
/// 3. [`add`](Self::add) the result.
///
/// It is plain data beside the borrowed process, and may be kept and continued later. For a strided
/// process use [`Timesteps::even_with_early`](super::Timesteps::even_with_early): without the early
/// steps the bound is loose.
///
/// ```
/// use iddpm::diffusion::exact::ListedImages;
/// use iddpm::diffusion::likelihood::{BitsPerDim, Noised};
/// use iddpm::diffusion::{
///     Clip, Denoiser, Diffusion, InlineProcess, Noise, Query, Schedule, Timesteps,
/// };
/// let model = Diffusion::new(Schedule::Cosine, 1000);
/// let process = InlineProcess::<1000>::new(&model, Timesteps::ALL)?;
/// let images = [-1.0, 1.0, 1.0, -1.0]; // two images of two elements: 0.5 bits/dim
/// let mut network = ListedImages::new(process.view(), &images, 2)?;
///
/// let x_start = &images[..2];
/// let mut bound = BitsPerDim::new(&process, Clip::Unit, x_start)?;
/// let (mut noise, mut x_t, mut output) = ([0.0; 2], [0.0; 2], [0.0; 4]);
/// while let Some(index) = bound.due() {
///     Noise::new(1).stream(0, index as u32).fill_normals(0, &mut noise);
///     process.coefficients(index)?.diffuse(x_start, &noise, &mut x_t)?;
///     let timestep = process.model_timestep(index)?;
///     network.denoise(Query { timestep, index, label: None }, &x_t, &mut output)?;
///     bound.add(index, Noised { x_start, noise: &noise, x_t: &x_t }, &output)?;
/// }
/// assert!((0.3..0.9).contains(&bound.total().unwrap()));
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BitsPerDim<'a> {
    process: ProcessView<'a>,
    clip: Clip,
    elements: usize,
    remaining: usize,
    sum: f64,
    prior: f64,
}

impl<'a> BitsPerDim<'a> {
    /// Begins the bound of the image `x_start`, whose values are 8-bit ones scaled to [-1, 1].
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::Threshold`], [`Error::SingleStep`].
    pub fn new<S: AsRef<[Level]>>(
        process: &'a Process<S>,
        clip: Clip,
        x_start: &[f32],
    ) -> Result<Self, Error> {
        clip.check()?;
        process.check_posterior()?;
        Ok(Self {
            process: process.view(),
            clip,
            elements: x_start.len(),
            remaining: process.len(),
            sum: 0.0,
            prior: prior_bits_per_dim(process, x_start)?,
        })
    }

    /// The index of the step whose term is due next; `None` once all were added.
    pub const fn due(&self) -> Option<usize> {
        self.remaining.checked_sub(1)
    }

    /// Adds the term of the step that is due.
    ///
    /// # Errors
    /// [`Error::TermsOutOfOrder`] where another step is given; [`Error::Length`] where another image
    /// is; those of [`term`].
    pub fn add(&mut self, index: usize, image: Noised<'_>, output: &[f32]) -> Result<Term, Error> {
        match self.due() {
            Some(due) if due == index => {}
            due => {
                return Err(Error::TermsOutOfOrder {
                    index,
                    // Once all are added, the last that was.
                    due: due.unwrap_or(0),
                });
            }
        }
        check_length(Slice::XStart, image.x_start.len(), self.elements)?;
        let term = term(&self.process, index, image, output, self.clip)?;
        self.sum = finite(self.sum + term.vb, &image.causes(output))?;
        self.remaining = index;
        Ok(term)
    }

    /// The prior term of the bound in bits/dim.
    pub const fn prior(&self) -> f64 {
        self.prior
    }

    /// The whole bound in bits/dim, prior + Σ terms; `None` while a term is missing.
    pub fn total(&self) -> Option<f64> {
        (self.remaining == 0).then_some(self.prior + self.sum)
    }
}
