//! What was found of sets, as it is kept.

use iddpm::evaluate::Estimate;
use iddpm::run::Mean;
use serde::{Deserialize, Serialize};

use super::basis::Basis;

/// All that is found.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    /// Whose features the numbers are of.
    pub(crate) features: String,
    /// Images that the classifier was trained on, where there is one.
    pub(crate) trained: Option<usize>,
    /// Images that all but the nearest are compared with.
    pub(crate) reference: usize,
    /// The classifier's on all images that it was not trained on.
    pub(crate) held_out_accuracy: Option<Number>,
    /// Real images, then each set of samples.
    pub(crate) sets: Vec<Set>,
}

impl Report {
    /// What was found by a basis.
    pub(crate) fn new(basis: &Basis, sets: Vec<Set>) -> Self {
        Self {
            features: basis.features.clone(),
            trained: basis.trained,
            reference: basis.reference.count(),
            held_out_accuracy: basis.accuracy.map(Into::into),
            sets,
        }
    }
}

/// What is found of a set of images.
#[derive(Serialize, Deserialize)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) images: usize,
    /// The share that is of its class, where it is known which that is.
    pub(crate) accuracy: Option<Number>,
    pub(crate) frechet: Number,
    /// The distance of other real images, where there are any: of as many, or of all where there are fewer.
    pub(crate) frechet_of_real: Option<Number>,
    pub(crate) kernel: Number,
    /// Of 3 neighbours.
    pub(crate) precision: Number,
    pub(crate) recall: Number,
    /// Of 5 neighbours.
    pub(crate) density: Number,
    pub(crate) coverage: Number,
    /// By the classifier, or the network in its place: from 1 to the number of its classes.
    pub(crate) inception_score: Number,
    pub(crate) nearest: Near,
}

/// How near images are to the nearest real one, and real ones to the nearest other, in the root of the mean squared
/// difference of pixels in [-1, 1].
#[derive(Serialize, Deserialize)]
pub(crate) struct Near {
    pub(crate) median: f64,
    pub(crate) least: f64,
}

/// A number and its standard error.
#[derive(Serialize, Deserialize)]
pub(crate) struct Number {
    value: f64,
    error: f64,
}

impl From<Mean> for Number {
    fn from(mean: Mean) -> Self {
        let (value, error) = (mean.mean, mean.error);
        Self { value, error }
    }
}

impl From<Estimate> for Number {
    fn from(estimate: Estimate) -> Self {
        let (value, error) = (estimate.value, estimate.error);
        Self { value, error }
    }
}

impl Number {
    pub(crate) fn text(&self) -> String {
        format!("{:.4} ± {:.4}", self.value, self.error)
    }
}
