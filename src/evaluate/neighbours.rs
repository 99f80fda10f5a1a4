//! What is near in the space of features: precision and recall (Kynkäänniemi et al. 2019), density and coverage
//! (Naeem et al. 2020), the nearest image of a set.

use std::vec::Vec;

use super::distances::{Row, of_each};
use super::error::EvaluateError;
use super::features::{Features, comparable};
use crate::part::item;
use crate::run::Mean;

/// How much of the samples is among the real images, and how much of these among the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PrecisionRecall {
    /// The share of the samples that are no farther from some real image than its k-th nearest real one.
    pub precision: Mean,
    /// The share of the real images that are no farther from some sample than its k-th nearest sample.
    pub recall: Mean,
}

/// How densely samples lie among the real images, and how many of these have one near.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DensityCoverage {
    /// The number of real images that a sample is no farther from than their k-th nearest real one, in k; 1 on average
    /// for samples of the same law.
    pub density: Mean,
    /// The share of the real images from which some sample is no farther than the k-th nearest real one.
    pub coverage: Mean,
}

/// Computes precision and recall of samples by the k nearest neighbours, of which the literature takes 3.
///
/// ```
/// use iddpm::evaluate::{Features, precision_recall};
/// let real = Features::new(1, vec![0.0, 1.0, 10.0, 11.0])?;
/// let drawn = Features::new(1, vec![0.5, 0.25, 100.0])?;
/// let found = precision_recall(&real, &drawn, 1)?;
/// assert_eq!(found.precision.mean, 2.0 / 3.0);
/// // A sample that is alone reaches far.
/// assert_eq!(found.recall.mean, 1.0);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Networks`], [`EvaluateError::Widths`], [`EvaluateError::NoNeighbours`];
/// [`EvaluateError::TooFew`] for a set of k images or fewer.
pub fn precision_recall(
    reference: &Features,
    samples: &Features,
    neighbours: usize,
) -> Result<PrecisionRecall, EvaluateError> {
    comparable(reference, samples)?;
    let (real, drawn) = (radii(reference, neighbours)?, radii(samples, neighbours)?);
    let share = |of: &Features, around: &Features, radii: &[f64]| {
        let within: Vec<f64> = counts_within(of, around, radii);
        Mean::of(within.iter().map(|&count| count.min(1.0)))
    };
    Ok(PrecisionRecall {
        precision: share(samples, reference, &real),
        recall: share(reference, samples, &drawn),
    })
}

/// Computes density and coverage of samples by the k nearest neighbours, of which the literature takes 5.
///
/// An outlier among the samples makes neither larger, as it may recall.
///
/// ```
/// use iddpm::evaluate::{Features, density_coverage};
/// let real = Features::new(1, vec![0.0, 1.0, 10.0, 11.0])?;
/// let drawn = Features::new(1, vec![0.5, 0.25, 100.0])?;
/// let found = density_coverage(&real, &drawn, 1)?;
/// // Two are near two real ones each.
/// assert_eq!(found.density.mean, 4.0 / 3.0);
/// assert_eq!(found.coverage.mean, 0.5);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Networks`], [`EvaluateError::Widths`], [`EvaluateError::NoNeighbours`];
/// [`EvaluateError::TooFew`] for k real images or fewer, or
/// no samples.
pub fn density_coverage(
    reference: &Features,
    samples: &Features,
    neighbours: usize,
) -> Result<DensityCoverage, EvaluateError> {
    comparable(reference, samples)?;
    let radii = radii(reference, neighbours)?;
    let nearest = nearest(reference, samples)?;
    let counts = counts_within(samples, reference, &radii);
    let covered = nearest.iter().zip(&radii);
    let covered = covered.map(|(nearest, &radius)| f64::from(u8::from(nearest.squared <= radius)));
    Ok(DensityCoverage {
        density: Mean::of(counts.iter().map(|count| count / neighbours as f64)),
        coverage: Mean::of(covered),
    })
}

