//! Data laws whose optimal denoiser is known in closed form: the truth that samplers and
//! likelihoods are measured against, and something to sample where there is no network.

use super::denoiser::{Denoiser, Query};
use super::error::{Error, Slice};
use super::linear::{Linear, check_finite, check_length};
use super::math::{exp, ln};
use super::posterior::{Coefficients, LogVariance, Variance};
use super::process::ProcessView;
use crate::part::split_mut;

/// Data whose elements are each independently normal: N(mean, variance).
///
/// E[x_0 | x_t] = μ + √ᾱ s²/(ᾱ s² + 1 - ᾱ) · (x_t - √ᾱ μ). Learned variance channels are filled
/// with the exact one, β̃ + c1² Var[x_0 | x_t], so that ancestral sampling has no error at all.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GaussianData<'a> {
    process: ProcessView<'a>,
    mean: f64,
    variance: f64,
}

impl<'a> GaussianData<'a> {
    /// Builds the law N(mean, variance), to be denoised at the steps of `process`.
    ///
    /// # Errors
    /// [`Error::Variance`] where it is negative or not finite in f32, [`Error::NotFinite`] where the
    /// mean is not.
    pub fn new(process: ProcessView<'a>, mean: f64, variance: f64) -> Result<Self, Error> {
        if !(variance >= 0.0 && (variance as f32).is_finite()) {
            return Err(Error::Variance { value: variance });
        }
        check_finite(Slice::XStart, &[mean as f32], &[])?;
        Ok(Self {
            process,
            mean,
            variance,
        })
    }

    /// Returns the law of x_0 given x_t at a level 0 ≤ ᾱ < 1: E[x_0 | x_t] as slope and offset, and Var[x_0
    /// | x_t].
    pub fn posterior(&self, alpha_bar: f64) -> GaussianPosterior {
        let total = alpha_bar * self.variance + 1.0 - alpha_bar;
        let root = super::math::sqrt(alpha_bar);
        let slope = root * self.variance / total;
        GaussianPosterior {
            slope,
            offset: self.mean * (1.0 - slope * root),
            variance: self.variance * (1.0 - alpha_bar) / total,
        }
    }
}

/// The law of x_0 given x_t: N(slope·x_t + offset, variance).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GaussianPosterior {
    /// The slope by which the mean of x_0 depends on x_t.
    pub slope: f64,
    /// The mean of x_0 at x_t = 0.
    pub offset: f64,
    /// The variance of x_0.
    pub variance: f64,
}

impl Denoiser for GaussianData<'_> {
    type Error = Error;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), Error> {
        let step = self.process.coefficients(query.index)?;
        let (prediction, channels) = split_output(self.process, x, output)?;
        let posterior = self.posterior(step.alpha_bar);
        let map = self.process.prediction().from_x_start(&step);
        let slope = map.at(1.0, posterior.slope) as f32;
        let offset = (map.value * posterior.offset) as f32;
        for (prediction, &x) in prediction.iter_mut().zip(x) {
            *prediction = slope * x + offset;
        }
        channels.fill(channel_for(
            self.process.variance(),
            &step,
            posterior.variance,
        ));
        check_finite(Slice::Output, prediction, &[(Slice::X, x)])
    }
}

/// N images, each as likely: the data law of a training set learned by heart.
///
/// E[x_0 | x_t] = Σ w_i x_i with w_i ∝ exp(-‖x_t - √ᾱ x_i‖²/(2(1-ᾱ))). The entropy, log2(N)/D
/// bits/dim, is the floor under any bound on the likelihood, in the mean over images and noise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ListedImages<'a> {
    process: ProcessView<'a>,
    images: &'a [f32],
    elements: usize,
}

impl<'a> ListedImages<'a> {
    /// Builds the uniform law over `images`, one after the other, each of `elements`.
    ///
    /// # Errors
    /// [`Error::NoImages`]; [`Error::Length`] where they are not whole images; [`Error::NotFinite`]
    /// where a value is not, or its square overflows f32 when summed over the images.
    pub fn new(
        process: ProcessView<'a>,
        images: &'a [f32],
        elements: usize,
    ) -> Result<Self, Error> {
        if elements == 0 || images.is_empty() {
            return Err(Error::NoImages);
        }
        let whole = images.len().next_multiple_of(elements);
        check_length(Slice::Images, images.len(), whole)?;
        let count = (images.len() / elements) as f32;
        let too_large = |value: &f32| !(value * value * count).is_finite();
        if let Some(index) = images.iter().position(too_large) {
            return Err(Error::NotFinite {
                slice: Slice::Images,
                index,
            });
        }
        Ok(Self {
            process,
            images,
            elements,
        })
    }

