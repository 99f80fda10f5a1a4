//! Drawings that lie between two others.

use core::fmt;
use core::str::FromStr;
use std::vec::Vec;

use super::error::DrawError;
use crate::Error;
use crate::diffusion::{Noise, Sample};
use crate::memory::{MemoryError, collected, zeros};

/// The most drawings in a row.
const MOST: u64 = 10_000;

/// A row of drawings from the noise of one seed to that of another, along the sphere on which noise lies, as DDIM turns
/// it into images (Song et al. 2021). Its name is `SEED,FRAMES`: where the row ends, and of how many drawings it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Between {
    seed: u64,
    frames: u64,
}

impl Between {
    pub(super) fn new(seed: u64, frames: u64) -> Result<Self, DrawError> {
        let between = Self { seed, frames };
        if (2..=MOST).contains(&frames) {
            return Ok(between);
        }
        let why = std::format!("a row is of 2 to {MOST} drawings");
        Err(DrawError::value("frames", frames, why))
    }

    /// Refuses more images than the row has.
    pub(super) fn check_count(self, count: u64) -> Result<(), DrawError> {
        if count <= self.frames {
            return Ok(());
        }
        let why = std::format!("the row is of {} drawings", self.frames);
        Err(DrawError::value("count", count, why))
    }

    /// How far along the row an image is: 0 for the first, 1 for the last.
    pub(super) fn share(self, sample: &Sample) -> Result<f64, DrawError> {
        let last = self.frames.saturating_sub(1).max(1);
        if sample.number <= last {
            return Ok(sample.number as f64 / last as f64);
        }
        let why = std::format!("the row is of {} drawings", self.frames);
        Err(DrawError::value(
            "between",
            std::format!("image {}", sample.number),
            why,
        ))
    }

    /// x_T of images of D elements in the row.
    ///
    /// # Errors
    /// [`DrawError::Value`] for an image beyond the row.
    pub(super) fn begin(self, samples: &[Sample], elements: usize) -> Result<Vec<f32>, Error> {
        let mut all = Vec::new();
        for sample in samples {
            let first = noise(sample.noise, elements)?;
            let last = noise(Noise::new(self.seed), elements)?;
            let [of_first, of_last] = along(self.share(sample)?, &first, &last);
            let between = first.iter().zip(&last);
            let between =
                between.map(|(&a, &b)| (of_first * f64::from(a) + of_last * f64::from(b)) as f32);
            all.extend(collected(elements, between)?);
        }
        Ok(all)
    }
}

/// The noise with which image 0 of a seed begins.
fn noise(noise: Noise, elements: usize) -> Result<Vec<f32>, MemoryError> {
    let mut x = zeros(elements)?;
    noise.stream(0, Noise::INITIAL).fill_normals(0, &mut x);
    Ok(x)
}

/// The weights of two vectors in what lies on the arc from one to the other: sin((1-t)θ)/sin θ and sin(tθ)/sin θ, θ the
/// angle between them; those of a straight line where there is no angle.
fn along(share: f64, first: &[f32], last: &[f32]) -> [f64; 2] {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum()
    };
    let lengths = (dot(first, first) * dot(last, last)).sqrt();
    let cosine = dot(first, last) / lengths;
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    if sine.is_nan() || sine <= 1e-6 {
        return [1.0 - share, share];
    }
    [
        ((1.0 - share) * angle).sin() / sine,
        (share * angle).sin() / sine,
    ]
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, frames } = self;
        write!(f, "{seed},{frames}")
    }
}

impl FromStr for Between {
    type Err = DrawError;

    fn from_str(text: &str) -> Result<Self, DrawError> {
        let numbers = text
            .split_once(',')
            .and_then(|(seed, frames)| Some((seed.parse().ok()?, frames.parse().ok()?)));
        let Some((seed, frames)) = numbers else {
            return Err(DrawError::value(
                "between",
                text,
                "it is SEED,FRAMES: where a row ends, and how long it is",
            ));
        };
        // As text both are one word's.
        let of_text = |error| DrawError::value("between", text, error);
        Self::new(seed, frames).map_err(of_text)
    }
}
