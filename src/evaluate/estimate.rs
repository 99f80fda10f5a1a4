//! A number that is estimated from images, with its standard error by resampling them (the bootstrap).

use core::fmt;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use rayon::prelude::*;

use super::error::EvaluateError;
use super::features::Features;
use crate::diffusion::Noise;
use crate::part::{item, put};
use crate::run::Mean;

/// The least number of resamples that an error is of.
const LEAST: usize = 2;

/// An estimate and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error: its deviation over resamples of the images (the bootstrap).
    pub error: f64,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.value, self.error)
    }
}

impl Estimate {
    /// Of a value, and what came of it with so many resamples.
    pub(super) fn new(value: f64, resampled: &[f64]) -> Self {
        let mean = Mean::of(resampled.iter().copied());
        Self {
            value,
            error: mean.error * (resampled.len() as f64).sqrt(),
        }
    }

    /// Computes a number of sets in which each image is there once, and of resamples of them, which follow from the
    /// seed: of each set how often each image is there.
    pub(super) fn of<const N: usize>(
        sets: [&Features; N],
        resamples: usize,
        seed: u64,
        number: impl Fn([&[usize]; N]) -> Result<f64, EvaluateError> + Sync,
    ) -> Result<Self, EvaluateError> {
        let drawn = drawn(sets, resamples, seed)?;
        let once = sets.map(|set| vec![1; set.count()]);
        let value = number(once.each_ref().map(Vec::as_slice))?;
        let numbers = drawn.par_iter();
        let numbers = numbers.map(|times| number(times.each_ref().map(Vec::as_slice)));
        let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
        Ok(Self::new(value, &numbers))
    }
}

/// Refuses fewer than a deviation is of.
pub(super) const fn check_resamples(count: usize) -> Result<(), EvaluateError> {
    match count < LEAST {
        true => Err(EvaluateError::TooFewResamples {
            count,
            least: LEAST,
        }),
        false => Ok(()),
    }
}

/// Resamples of sets: of each how often each image of each set is there.
///
/// # Errors
/// [`EvaluateError::TooFewResamples`].
pub(super) fn drawn<const N: usize>(
    sets: [&Features; N],
    resamples: usize,
    seed: u64,
) -> Result<Vec<[Vec<usize>; N]>, EvaluateError> {
    check_resamples(resamples)?;
    let resample = |resample: usize| {
        let mut number = 0;
        sets.map(|set| {
            let stream = Noise::new(seed).stream(resample as u64, number);
            number += 1;
            times(set, |draw| stream.uniform_f64(draw))
        })
    };
    Ok((0..resamples).into_par_iter().map(resample).collect())
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
