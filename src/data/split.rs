//! A data set in two: the images that are held out, and those that are trained on.

use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;

use rayon::prelude::*;

use super::dataset::{Dataset, Example};
use super::error::DataError;
use super::fingerprint::Broken;
use crate::diffusion::Noise;
use crate::diffusion::fingerprint::Fingerprint;
use crate::unet::Extents;

/// Some of the images of a data set, with its classes and numbers for them.
#[derive(Clone)]
pub struct Part {
    of: Arc<dyn Dataset>,
    indices: Vec<usize>,
}

/// A data set in two.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Split {
    /// The images that are left to train on.
    pub trained: Part,
    /// The images that are held out.
    pub held_out: Part,
}

impl Split {
    /// Holds out about this share of a data set.
    ///
    /// Which image is held out follows from its pixels alone: the same ones whatever else is there, in whatever
    /// order, and of two that are alike never one without the other. All images are read once; one that cannot be
    /// read, and is to be skipped, is not held out.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iddpm::data::{Broken, Dataset, Images, Split};
    /// use iddpm::unet::Extents;
    /// let extents = Extents { channels: 1, height: 2, width: 2 };
    /// let images = Images::new(extents, (0..200).collect(), None, None)?;
    /// let Split { trained, held_out, .. } = Split::of(Arc::new(images), 0.2, Broken::Fatal)?;
    /// assert_eq!(trained.len() + held_out.len(), 50);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Split`] where that leaves none on either side; where a broken image is fatal, that of one.
    pub fn of(data: Arc<dyn Dataset>, share: f64, broken: Broken) -> Result<Self, DataError> {
        let is_held_out = |index: usize| match data.get(index) {
            Ok(example) => {
                let mut digest = Fingerprint::new();
                digest.add_bytes(&example.pixels);
                // Spread over all numbers, which a digest of similar images is not.
                let draw = Noise::new(digest.finish()).stream(0, 0).uniform_f64(0);
                Ok(draw < share)
            }
            Err(error) if broken == Broken::Fatal => Err(error),
            Err(_) => Ok(false),
        };
        let all = (0..data.len()).into_par_iter().map(is_held_out);
        let all: Vec<bool> = all.collect::<Result<_, DataError>>()?;
        let part = |held_out: bool| {
            let of = all.iter().enumerate().filter(|&(_, &is)| is == held_out);
            Part {
                of: Arc::clone(&data),
                indices: of.map(|(index, _)| index).collect(),
            }
        };
        let (trained, held_out) = (part(false), part(true));
        if trained.is_empty() || held_out.is_empty() {
            return Err(DataError::Split {
                share: share.to_string(),
                held_out: held_out.len(),
                examples: data.len(),
            });
        }
        Ok(Self { trained, held_out })
    }
}

impl Dataset for Part {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn extents(&self) -> Extents {
        self.of.extents()
    }

    fn classes(&self) -> Option<usize> {
        self.of.classes()
    }

    fn class_names(&self) -> Option<&[String]> {
        self.of.class_names()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let len = self.len();
        let of = self.indices.get(index).copied();
        self.of.get(of.ok_or(DataError::Index { index, len })?)
    }
}

impl From<Part> for Arc<dyn Dataset> {
    fn from(part: Part) -> Self {
        Arc::<Part>::new(part)
    }
}

impl core::fmt::Debug for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Part({} of {} images)", self.len(), self.of.len())
    }
}
