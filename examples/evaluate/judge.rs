//! Whose features numbers are of: a classifier that is trained on a part of the real images, or the Inception network of
//! a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use iddpm::Error;
use iddpm::data::{Broken, Dataset, Split};
use iddpm::evaluate::{Classifier, ClassifierConfig, EvaluateError, Inception, Judged};
use iddpm::run::Threads;

use super::bar::bar;
use super::judging::{self, Basis, HELD_OUT, enough};
use super::options::Options;
use super::program::Failure;

/// What judges sets.
pub(crate) enum Judge {
    Trained(Box<Classifier>),
    /// Of a file.
    Given(Box<Inception>, PathBuf),
}

impl Judge {
    /// The one that is asked for, and what it compares with of the real images.
    pub(crate) fn of(
        options: &Options,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<(Self, Basis), Failure> {
        match &options.inception {
            Some(file) => Self::given(options, file, real, threads),
            None => Self::trained(options, real, threads),
        }
    }

    /// A part of the real images trains it; of the others one half is the reference.
    fn trained(
        options: &Options,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<(Self, Basis), Failure> {
        let real = split(real, options.held_out.unwrap_or(HELD_OUT))?;
        enough("real, held out", real.held_out.len() / 2)?;
        let config = ClassifierConfig {
            steps: options.steps,
            seed: options.seed.number,
            ..ClassifierConfig::default()
        };
        let classifier = judging::train(&real.trained, &config, threads);
        let mut classifier =
            classifier.map_err(|error| format!("--real {}: {error}", options.real.display()))?;
        let basis = Basis::of_classifier(&mut classifier, &config, &options.real, &real)?;
        Ok((Self::Trained(classifier.into()), basis))
    }

    /// All real images are the reference, but for those that are held out.
    fn given(
        options: &Options,
        file: &Path,
        real: Arc<dyn Dataset>,
        threads: Threads,
    ) -> Result<(Self, Basis), Failure> {
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
        let mut judge = Self::Given(inception.into(), file.into());
        let basis = Basis {
            features,
            trained: None,
            accuracy: None,
            reference: judge.judge(reference.as_ref())?,
            others: others
                .map(|others| judge.judge(others.as_ref()))
                .transpose()?,
        };
        Ok((judge, basis))
    }

    /// Judges a set.
    pub(crate) fn judge(&mut self, data: &dyn Dataset) -> Result<Judged, Failure> {
        match self {
            Self::Trained(classifier) => Ok(classifier.judge_data(data)?),
            Self::Given(inception, file) => {
                let bar = bar(data.len() as u64, "images judged");
                let judged = inception.judge_data(data, &mut |done| bar.set_position(done as u64));
                bar.finish_and_clear();
                judged.map_err(|error| match error {
                    Error::Evaluate(error @ EvaluateError::NotFinite { .. }) => {
                        format!("--inception {}: {error}", file.display()).into()
                    }
                    error => error.into(),
                })
            }
        }
    }
}

fn split(real: Arc<dyn Dataset>, share: f64) -> Result<Split, Failure> {
    let split = Split::of(real, share, Broken::Fatal);
    split.map_err(|error| format!("--held-out {share}: {error}").into())
}
