//! A set of images beside real ones, number by number.

use iddpm::evaluate::{
    EvaluateError, Features, Judged, Nearest, density_coverage, frechet, kernel_distance,
    precision_recall,
};

use super::basis::Basis;
use super::report::{Near, Set};
use crate::program::Failure;

/// Neighbours of precision and recall, and of density and coverage, as the literature has them.
const PRECISION: usize = 3;
const DENSITY: usize = 5;

/// Refuses a set of fewer images than a neighbourhood is of, before anything is judged.
pub(crate) fn enough(name: &str, count: usize) -> Result<(), Failure> {
    let least = PRECISION.max(DENSITY) + 1;
    if count < least {
        let error = EvaluateError::TooFew { count, least };
        return Err(format!("{name}: {error}").into());
    }
    Ok(())
}

/// So many places of all, spread over them: as many of each class.
pub(crate) fn spread(all: usize, count: usize) -> impl Iterator<Item = usize> + Clone {
    (0..count).map(move |at| at * all / count)
}

/// How sets of images are compared.
pub(crate) struct Compare<'a> {
    pub(crate) basis: &'a Basis,
    /// How often sets are drawn from again for the error of a distance, and what these draws follow from.
    pub(crate) resamples: usize,
    pub(crate) seed: u64,
}

impl Compare<'_> {
    pub(crate) fn set(
        &self,
        name: String,
        judged: &Judged,
        near: &[Nearest],
    ) -> Result<Set, Failure> {
        let named = |error: EvaluateError| -> Failure { format!("{name}: {error}").into() };
        let found = self.compare(judged, near).map_err(named)?;
        Ok(Set { name, ..found })
    }

    fn compare(&self, judged: &Judged, near: &[Nearest]) -> Result<Set, EvaluateError> {
        let (reference, features) = (self.basis.reference.features(), judged.features());
        let (resamples, seed) = (self.resamples, self.seed);
        let distance = |features: &Features| frechet(reference, features, resamples, seed);
        let of_real = self.basis.others.as_ref().map(|others| {
            let count = judged.count().min(others.count());
            distance(others.of_some(spread(others.count(), count)).features())
        });
        let shares = precision_recall(reference, features, PRECISION)?;
        let dense = density_coverage(reference, features, DENSITY)?;
        let mut near: Vec<f64> = near.iter().map(Nearest::rms).collect();
        near.sort_by(f64::total_cmp);
        let near = |place: usize| near.get(place).copied().unwrap_or(f64::NAN);
        Ok(Set {
            name: String::new(),
            images: judged.count(),
            accuracy: judged.accuracy().map(Into::into),
            frechet: distance(features)?.into(),
            frechet_of_real: of_real.transpose()?.map(Into::into),
            kernel: kernel_distance(reference, features, resamples, seed)?.into(),
            precision: shares.precision.into(),
            recall: shares.recall.into(),
            density: dense.density.into(),
            coverage: dense.coverage.into(),
            inception_score: judged.inception_score(resamples, seed)?.into(),
            nearest: Near {
                median: near(judged.count() / 2),
                least: near(0),
            },
        })
    }
}
