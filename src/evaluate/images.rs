//! The nearest image of a data set, in pixels, without all pixels in memory.
//!
//! Of each image a few numbers are kept, whose distance is never above that of the pixels: means over a grid of cells, and
//! how far the pixels are from these (|x - y| is at least the distance of the means and of those two lengths, by Cauchy and
//! Schwarz). The pixels of the other set are read in its order, and those of two images compared where these numbers leave
//! it open whether one is the nearest.

use std::vec::Vec;

use rayon::prelude::*;

use super::distances::of_each;
use super::error::EvaluateError;
use super::features::Features;
use super::neighbours::Nearest;
use crate::Error;
use crate::data::{DataError, Dataset};
use crate::memory::{MemoryError, available, collected};
use crate::part::{item, part};
use crate::unet::Extents;

/// Cells of a side of an image.
const CELLS: usize = 8;
/// Images of the other set whose pixels are there at once, for each thread.
const AT_ONCE: usize = 8;
/// How far rounding to f32 may take the distance of the few numbers, in parts of their norms: 2⁻²⁴ of each, and as much of
/// the sums.
const ROUNDED: f64 = 1e-6;
/// Bytes for the images that are looked for at once, where it is not known what is free; else a quarter of that.
const ROOM: u64 = 1 << 30;
/// Values of pixels that are compared before a sum is looked at; in so many it fits into 32 bits.
const STRETCH: usize = 1 << 12;
/// The distance of two neighbouring values of 8 bits in [-1, 1].
const UNIT: f64 = 1.0 / 127.5;

/// Finds the nearest image of another data set for each image of a data set, in pixels, as [`nearest`](super::nearest()) does
/// by features; now and then it tells how many are found. Of both sets as many images are in memory as a quarter of what is
/// free has room for.
///
/// ```
/// use iddpm::data::Images;
/// use iddpm::evaluate::nearest_image;
/// use iddpm::unet::Extents;
/// let extents = Extents { channels: 1, height: 1, width: 2 };
/// let trained = Images::new(extents, vec![0, 0, 255, 255], None, None)?;
/// let drawn = Images::new(extents, vec![250, 255], None, None)?;
/// let found = nearest_image(&drawn, &trained, &mut |_| {})?;
/// assert_eq!(found[0].place, 1);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`EvaluateError::Extents`] for images of two sizes; [`EvaluateError::TooFew`] where the other set has none;
/// [`DataError`] where an image cannot be read; where there is too little memory.
pub fn nearest_image(
    images: &dyn Dataset,
    among: &dyn Dataset,
    told: &mut dyn FnMut(usize),
) -> Result<Vec<Nearest>, Error> {
    let (found, expected) = (images.extents(), among.extents());
    if found != expected {
        return Err(EvaluateError::Extents { found, expected }.into());
    }
    if among.is_empty() {
        return Err(EvaluateError::TooFew { count: 0, least: 1 }.into());
    }
    let places: Vec<usize> = (0..images.len()).collect();
    let (all, few) = (FewNumbers::of(among)?, FewNumbers::of(images)?);
    let look = Look {
        images,
        among,
        few: &all,
        is_same: false,
    };
    look.up(&places, &few, told)
}

/// Finds the nearest other image of the same data set for some of its images, by their places, as [`nearest_image`].
///
/// # Errors
/// [`EvaluateError::TooFew`] of fewer than two; those of [`nearest_image`].
pub fn nearest_other_image(
    data: &dyn Dataset,
    places: &[usize],
    told: &mut dyn FnMut(usize),
) -> Result<Vec<Nearest>, Error> {
    let count = data.len();
    if count < 2 {
        return Err(EvaluateError::TooFew { count, least: 2 }.into());
    }
    let all = FewNumbers::of(data)?;
    let look = Look {
        images: data,
        among: data,
        few: &all,
        is_same: true,
    };
    let places: Vec<usize> = places
        .iter()
        .copied()
        .filter(|&place| place < count)
        .collect();
    look.up(&places, &all, told)
}

/// A few numbers of each image of a set.
struct FewNumbers(Features);

impl FewNumbers {
    fn of(data: &dyn Dataset) -> Result<Self, Error> {
        let extents = data.extents();
        let width = extents.channels * cells(extents.height) * cells(extents.width) + 1;
        let mut numbers = collected(data.len().saturating_mul(width), [])?;
        let at_once = AT_ONCE * rayon::current_num_threads();
        for first in (0..data.len()).step_by(at_once) {
            let some = first..(first + at_once).min(data.len());
            let some = some.into_par_iter().map(|index| few(data, index));
            let some: Vec<Vec<f32>> = some.collect::<Result<_, DataError>>()?;
            numbers.extend(some.into_iter().flatten());
        }
        Ok(Self(Features::new(width, numbers)?))
    }
}

/// Cells of a side.
const fn cells(side: usize) -> usize {
    if side < CELLS { side } else { CELLS }
}

