//! The kernel distance of two sets of features (Bińkowski et al. 2018).

use std::vec;
use std::vec::Vec;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::distances::columns;
use super::error::EvaluateError;
use super::estimate::{Estimate, check_resamples, drawn};
use super::features::{Features, comparable};

/// The least number of images of which there are pairs.
const LEAST: usize = 2;
/// Images of each set whose kernels are there at once, for each thread.
const AT_ONCE: usize = 1 << 8;

/// Computes the kernel distance of two sets of features, as the literature has it the squared maximum mean discrepancy
/// under k(x, y) = (x·y/D + 1)³ for D features, E k(x, x') + E k(y, y') - 2 E k(x, y), without bias: pairs of an image
/// with itself are left out, so that it is 0 on average for sets of one law, however few images there are, and below 0
/// now and then. Of sets with as many images of each class, which one law seldom draws, it is a little below: an image
/// has one less of its class beside it in its own set.
///
/// The error is as that of [`frechet`](super::frechet()), of the resamples that have two images or more.
///
/// ```
/// use iddpm::evaluate::{Features, kernel_distance};
/// let here = Features::new(1, vec![0.0, 1.0])?;
/// let there = Features::new(1, vec![2.0, 3.0])?;
/// // (0·1 + 1)³ + (2·3 + 1)³ - 2·(1 + 1 + 27 + 64)/4
/// assert_eq!(kernel_distance(&here, &there, 100, 0)?.value, 297.5);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Networks`], [`EvaluateError::Widths`], [`EvaluateError::TooFew`], [`EvaluateError::TooFewResamples`].
pub fn kernel_distance(
    first: &Features,
    second: &Features,
    resamples: usize,
    seed: u64,
) -> Result<Estimate, EvaluateError> {
    comparable(first, second)?;
    for features in [first, second] {
        let (count, least) = (features.count(), LEAST);
        if count < least {
            return Err(EvaluateError::TooFew { count, least });
        }
    }
    // The first column has each image once, the others are resamples.
    let drawn = drawn([first, second], resamples, seed)?;
    let weights = |features: &Features, set: usize| {
        let once = vec![1; features.count()];
        let resampled = drawn.iter().filter_map(|times| times.get(set));
        let all = core::iter::once(&once).chain(resampled);
        let numbers: Vec<f64> = all.flatten().map(|&times| times as f64).collect();
        DMatrix::from_vec(features.count(), drawn.len() + 1, numbers)
    };
    let (here, there) = (weights(first, 0), weights(second, 1));
    let within = [within(first, &here), within(second, &there)];
    let between = means(&sums(first, second, &here, &there), &here, &there);
    let [here, there] = &within;
    let numbers = here.iter().zip(there).zip(&between);
    let numbers: Vec<f64> = numbers
        .map(|((here, there), between)| here + there - 2.0 * between)
        .collect();
    let (value, resampled) = numbers.split_first().unwrap_or((&f64::NAN, &[]));
    // A resample of one image alone, as a few images have, has no pairs.
    let mut resampled = resampled.to_vec();
    resampled.retain(|number| number.is_finite());
    check_resamples(resampled.len())?;
    Ok(Estimate::new(*value, &resampled))
}

/// The mean of k over the pairs of two images of a set, for each column of weights: an image that is there twice makes
/// no pair with itself.
fn within(features: &Features, weights: &DMatrix<f64>) -> Vec<f64> {
    let mut sums = sums(features, features, weights, weights);
    let mut pairs: Vec<f64> = weights.column_iter().map(|w| w.sum() * w.sum()).collect();
    for (image, row) in features.rows().enumerate() {
        let own = kernel(
            row.iter().map(|&x| f64::from(x) * f64::from(x)).sum(),
            row.len(),
        );
        let columns = weights.row(image);
        for ((sum, pairs), weight) in sums.iter_mut().zip(&mut pairs).zip(&columns) {
            *sum -= weight * weight * own;
            *pairs -= weight * weight;
        }
    }
    let means = sums.iter().zip(pairs);
    means.map(|(sum, pairs)| sum / pairs).collect()
}

/// The mean over all pairs, for each column of weights.
fn means(sums: &[f64], here: &DMatrix<f64>, there: &DMatrix<f64>) -> Vec<f64> {
    let pairs = here.column_iter().zip(there.column_iter());
    let pairs = pairs.map(|(here, there)| here.sum() * there.sum());
    sums.iter()
        .zip(pairs)
        .map(|(sum, pairs)| sum / pairs)
        .collect()
}

/// The sum of k over all pairs, for each column of weights.
fn sums(
    first: &Features,
    second: &Features,
    here: &DMatrix<f64>,
    there: &DMatrix<f64>,
) -> Vec<f64> {
    let width = first.width();
    let blocks = first.numbers().par_chunks(AT_ONCE * width).enumerate();
    let sums = blocks.map(|(number, block)| {
        let block = columns(block, width).transpose();
        let mut weighted = DMatrix::zeros(block.nrows(), there.ncols());
        let others = second.numbers().chunks(AT_ONCE * width);
        for (other, begin) in others.zip((0..).step_by(AT_ONCE)) {
            let mut kernels = &block * columns(other, width);
            kernels.apply(|product| *product = kernel(*product, width));
            weighted.gemm(1.0, &kernels, &there.rows(begin, kernels.ncols()), 1.0);
        }
        let weights = here.rows(number * AT_ONCE, weighted.nrows());
        let pairs = weighted.column_iter().zip(weights.column_iter());
        pairs
            .map(|(weighted, weights)| weighted.dot(&weights))
            .collect()
    });
    // In the order of the blocks: the same sum with any number of threads.
    let sums: Vec<Vec<f64>> = sums.collect();
    let mut all = vec![0.0; here.ncols()];
    for sums in &sums {
        for (all, sum) in all.iter_mut().zip(sums) {
            *all += sum;
        }
    }
    all
}

fn kernel(product: f64, width: usize) -> f64 {
    let sum = product / width as f64 + 1.0;
    sum * sum * sum
}
