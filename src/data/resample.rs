//! Resizing of 8-bit images, bit for bit as Pillow does it (`Image.resize` with `BOX` and `BICUBIC`):
//! what the published models were trained on.
//!
//! Along one axis, n to m pixels, with s = n/m and S = max(s, 1), the target pixel i has its centre at
//! c = (i + 1/2)·s of the source and is Σ_j w_j·p_j over the source pixels j of ⌊c - R·S + 1/2⌋ ..
//! ⌊c + R·S + 1/2⌋, where w_j ∝ f((j + 1/2 - c)/S) and Σ w_j = 1. Weights are fixed-point numbers of
//! 22 binary places, and what one axis gives is rounded to 8 bits before the other is resized: the
//! horizontal one first, but where the height falls by more than twice what the width does, as in
//! Pillow since version 13 (before it always horizontally, which moves such images by a level here and
//! there).

use core::ops::Range;
use std::vec;
use std::vec::Vec;

use super::fault::Fault;
use super::plane::{Plane, Size};
use crate::memory::reserve;

/// The function f of the weights and its reach R.
#[derive(Debug, Clone, Copy)]
pub(super) enum Filter {
    /// 1 within ±1/2: the mean over an area.
    Box,
    /// Keys' cubic with a = -1/2.
    Bicubic,
}

impl Filter {
    const fn reach(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let distance = x.abs();
        match self {
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Bicubic if distance < 1.0 => {
                ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
            }
            Self::Bicubic if distance < 2.0 => {
                (((distance - 5.0) * distance + 8.0) * distance - 4.0) * A
            }
            Self::Box | Self::Bicubic => 0.0,
        }
    }
}

/// Binary places of a weight: what is left of 32 bits beside 8 of a pixel and 2 of headroom.
const PLACES: u32 = 32 - 8 - 2;

/// The source pixels that make one target pixel: the first, and a weight for each.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

impl Taps {
    fn new(filter: Filter, from: usize, to: usize, at: usize) -> Self {
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let reach = filter.reach() * stretch;
        let centre = (at as f64 + 0.5) * scale;
        // Casts truncate, and what is below 0 becomes 0.
        let first = (centre - reach + 0.5) as usize;
        let end = ((centre + reach + 0.5) as usize).min(from);
        let inverse = 1.0 / stretch;
        let exact = (first..end).map(|j| filter.weight((j as f64 - centre + 0.5) * inverse));
        let sum: f64 = exact.clone().sum();
        let fixed = |weight: f64| {
            let weight = if sum == 0.0 { weight } else { weight / sum };
            let scaled = weight * f64::from(1 << PLACES);
            (if weight < 0.0 {
                scaled - 0.5
            } else {
                scaled + 0.5
            }) as i32
        };
        Self {
            first,
            weights: exact.map(fixed).collect(),
        }
    }

    fn all(filter: Filter, from: usize, to: usize, wanted: Range<usize>) -> Vec<Self> {
        wanted.map(|at| Self::new(filter, from, to, at)).collect()
    }
}

/// To 8 bits, saturated. Neither filter's weights exceed 2 in the sum of their magnitudes, so that
/// sums of pixels stay below 2^31.
const fn rounded(sum: i32) -> u8 {
    let value = (sum + (1 << (PLACES - 1))) >> PLACES;
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

impl Plane {
    /// The columns and rows of `window` of the plane resized to `to`; other pixels are not computed.
    pub(super) fn resized(
        &self,
        filter: Filter,
        to: Size,
        window: (Range<usize>, Range<usize>),
    ) -> Result<Self, Fault> {
        let columns = Taps::all(filter, self.width, to.0, window.0);
        let rows = Taps::all(filter, self.height, to.1, window.1);
        let lost = |from: usize, to: usize| from as f64 - to as f64;
        let (lost_columns, lost_rows) = (lost(self.width, to.0), lost(self.height, to.1));
        if lost_rows > 0.0 && lost_rows > 2.0 * lost_columns {
            let needed = span(&columns);
            let low = self.down(&rows, 0, needed.clone())?;
            low.across(&columns, needed.start, 0..low.height)
        } else {
            let needed = span(&rows);
            let narrow = self.across(&columns, 0, needed.clone())?;
            narrow.down(&rows, needed.start, 0..narrow.width)
        }
    }

    /// The rows of `kept`, each resized; `before` columns of the source are not there.
    fn across(&self, columns: &[Taps], before: usize, kept: Range<usize>) -> Result<Self, Fault> {
        let (width, height) = (columns.len(), kept.len());
        let mut pixels = Vec::new();
        reserve(&mut pixels, (width * height) as u64)?;
        let rows = self.pixels.chunks_exact(self.width);
        for row in rows.skip(kept.start).take(height) {
            let sum = |taps: &Taps| {
                let sources = row.iter().skip(taps.first - before).zip(&taps.weights);
                rounded(
                    sources
                        .map(|(&pixel, &weight)| i32::from(pixel) * weight)
                        .sum(),
                )
            };
            pixels.extend(columns.iter().map(sum));
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// The columns of `kept`, each resized; `before` rows of the source are not there.
    fn down(&self, rows: &[Taps], before: usize, kept: Range<usize>) -> Result<Self, Fault> {
        let (width, height) = (kept.len(), rows.len());
        let mut pixels = Vec::new();
        reserve(&mut pixels, (width * height) as u64)?;
        let mut sums = vec![0; width];
        for taps in rows {
            sums.fill(0);
            let sources = self
                .pixels
                .chunks_exact(self.width)
                .skip(taps.first - before);
            for (source, &weight) in sources.zip(&taps.weights) {
                for (sum, &pixel) in sums.iter_mut().zip(source.iter().skip(kept.start)) {
                    *sum += i32::from(pixel) * weight;
                }
            }
            pixels.extend(sums.iter().map(|&sum| rounded(sum)));
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }
}

/// The source pixels that all of these take part of.
fn span(taps: &[Taps]) -> Range<usize> {
    let ends = taps.iter().map(|taps| taps.first + taps.weights.len());
    // None take part of nothing.
    taps.first().map_or(0, |taps| taps.first)..ends.max().unwrap_or(0)
}