    /// The number of images N.
    pub const fn count(&self) -> usize {
        self.images.len() / self.elements
    }

    /// The entropy of the law in bits/dim, log2(N)/D: no bound on the likelihood of these images can be
    /// below it.
    pub fn entropy_bits_per_dim(&self) -> f64 {
        ln(self.count() as f64) / core::f64::consts::LN_2 / self.elements as f64
    }

    /// Returns the index of the image nearest to `x`, by squared distance.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`].
    pub fn nearest(&self, x: &[f32]) -> Result<usize, Error> {
        check_length(Slice::X, x.len(), self.elements)?;
        check_finite(Slice::X, x, &[])?;
        let mut nearest = (0, f64::INFINITY);
        for (index, image) in self.images.chunks(self.elements).enumerate() {
            let distance = squared_distance(x, image, 1.0);
            if distance < nearest.1 {
                nearest = (index, distance);
            }
        }
        Ok(nearest.0)
    }
}

fn squared_distance(x: &[f32], image: &[f32], scale: f64) -> f64 {
    let difference = |(x, image): (&f32, &f32)| f64::from(*x) - scale * f64::from(*image);
    x.iter().zip(image).map(difference).map(|d| d * d).sum()
}

impl Denoiser for ListedImages<'_> {
    type Error = Error;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), Error> {
        let step = self.process.coefficients(query.index)?;
        check_length(Slice::X, x.len(), self.elements)?;
        let (prediction, channels) = split_output(self.process, x, output)?;
        // One value of x that is not finite leaves no weight to any image.
        check_finite(Slice::X, x, &[])?;
        // A softmax over the images in one walk: what was summed is scaled down whenever a
        // likelier image turns up.
        prediction.fill(0.0);
        channels.fill(0.0);
        let (mut best, mut total) = (f64::NEG_INFINITY, 0.0);
        for image in self.images.chunks(self.elements) {
            let distance = squared_distance(x, image, step.sqrt_alpha_bar);
            let log_weight = -distance / (2.0 * (1.0 - step.alpha_bar));
            let rescale = if log_weight > best {
                exp(best - log_weight)
            } else {
                1.0
            };
            best = best.max(log_weight);
            let weight = exp(log_weight - best);
            total = total * rescale + weight;
            let (rescale, weight) = (rescale as f32, weight as f32);
            for (sum, &value) in prediction.iter_mut().zip(image) {
                *sum = *sum * rescale + weight * value;
            }
            for (sum, &value) in channels.iter_mut().zip(image) {
                *sum = *sum * rescale + weight * value * value;
            }
        }
        let map = self.process.prediction().from_x_start(&step);
        let share = (1.0 / total) as f32;
        for (channel, &sum) in channels.iter_mut().zip(prediction.iter()) {
            let mean = f64::from(sum * share);
            let variance = (f64::from(*channel * share) - mean * mean).max(0.0);
            *channel = channel_for(self.process.variance(), &step, variance);
        }
        for (prediction, &x) in prediction.iter_mut().zip(x) {
            *prediction = map.at(f64::from(x), f64::from(*prediction * share)) as f32;
        }
        check_finite(Slice::Output, prediction, &[])
    }
}

/// The output as prediction and variance channels, its length checked.
fn split_output<'o>(
    process: ProcessView<'_>,
    x: &[f32],
    output: &'o mut [f32],
) -> Result<(&'o mut [f32], &'o mut [f32]), Error> {
    let expected = process.prediction_len(x.len());
    check_length(Slice::Output, output.len(), expected)?;
    Ok(split_mut(output, x.len()))
}

/// The variance channel that gives the exact Var[x_{t-1} | x_t] = β̃ + c1² Var[x_0 | x_t].
fn channel_for(variance: Variance, step: &Coefficients, of_x_start: f64) -> f32 {
    let Linear { value: c1, .. } = step.posterior_mean();
    // No variance has no logarithm; what is below this is below f32's smallest normal number.
    let exact = (step.posterior_variance + c1 * c1 * of_x_start).max(1e-38);
    let channel = match variance.at(step) {
        LogVariance::Fixed(_) => 0.0,
        LogVariance::Learned => ln(exact),
        // The range of a process of one step has no lower end, and no step of it looks there.
        LogVariance::LearnedRange { min, max } if max > min && min.is_finite() => {
            2.0 * (ln(exact) - min) / (max - min) - 1.0
        }
        LogVariance::LearnedRange { .. } => 0.0,
    };
    channel as f32
}
