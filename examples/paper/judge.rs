//! What judges samples of a set: a classifier of the images that networks are trained on, and those that are held out.

use std::cell::RefCell;
use std::sync::Arc;

use iddpm::data::Images;
use iddpm::evaluate::{Classifier, ClassifierConfig, Features, Judged, frechet, precision_recall};
use iddpm::run::Threads;
use serde::{Deserialize, Serialize};

use super::bar::bar;
use super::program::Failure;
use super::sets::Data;

/// Neighbours of precision and recall, as the literature has them.
const NEIGHBOURS: usize = 3;

/// What judges samples.
pub(crate) struct Judge {
    classifier: RefCell<Classifier>,
    reference: Features,
}

/// What samples came to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// The Fréchet distance from real images that are held out.
    pub(crate) frechet: f64,
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    /// The share of the samples that are of the class that was asked for.
    pub(crate) accuracy: f64,
}

impl Judge {
    /// Trains the classifier.
    pub(crate) fn new(data: &Data, steps: u64, threads: Threads) -> Result<Self, Failure> {
        let config = ClassifierConfig {
            steps,
            ..ClassifierConfig::default()
        };
        let bar = bar(steps, "classifier");
        let done = &mut |step, _| bar.set_position(step);
        let mut classifier = Classifier::train(Arc::clone(&data.trained), &config, threads, done)?;
        bar.finish_and_clear();
        let reference = classifier.judge_data(data.held_out.as_ref())?;
        Ok(Self {
            classifier: RefCell::new(classifier),
            reference: reference.features().clone(),
        })
    }

    /// Judges samples.
    pub(crate) fn shares(&self, samples: &Images) -> Result<Shares, Failure> {
        let judged: Judged = self.classifier.borrow_mut().judge_data(samples)?;
        let features = judged.features();
        let shares = precision_recall(&self.reference, features, NEIGHBOURS)?;
        // Errors are those between seeds: of resamples there are the fewest.
        let distance = frechet(&self.reference, features, 2, 0)?;
        Ok(Shares {
            frechet: distance.value,
            precision: shares.precision.mean,
            recall: shares.recall.mean,
            accuracy: judged.accuracy().map_or(f64::NAN, |share| share.mean),
        })
    }
}
