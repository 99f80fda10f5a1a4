//! The mean and the covariance of features, and the Fréchet distance of the normal laws that have them.

use std::vec::Vec;

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::error::EvaluateError;
use super::features::Features;

/// The least number of images that have a covariance.
const LEAST: usize = 2;
/// Images whose products are summed up at once.
const AT_ONCE: usize = 1 << 10;

/// The mean and the covariance of a set of features.
pub(super) struct Moments {
    mean: DVector<f64>,
    spread: Spread,
}

/// A covariance Σ, whichever is smaller.
enum Spread {
    /// As it is.
    Covariance(DMatrix<f64>),
    /// As A of Σ = A·Aᵀ, a column an image: of fewer images than features.
    Images(DMatrix<f64>),
}

use Spread::{Covariance, Images};

impl Moments {
    /// Those of a set in which each image is there so many times; the covariance is the unbiased one.
    ///
    /// # Errors
    /// [`EvaluateError::TooFew`].
    pub(super) fn of(features: &Features, times: &[usize]) -> Result<Self, EvaluateError> {
        let count: usize = times.iter().sum();
        if count < LEAST {
            let least = LEAST;
            return Err(EvaluateError::TooFew { count, least });
        }
        let width = features.width();
        let there = features.rows().zip(times).filter(|&(_, &times)| times > 0);
        let rows: Vec<(&[f32], f64)> = there.map(|(row, &times)| (row, times as f64)).collect();
        let mut mean = DVector::zeros(width);
        for (row, times) in &rows {
            for (sum, &number) in mean.iter_mut().zip(*row) {
                *sum += times * f64::from(number);
            }
        }
        mean /= count as f64;
        // Columns whose products are, summed up, the covariance but for a factor.
        let centred = |rows: &[(&[f32], f64)]| {
            let numbers = rows.iter().flat_map(|(row, times)| {
                let root = times.sqrt();
                let pairs = row.iter().zip(&mean);
                pairs.map(move |(&number, mean)| root * (f64::from(number) - mean))
            });
            DMatrix::from_iterator(width, rows.len(), numbers)
        };
        let factor = (count - 1) as f64;
        let spread = if rows.len() < width {
            Images(centred(&rows) / factor.sqrt())
        } else {
            let mut covariance = DMatrix::zeros(width, width);
            for rows in rows.chunks(AT_ONCE) {
                let centred = centred(rows);
                covariance.gemm(1.0, &centred, &centred.transpose(), 1.0);
            }
            Covariance(covariance / factor)
        };
        Ok(Self { mean, spread })
    }

    /// The Fréchet distance of two normal laws, squared, as the literature has it: |μ - μ'|² + tr(Σ + Σ' -
    /// 2·(√Σ Σ' √Σ)^½). Two sets of features have one width.
    pub(super) fn frechet(&self, other: &Self) -> f64 {
        // Of f32, whose squares and their squares are finite in f64: eigenvalues are found.
        let shift = (&self.mean - &other.mean).norm_squared();
        let product = self.spread.product(&other.spread);
        let roots = product.symmetric_eigenvalues().map(root_of);
        let spread = self.spread.trace() + other.spread.trace() - 2.0 * roots.sum();
        (shift + spread).max(0.0)
    }
}

impl Spread {
    fn trace(&self) -> f64 {
        match self {
            Covariance(covariance) => covariance.trace(),
            Images(images) => images.norm_squared(),
        }
    }

    /// A symmetric matrix, as small as can be, with the eigenvalues of √Σ Σ' √Σ but for some that are 0: those of Aᵀ Σ' A.
    fn product(&self, other: &Self) -> DMatrix<f64> {
        match (self, other) {
            (Covariance(first), Covariance(second)) => {
                let root = root(first);
                root.transpose() * (second * &root)
            }
            (Images(images), Covariance(covariance)) | (Covariance(covariance), Images(images)) => {
                images.transpose() * (covariance * images)
            }
            (Images(first), Images(second)) => {
                let products = match first.ncols() < second.ncols() {
                    true => first.transpose() * second,
                    false => second.transpose() * first,
                };
                &products * products.transpose()
            }
        }
    }
}

/// A matrix R of Σ = R·Rᵀ, of which Rᵀ Σ' R has the eigenvalues that are asked for: where there is one Cholesky's, which takes
/// a small part of the time.
fn root(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let cholesky = covariance.clone().cholesky();
    cholesky.map_or_else(|| square_root(covariance), |found| found.unpack())
}

/// The symmetric root of a covariance.
fn square_root(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let SymmetricEigen {
        eigenvalues,
        eigenvectors,
    } = covariance.clone().symmetric_eigen();
    let roots = DMatrix::from_diagonal(&eigenvalues.map(root_of));
    &eigenvectors * roots * eigenvectors.transpose()
}

/// The root of an eigenvalue: rounding leaves some below 0, of what is 0.
fn root_of(eigenvalue: f64) -> f64 {
    eigenvalue.max(0.0).sqrt()
}
