//! The Fréchet distance of two sets of features (Heusel et al. 2017), with its standard error.

use core::fmt;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use rayon::prelude::*;

use super::error::EvaluateError;
use super::features::Features;
use super::moments::Moments;
use crate::diffusion::Noise;
use crate::part::{item, put};
use crate::run::Mean;

/// The least number of resamples that an error is of.
const LEAST: usize = 2;

/// A Fréchet distance and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Frechet {
    /// The distance.
    pub distance: f64,
    /// The standard error of the distance: its deviation over resamples of both sets (the bootstrap).
    pub error: f64,
}

impl fmt::Display for Frechet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.distance, self.error)
    }
}

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
/// assert!((frechet(&here, &there, 10, 0)?.distance - 25.0).abs() < 1e-9);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Widths`], [`EvaluateError::TooFew`], [`EvaluateError::TooFewResamples`].
pub fn frechet(
    first: &Features,
    second: &Features,
    resamples: usize,
    seed: u64,
) -> Result<Frechet, EvaluateError> {
    if first.width() != second.width() {
        let (first, second) = (first.width(), second.width());
        return Err(EvaluateError::Widths { first, second });
    }
    if resamples < LEAST {
        let (count, least) = (resamples, LEAST);
        return Err(EvaluateError::TooFewResamples { count, least });
    }
    let once = |features: &Features| Moments::of(features, &vec![1; features.count()]);
    let distance = once(first)?.frechet(&once(second)?);
    let again = |resample: usize| {
        let drawn = |features: &Features, set| {
            let stream = Noise::new(seed).stream(resample as u64, set);
            Moments::of(features, &times(features, |draw| stream.uniform_f64(draw)))
        };
        Ok(drawn(first, 0)?.frechet(&drawn(second, 1)?))
    };
    let distances = (0..resamples).into_par_iter().map(again);
    let distances: Vec<f64> = distances.collect::<Result<_, _>>()?;
    let deviation = Mean::of(distances.iter().copied()).error * (resamples as f64).sqrt();
    Ok(Frechet {
        distance,
        error: deviation,
    })
}

/// How often each image of a set is drawn where as many are drawn, each time any one of those of its class.
fn times(features: &Features, uniform: impl Fn(u64) -> f64) -> Vec<usize> {
    let mut classes: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
    for image in 0..features.count() {
        // Where classes are not known, all images are of one.
        let class = features.labels().map(|labels| item(labels, image));
        classes.entry(class).or_default().push(image);
    }
    let mut times = vec![0; features.count()];
    let mut draws = 0..;
    for images in classes.values() {
        for (_, draw) in images.iter().zip(&mut draws) {
            let place = (uniform(draw) * images.len() as f64) as usize;
            let image = item(images, place.min(images.len() - 1));
            let more = item(&times, image) + 1;
            put(&mut times, image, more);
        }
    }
    times
}