/// The few numbers of an image: sums over cells, each divided by the root of its pixels, and the length of what they leave.
fn few(data: &dyn Dataset, index: usize) -> Result<Vec<f32>, DataError> {
    let Extents { height, width, .. } = data.extents();
    let (rows, columns) = (cells(height), cells(width));
    let example = data.get(index)?;
    let mut numbers = Vec::new();
    let mut left = 0.0;
    for plane in example.pixels.chunks_exact((height * width).max(1)) {
        for row in 0..rows {
            let lines = row * height / rows..(row + 1) * height / rows;
            for column in 0..columns {
                let (begin, end) = (column * width / columns, (column + 1) * width / columns);
                let (mut sum, mut squares) = (0, 0);
                for line in lines.clone() {
                    for &value in part(plane, line * width + begin, end - begin) {
                        let value = u64::from(value);
                        sum += value;
                        squares += value * value;
                    }
                }
                let pixels = (lines.len() * (end - begin)) as f64;
                let number = sum as f64 / pixels.sqrt();
                left += squares as f64 - number * number;
                numbers.push(number as f32);
            }
        }
    }
    numbers.push(left.max(0.0).sqrt() as f32);
    Ok(numbers)
}

/// What is looked for, and among what.
struct Look<'a> {
    images: &'a dyn Dataset,
    among: &'a dyn Dataset,
    few: &'a FewNumbers,
    /// Whether these are one set, of which an image is not its own nearest.
    is_same: bool,
}

/// An image whose nearest is looked for.
struct Sought<'a> {
    pixels: std::borrow::Cow<'a, [u8]>,
    /// Bounds below the squared distances to all.
    least: Vec<f64>,
    /// The squared distance, in values of 8 bits, of the nearest so far, and its place.
    best: (u64, usize),
}

impl Look<'_> {
    /// Finds the nearest of images by their places; `few` is of all images.
    fn up(
        &self,
        places: &[usize],
        few: &FewNumbers,
        told: &mut dyn FnMut(usize),
    ) -> Result<Vec<Nearest>, Error> {
        let width = self.images.extents().elements();
        let each = (width as u64).saturating_add(8 * self.among.len() as u64);
        let room = available().map_or(ROOM, |free| free / 4);
        let at_once = usize::try_from(room / each.max(1))
            .unwrap_or(usize::MAX)
            .max(1);
        let mut found = Vec::new();
        for places in places.chunks(at_once) {
            let sought = self.sought(places, few)?;
            let nearest = sought.into_iter().map(|sought| Nearest {
                place: sought.best.1,
                squared: sought.best.0 as f64 * UNIT * UNIT,
                width,
            });
            found.extend(nearest);
            told(found.len());
        }
        Ok(found)
    }

    fn sought(&self, places: &[usize], few: &FewNumbers) -> Result<Vec<Sought<'_>>, Error> {
        let some = few.0.of_some(places.iter().copied());
        let bounds: Vec<Result<Vec<f64>, MemoryError>> = of_each(&some, &self.few.0, |at, row| {
            let own = self.is_same.then(|| item(places, at));
            let least = row.places().map(|place| match Some(place) == own {
                true => f64::INFINITY,
                false => row.least(place) - ROUNDED * row.norms(place),
            });
            collected(row.places().len(), least)
        });
        let begun = places.par_iter().zip(bounds).map(|(&place, least)| {
            let (pixels, least) = (self.images.get(place)?.pixels, least?);
            let likeliest = least.iter().enumerate();
            let likeliest = likeliest.min_by(|one, other| one.1.total_cmp(other.1));
            let first = likeliest.map_or(0, |(place, _)| place);
            let other = self.among.get(first)?.pixels;
            let distance = squared_up_to(&pixels, &other, u64::MAX).unwrap_or(u64::MAX);
            Ok(Sought {
                pixels,
                least,
                best: (distance, first),
            })
        });
        let mut sought: Vec<Sought<'_>> = begun.collect::<Result<_, Error>>()?;
        let at_once = AT_ONCE * rayon::current_num_threads();
        for first in (0..self.among.len()).step_by(at_once) {
            let others = first..(first + at_once).min(self.among.len());
            let others = others.into_par_iter().map(|place| {
                let may_be = |sought: &Sought<'_>| sought.may_be(place);
                match sought.iter().any(may_be) {
                    true => Ok(Some((place, self.among.get(place)?.pixels))),
                    false => Ok(None),
                }
            });
            let others: Vec<_> = others.collect::<Result<_, DataError>>()?;
            sought.par_iter_mut().for_each(|sought| {
                for (place, other) in others.iter().flatten() {
                    sought.compare(*place, other);
                }
            });
        }
        Ok(sought)
    }
}

impl Sought<'_> {
    /// Whether another image may be nearer than the nearest so far, or as near and before it.
    fn may_be(&self, place: usize) -> bool {
        item(&self.least, place) <= self.best.0 as f64
    }

    fn compare(&mut self, place: usize, other: &[u8]) {
        if self.may_be(place)
            && let Some(distance) = squared_up_to(&self.pixels, other, self.best.0)
        {
            self.best = self.best.min((distance, place));
        }
    }
}

/// The squared distance of two images in values of 8 bits, where it is not above a limit.
fn squared_up_to(first: &[u8], second: &[u8], limit: u64) -> Option<u64> {
    let mut sum = 0;
    for (first, second) in first.chunks(STRETCH).zip(second.chunks(STRETCH)) {
        let pairs = first.iter().zip(second);
        let squares = pairs.map(|(&x, &y)| u32::from(x.abs_diff(y)) * u32::from(x.abs_diff(y)));
        sum += u64::from(squares.sum::<u32>());
        if sum > limit {
            return None;
        }
    }
    Some(sum)
}
