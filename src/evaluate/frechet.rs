//! The Fréchet distance of two sets of features (Heusel et al. 2017).

use super::error::EvaluateError;
use super::estimate::Estimate;
use super::features::{Features, comparable};
use super::moments::Moments;

/// Computes the Fréchet distance of two sets of features: that of the normal laws with their means and covariances,
/// |μ - μ'|² + tr(Σ + Σ' - 2·(√Σ Σ' √Σ)^½).
///
/// The fewer images, the larger it is on average, whatever they are of: compare distances of as many images. The error
/// says how much other images of the same laws would change the distance, and nothing of that excess; where classes are
/// known, there would be as many of each, and of one image of a class it knows no other. It follows from the seed.
///
/// ```
/// use iddpm::evaluate::{Features, frechet};
/// let here = Features::new(1, vec![0.0, 1.0, 2.0, 3.0])?;
/// let there = Features::new(1, vec![5.0, 6.0, 7.0, 8.0])?;
/// assert!((frechet(&here, &there, 10, 0)?.value - 25.0).abs() < 1e-9);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Networks`], [`EvaluateError::Widths`], [`EvaluateError::TooFew`], [`EvaluateError::TooFewResamples`].
pub fn frechet(
    first: &Features,
    second: &Features,
    resamples: usize,
    seed: u64,
) -> Result<Estimate, EvaluateError> {
    comparable(first, second)?;
    Estimate::of([first, second], resamples, seed, |[here, there]| {
        Ok(Moments::of(first, here)?.frechet(&Moments::of(second, there)?))
    })
}
