//! The nearest real image of each, in pixels, looked for under a bar.

use iddpm::evaluate::{EvaluateError, Features, Nearest, nearest, nearest_within};

use crate::bar::bar;

/// Images that are looked at between two looks at the bar.
const AT_ONCE: usize = 64;

/// Of each image of a set, among the pixels of real ones.
pub(crate) fn to_real(set: &Features, real: &Features) -> Result<Vec<Nearest>, EvaluateError> {
    let places: Vec<usize> = (0..set.count()).collect();
    looked_for(&places, |places| {
        nearest(&set.of_some(places.iter().copied()), real)
    })
}

/// Of some real images, by their places, among all others.
pub(crate) fn within_real(
    real: &Features,
    places: impl Iterator<Item = usize>,
) -> Result<Vec<Nearest>, EvaluateError> {
    let places: Vec<usize> = places.collect();
    looked_for(&places, |places| {
        nearest_within(real, places.iter().copied())
    })
}

fn looked_for(
    places: &[usize],
    look: impl Fn(&[usize]) -> Result<Vec<Nearest>, EvaluateError>,
) -> Result<Vec<Nearest>, EvaluateError> {
    let bar = bar(places.len() as u64, "images, the nearest real one of each");
    let mut all = Vec::new();
    for places in places.chunks(AT_ONCE) {
        all.extend(look(places)?);
        bar.inc(places.len() as u64);
    }
    bar.finish_and_clear();
    Ok(all)
}