/// The image of a set that is the nearest to another image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// The place of the image in its set; of several that are as near, the first.
    pub place: usize,
    /// The squared distance of the features.
    pub(super) squared: f64,
    pub(super) width: usize,
}

impl Nearest {
    /// The distance of the features.
    pub fn distance(&self) -> f64 {
        self.squared.sqrt()
    }

    /// The root of the mean squared difference of a feature: of pixels, how far one is from the other's on average.
    pub fn rms(&self) -> f64 {
        (self.squared / self.width as f64).sqrt()
    }
}

/// Finds the nearest image of another set for each image. Of samples and the pixels of what the network was trained on
/// it tells what was learnt by heart: compare with how near those are to each other, [`nearest_within`].
///
/// ```
/// use iddpm::evaluate::{Features, nearest};
/// let trained = Features::new(2, vec![0.0, 0.0, 3.0, 4.0])?;
/// let drawn = Features::new(2, vec![3.0, 5.0, 0.0, 0.0])?;
/// let found = nearest(&drawn, &trained)?;
/// assert_eq!((found[0].place, found[0].distance()), (1, 1.0));
/// assert_eq!((found[1].place, found[1].distance()), (0, 0.0));
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Networks`], [`EvaluateError::Widths`]; [`EvaluateError::TooFew`] where the other set has none.
pub fn nearest(images: &Features, among: &Features) -> Result<Vec<Nearest>, EvaluateError> {
    comparable(images, among)?;
    if among.count() == 0 {
        return Err(EvaluateError::TooFew { count: 0, least: 1 });
    }
    Ok(of_each(images, among, |_, row| nearest_of(row, None)))
}

/// Finds the nearest other image of the same set for some of its images, by their places.
///
/// ```
/// use iddpm::evaluate::{Features, nearest_within};
/// let set = Features::new(1, vec![0.0, 5.0, 6.0])?;
/// let found = nearest_within(&set, 1..3)?;
/// assert_eq!((found[0].place, found[1].place), (2, 1));
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::TooFew`] of fewer than two.
pub fn nearest_within(
    set: &Features,
    places: impl IntoIterator<Item = usize>,
) -> Result<Vec<Nearest>, EvaluateError> {
    let count = set.count();
    if count < 2 {
        return Err(EvaluateError::TooFew { count, least: 2 });
    }
    let places: Vec<usize> = places.into_iter().filter(|&place| place < count).collect();
    let some = set.of_some(places.iter().copied());
    Ok(of_each(&some, set, |at, row| {
        nearest_of(row, Some(item(&places, at)))
    }))
}

/// The nearest of a set, but for the one at a place.
fn nearest_of(row: &Row<'_>, own: Option<usize>) -> Nearest {
    let others = row.places().filter(|&place| Some(place) != own);
    let found = row.smallest(others, 1).into_iter().next();
    let (squared, place) = found.unwrap_or((f64::INFINITY, 0));
    Nearest {
        place,
        squared,
        width: row.width(),
    }
}

/// The squared distance of each image to its k-th nearest of the others of its set.
fn radii(features: &Features, neighbours: usize) -> Result<Vec<f64>, EvaluateError> {
    if neighbours == 0 {
        return Err(EvaluateError::NoNeighbours);
    }
    let (count, least) = (features.count(), neighbours.saturating_add(1));
    if count < least {
        return Err(EvaluateError::TooFew { count, least });
    }
    Ok(of_each(features, features, |image, row| {
        let others = row.places().filter(|&place| place != image);
        let nearest = row.smallest(others, neighbours);
        nearest
            .last()
            .map_or(f64::INFINITY, |&(squared, _)| squared)
    }))
}

/// For each image the number of those around whose radius it is within.
fn counts_within(images: &Features, around: &Features, radii: &[f64]) -> Vec<f64> {
    of_each(images, around, |_, row| {
        let near = row.places();
        let near = near.filter(|&place| row.is_within(place, item(radii, place)));
        near.count() as f64
    })
}
