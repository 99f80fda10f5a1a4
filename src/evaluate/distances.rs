//! Distances of the images of two sets, all of one to all of the other.
//!
//! By products of matrices, |x - y|² = |x|² + |y|² - 2·x·y, they are there in a small part of the time that their differences
//! take, but for rounding, of which there is a bound. What depends on a distance is decided by these where the bound allows
//! it, and by the difference where it does not: so it is the same to the bit on every processor.

use std::vec::Vec;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::features::Features;
use crate::part::{item, part};

/// Images of one set whose distances are there at once, for each thread.
const ROWS: usize = 64;
/// Images of the other set whose features are there in f64 at once, for each thread.
const AT_ONCE: usize = 256;

/// The squared distances of an image to all images of a set.
pub(super) struct Row<'a> {
    /// The features of the image.
    image: &'a [f32],
    among: &'a Features,
    /// But for rounding.
    near: &'a [f64],
    /// |y|² of the set, and |x|² of the image.
    norms: &'a [f64],
    norm: f64,
}

impl Row<'_> {
    /// A bound below a squared distance.
    pub(super) fn least(&self, place: usize) -> f64 {
        (item(self.near, place) - self.slack(place)).max(0.0)
    }

    /// A bound above it.
    fn most(&self, place: usize) -> f64 {
        item(self.near, place) + self.slack(place)
    }

    /// |x|² + |y|².
    pub(super) fn norms(&self, place: usize) -> f64 {
        self.norm + item(self.norms, place)
    }

    /// How far a product may be off by rounding: a sum of n products is off by n·ε/2 of their absolute sum at most, in
    /// whatever order, and that is at most half of |x|² + |y|²; the sums of squares are off by as much.
    fn slack(&self, place: usize) -> f64 {
        let rounded = (self.image.len() + 4) as f64 * f64::EPSILON;
        2.0 * rounded * self.norms(place)
    }

    /// The squared distance.
    pub(super) fn exact(&self, place: usize) -> f64 {
        let width = self.image.len();
        squared(self.image, part(self.among.numbers(), place * width, width))
    }

    /// Whether it is not above a limit.
    pub(super) fn is_within(&self, place: usize, limit: f64) -> bool {
        self.most(place) <= limit || (self.least(place) <= limit && self.exact(place) <= limit)
    }

    /// The number of features of an image.
    pub(super) const fn width(&self) -> usize {
        self.image.len()
    }

    /// The places of the images of the set.
    pub(super) fn places(&self) -> core::ops::Range<usize> {
        0..self.near.len()
    }

    /// The `count` smallest of the squared distances to these places, and their places, from the least on; of those that are
    /// as far the first ones.
    pub(super) fn smallest(
        &self,
        places: impl Iterator<Item = usize> + Clone,
        count: usize,
    ) -> Vec<(f64, usize)> {
        // So many are not above this: what is surely above it is none of them.
        let mut most: Vec<f64> = places.clone().map(|place| self.most(place)).collect();
        let last = count.min(most.len()).saturating_sub(1);
        let limit = match most.is_empty() {
            true => return Vec::new(),
            false => *most.select_nth_unstable_by(last, f64::total_cmp).1,
        };
        let near = places.filter(|&place| self.least(place) <= limit);
        let mut found: Vec<(f64, usize)> = near.map(|place| (self.exact(place), place)).collect();
        found.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        found.truncate(count);
        found
    }
}

/// What is made of the distances of each image of a set, by its place, to those of another.
pub(super) fn of_each<T: Send>(
    images: &Features,
    among: &Features,
    make: impl Fn(usize, &Row<'_>) -> T + Sync,
) -> Vec<T> {
    let width = images.width();
    let norms: Vec<f64> = among.rows().map(norm).collect();
    let blocks = images.numbers().par_chunks(ROWS * width).enumerate();
    let made = blocks.flat_map_iter(|(block, rows)| {
        let near = products(rows, among, &norms);
        let rows = rows.chunks_exact(width).enumerate();
        let made: Vec<T> = rows
            .map(|(at, image)| {
                let row = Row {
                    image,
                    among,
                    near: part(near.as_slice(), at * norms.len(), norms.len()),
                    norms: &norms,
                    norm: norm(image),
                };
                make(block * ROWS + at, &row)
            })
            .collect();
        made
    });
    made.collect()
}

/// The squared distances of some images, a column each, to all of a set.
fn products(rows: &[f32], among: &Features, norms: &[f64]) -> DMatrix<f64> {
    let width = among.width();
    let own: Vec<f64> = rows.chunks_exact(width).map(norm).collect();
    let rows = columns(rows, width);
    let mut distances = DMatrix::zeros(norms.len(), rows.ncols());
    for (block, begin) in among
        .numbers()
        .chunks(AT_ONCE * width)
        .zip((0..).step_by(AT_ONCE))
    {
        // Not `gemm_tr`, which is no product of blocks.
        let block = columns(block, width).transpose();
        let mut part = distances.rows_mut(begin, block.nrows());
        part.gemm(-2.0, &block, &rows, 0.0);
    }
    for (mut column, own) in distances.column_iter_mut().zip(own) {
        for (distance, norm) in column.iter_mut().zip(norms) {
            *distance += norm + own;
        }
    }
    distances
}

/// The features of images in f64, a column each.
pub(super) fn columns(numbers: &[f32], width: usize) -> DMatrix<f64> {
    let count = numbers.len() / width;
    DMatrix::from_iterator(
        width,
        count,
        numbers.iter().map(|&number| f64::from(number)),
    )
}

fn norm(row: &[f32]) -> f64 {
    let numbers = row.iter().map(|&number| f64::from(number));
    numbers.map(|number| number * number).sum()
}

/// The squared distance of two rows.
fn squared(first: &[f32], second: &[f32]) -> f64 {
    let differences = first
        .iter()
        .zip(second)
        .map(|(&x, &y)| f64::from(x) - f64::from(y));
    differences.map(|difference| difference * difference).sum()
}
