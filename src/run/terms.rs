//! The terms of a likelihood, and their means.

use core::fmt;
use std::path::Path;
use std::vec::Vec;

use super::pictures::write_numbers;
use crate::Error;

/// The bound of one image; lists begin with the noisiest step, as the public tool's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Terms {
    /// The prior term, in bits/dim.
    pub prior: f64,
    /// Every other term, in bits/dim.
    pub vb: Vec<f64>,
    /// The squared error of x̂_0 at each step.
    pub x_start_mse: Vec<f64>,
    /// The squared error of ε̂ at each step.
    pub epsilon_mse: Vec<f64>,
}

impl Terms {
    /// The files that [`write`](Self::write) writes.
    pub const FILES: [&str; 3] = ["vb_terms.npz", "xstart_mse_terms.npz", "mse_terms.npz"];

    /// The sum of all terms: bits/dim.
    pub fn total(&self) -> f64 {
        self.prior + self.vb.iter().sum::<f64>()
    }

    /// Returns the mean of each number over images, which were all evaluated over the same steps; NaN of nothing, as
    /// [`Mean::of`] has it.
    pub fn mean(images: &[Self]) -> Self {
        let count = images.len() as f64;
        let means = |of: &dyn Fn(&Self) -> &[f64]| {
            let mut sums = Vec::new();
            for values in images.iter().map(of) {
                sums.resize(values.len(), 0.0);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value / count;
                }
            }
            sums
        };
        Self {
            prior: Mean::of(images.iter().map(|terms| terms.prior)).mean,
            vb: means(&|terms| &terms.vb),
            x_start_mse: means(&|terms| &terms.x_start_mse),
            epsilon_mse: means(&|terms| &terms.epsilon_mse),
        }
    }

    /// Writes the terms into a folder as the public tool does: the [files](Self::FILES) `vb_terms.npz`,
    /// `xstart_mse_terms.npz` and `mse_terms.npz`, each with one array, `arr_0`, of T numbers in f64.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError); [`DrawError`](super::DrawError) where an archive cannot be encoded.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<(), Error> {
        let terms = [&self.vb, &self.x_start_mse, &self.epsilon_mse];
        for (name, terms) in Self::FILES.iter().zip(terms) {
            write_numbers(&folder.as_ref().join(name), terms)?;
        }
        Ok(())
    }
}

/// A mean over images, and its standard error.
///
/// ```
/// use iddpm::run::Mean;
/// let mean = Mean::of([2.0, 3.0, 4.0].into_iter());
/// assert_eq!(mean.to_string(), "3.0000 ± 0.5774");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean; NaN of nothing.
    pub mean: f64,
    /// The standard error of the mean; 0 of one value.
    pub error: f64,
    /// The number of values.
    pub count: usize,
}

impl Mean {
    /// The mean of some values.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count();
        let n = count as f64;
        let mean = values.clone().sum::<f64>() / n;
        let squares = values.map(|value| (value - mean) * (value - mean));
        let variance = squares.sum::<f64>() / (n - 1.0).max(1.0);
        Self {
            mean,
            error: (variance / n).sqrt(),
            count,
        }
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.mean, self.error)
    }
}
