//! What sets are compared with: real images that a classifier was not trained on, as it judges them.

use std::path::Path;
use std::sync::Arc;

use iddpm::data::{Dataset, Part, Split};
use iddpm::evaluate::{Classifier, ClassifierConfig, Judged};
use iddpm::run::{Mean, Threads};

use crate::bar::bar;
use crate::program::Failure;

/// The share of the real images that a classifier is not trained on, where none is given.
pub(crate) const HELD_OUT: f64 = 0.5;
/// Resamples of an error, where none are given.
pub(crate) const RESAMPLES: usize = 30;

/// What sets are compared with.
pub(crate) struct Basis {
    /// Whose features, in words.
    pub(crate) features: String,
    /// Real images that the judge was trained on, where it was.
    pub(crate) trained: Option<usize>,
    /// The share that it tells of those that it was not trained on, where they have classes.
    pub(crate) accuracy: Option<Mean>,
    pub(crate) reference: Judged,
    /// Real images that are neither in the reference nor trained on, where there are any.
    pub(crate) others: Option<Judged>,
}

impl Basis {
    /// Of a classifier that was trained so on the data of a path, and its real images in two; of those that are held out one
    /// half is the reference.
    pub(crate) fn of_classifier(
        classifier: &mut Classifier,
        config: &ClassifierConfig,
        data: &Path,
        real: &Split,
    ) -> Result<Self, Failure> {
        let features = format!(
            "features of classifier {:016x}, trained on {}, {} steps, seed {}",
            classifier.fingerprint(),
            data.display(),
            config.steps,
            config.seed
        );
        let held_out = classifier.judge_data(&real.held_out)?;
        // Every other one, in the order of the data: as many of each class.
        let half = |first: usize| held_out.of_some((first..held_out.count()).step_by(2));
        Ok(Self {
            features,
            trained: Some(real.trained.len()),
            accuracy: held_out.accuracy(),
            reference: half(0),
            others: Some(half(1)),
        })
    }
}

/// Trains a classifier, under a bar.
pub(crate) fn train(
    data: &Part,
    config: &ClassifierConfig,
    threads: Threads,
) -> Result<Classifier, Failure> {
    let bar = bar(config.steps, "steps of the classifier");
    let data: Arc<dyn Dataset> = data.clone().into();
    let classifier = Classifier::train(data, config, threads, &mut |step, loss| {
        bar.set_message(format!(", loss {loss:.3}"));
        bar.set_position(step);
    });
    bar.finish_and_clear();
    Ok(classifier?)
}
