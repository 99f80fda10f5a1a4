//! What a classifier makes of images.

use std::vec::Vec;

use super::features::{Features, of_some};
use crate::run::Mean;

/// What a classifier made of a set of images: the probability of each class, and features.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub(super) classes: usize,
    pub(super) probabilities: Vec<f32>,
    pub(super) features: Features,
}

impl Judged {
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
