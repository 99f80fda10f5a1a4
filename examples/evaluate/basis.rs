//! Whose features numbers are of, and the real images that sets are compared with: a classifier that is trained on a part
//! of them, or the Inception network of a file.

use std::path::Path;
use std::sync::Arc;

use iddpm::data::{Broken, Dataset, Split};
use iddpm::evaluate::{Classifier, ClassifierConfig, Inception, Judged};
use iddpm::run::{Mean, Threads};

use super::bar::bar;
use super::compare::enough;
use super::options::Options;
use super::program::Failure;

/// The share of the real images that a classifier is not trained on, where none is given.
const HELD_OUT: f64 = 0.5;

/// What judges sets, and what they are compared with.
pub(crate) struct Basis {
    judge: Judge,
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

enum Judge {
    Trained(Box<Classifier>),
    Given(Inception),
}

impl Basis {
    pub(crate) fn of(
        options: &Options,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<Self, Failure> {
        match &options.inception {
            Some(file) => Self::of_inception(options, file, real, threads),
            None => Self::of_classifier(options, real, threads),
        }
    }

    /// A part of the real images trains it; of the others one half is the reference.
    fn of_classifier(
        options: &Options,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<Self, Failure> {
        let Split {
            trained, held_out, ..
        } = split(real, options.held_out.unwrap_or(HELD_OUT))?;
        enough("real, held out", held_out.len() / 2)?;
        let count = trained.len();
        let mut classifier = train(options, trained.into(), threads)?;
        let held_out = classifier.judge_data(&held_out)?;
        // Every other one, in the order of the data: as many of each class.
        let half = |first: usize| held_out.of_some((first..held_out.count()).step_by(2));
        Ok(Self {
            features: format!(
                "features of classifier {:016x}, trained on {}, {} steps, seed {}",
                classifier.fingerprint(),
                options.real.display(),
                options.steps,
                options.seed
            ),
            trained: Some(count),
            accuracy: held_out.accuracy(),
            reference: half(0),
            others: Some(half(1)),
            judge: Judge::Trained(classifier.into()),
        })
    }

    /// All real images are the reference, but for those that are held out.
    fn of_inception(
        options: &Options,
        file: &Path,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<Self, Failure> {
        let inception = Inception::open(file, threads).map_err(|error| {
            format!("--inception {error}; --help says where such a file comes from")
        })?;
        let (reference, others): (Arc<dyn Dataset>, Option<Arc<dyn Dataset>>) =
            match options.held_out {
                None => (real, None),
                Some(share) => {
                    let split = split(real, share)?;
                    enough("real, held out", split.held_out.len())?;
                    (split.trained.into(), Some(split.held_out.into()))
                }
            };
        enough("real", reference.len())?;
        let features = format!(
            "features of Inception-v3 {:016x}, {}",
            inception.fingerprint(),
            file.display()
        );
        let mut judge = Judge::Given(inception);
        Ok(Self {
            features,
            trained: None,
            accuracy: None,
            reference: judge.judge(reference.as_ref())?,
            others: match others {
                Some(others) => Some(judge.judge(others.as_ref())?),
                None => None,
            },
            judge,
        })
    }

    /// Judges a set.
    pub(crate) fn judge(&mut self, data: &dyn Dataset) -> Result<Judged, Failure> {
        self.judge.judge(data)
    }
}

impl Judge {
    fn judge(&mut self, data: &dyn Dataset) -> Result<Judged, Failure> {
        match self {
            Self::Trained(classifier) => Ok(classifier.judge_data(data)?),
            Self::Given(inception) => {
                let bar = bar(data.len() as u64, "images judged");
                let judged = inception.judge_data(data, &mut |done| bar.set_position(done as u64));
                bar.finish_and_clear();
                Ok(judged?)
            }
        }
    }
}

fn split(real: Arc<dyn Dataset>, share: f64) -> Result<Split, Failure> {
    let split = Split::of(real, share, Broken::Fatal);
    split.map_err(|error| format!("--held-out {share}: {error}").into())
}

/// The classifier, trained under a bar.
fn train(
    options: &Options,
    data: Arc<dyn Dataset>,
    threads: Threads,
) -> Result<Classifier, Failure> {
    let config = ClassifierConfig {
        steps: options.steps,
        seed: options.seed.number,
        ..ClassifierConfig::default()
    };
    let bar = bar(config.steps, "steps of the classifier");
    let classifier = Classifier::train(data, &config, threads, &mut |step, loss| {
        bar.set_message(format!(", loss {loss:.3}"));
        bar.set_position(step);
    });
    bar.finish_and_clear();
    classifier.map_err(|error| format!("--real {}: {error}", options.real.display()).into())
}
