//! What a classifier makes of images.

use std::vec;
use std::vec::Vec;

use super::error::EvaluateError;
use super::estimate::Estimate;
use super::features::{Features, of_some};
use crate::run::Mean;

/// How far probabilities may be from 1 in all: those of f16, of a thousand classes.
const ROUNDED: f64 = 1e-2;

/// What a classifier made of a set of images: the probability of each class, and features.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub(super) classes: usize,
    pub(super) probabilities: Vec<f32>,
    pub(super) features: Features,
}

impl Judged {
    /// Takes what another network made of images: the probability of each class for each, [N, classes], and features.
    ///
    /// ```
    /// use iddpm::evaluate::{Features, Judged};
    /// let features = Features::new(1, vec![0.5, 0.25])?.with_labels(vec![0, 0])?;
    /// let judged = Judged::new(2, vec![0.75, 0.25, 0.5, 0.5], features)?;
    /// assert_eq!(judged.likeliest().collect::<Vec<_>>(), [0, 0]);
    /// assert_eq!(judged.accuracy().map(|share| share.mean), Some(1.0));
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`EvaluateError::Classes`] for none; [`EvaluateError::Length`]; [`EvaluateError::Probability`],
    /// [`EvaluateError::Sum`].
    pub fn new(
        classes: usize,
        probabilities: Vec<f32>,
        features: Features,
    ) -> Result<Self, EvaluateError> {
        if classes == 0 {
            return Err(EvaluateError::Classes { found: classes });
        }
        if Some(probabilities.len()) != features.count().checked_mul(classes) {
            let (len, each) = (probabilities.len(), classes);
            return Err(EvaluateError::Length { len, each });
        }
        let mut all = probabilities.iter().enumerate();
        if let Some((at, &value)) = all.find(|(_, p)| !(0.0..=1.0).contains(*p)) {
            let (image, class) = (at / classes, at % classes);
            return Err(EvaluateError::Probability {
                image,
                class,
                value,
            });
        }
        for (image, row) in probabilities.chunks_exact(classes).enumerate() {
            let sum: f64 = row.iter().map(|&p| f64::from(p)).sum();
            if (sum - 1.0).abs() > ROUNDED {
                return Err(EvaluateError::Sum { image, sum });
            }
        }
        Ok(Self {
            classes,
            probabilities,
            features,
        })
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        self.features.count()
    }

    /// The number of classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// The probability of each class for each image, [N, classes].
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// The features of the images, and their classes where these are known.
    pub const fn features(&self) -> &Features {
        &self.features
    }

    /// The likeliest class of each image; of several that are as likely, the first.
    pub fn likeliest(&self) -> impl Iterator<Item = u32> + Clone {
        self.probabilities.chunks_exact(self.classes).map(|image| {
            let mut best = (0, f32::NEG_INFINITY);
            for (class, &probability) in (0..).zip(image) {
                if probability > best.1 {
                    best = (class, probability);
                }
            }
            best.0
        })
    }

    /// The share of the images whose likeliest class is the one that they are to be of, with its standard error; none
    /// where it is not known which that is.
    pub fn accuracy(&self) -> Option<Mean> {
        let pairs = self.likeliest().zip(self.features.labels()?);
        let hits = pairs.map(|(found, &due)| f64::from(u8::from(found == due)));
        Some(Mean::of(hits))
    }

    /// The inception score (Salimans et al. 2016), by this network: exp(E KL(p(y|x) ‖ p(y))) with p(y) the mean over the
    /// images. It goes from 1, where all look alike, to the number of classes, where each is surely of one and all are as
    /// frequent. Resamples are drawn as for
    /// [`frechet`](super::frechet()).
    ///
    /// # Errors
    /// [`EvaluateError::TooFew`] of no images; [`EvaluateError::TooFewResamples`].
    pub fn inception_score(&self, resamples: usize, seed: u64) -> Result<Estimate, EvaluateError> {
        if self.count() == 0 {
            return Err(EvaluateError::TooFew { count: 0, least: 1 });
        }
        Estimate::of([&self.features], resamples, seed, |[times]| {
            let all: f64 = times.iter().map(|&times| times as f64).sum();
            let mut mean = vec![0.0; self.classes];
            // Σ p ln p of the images.
            let mut sure = 0.0;
            let images = self.probabilities.chunks_exact(self.classes);
            for (image, &times) in images.zip(times) {
                let weight = times as f64 / all;
                for (mean, &p) in mean.iter_mut().zip(image) {
                    let p = f64::from(p);
                    *mean += weight * p;
                    sure += weight * p_ln_p(p);
                }
            }
            let mixed: f64 = mean.into_iter().map(p_ln_p).sum();
            Ok((sure - mixed).exp())
        })
    }

    /// Returns what was made of some of the images, by their places; of a place that there is not there is nothing.
    #[must_use]
    pub fn of_some(&self, places: impl IntoIterator<Item = usize> + Clone) -> Self {
        Self {
            classes: self.classes,
            probabilities: of_some(&self.probabilities, self.classes, places.clone()),
            features: self.features.of_some(places),
        }
    }
}

/// p ln p, which is 0 of a p of 0.
fn p_ln_p(p: f64) -> f64 {
    if p > 0.0 { p * p.ln() } else { 0.0 }
}
