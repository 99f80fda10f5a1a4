//! The nearest real image of each, in pixels, looked for under a bar.

use iddpm::Error;
use iddpm::data::Dataset;
use iddpm::evaluate::{Nearest, nearest_image, nearest_other_image};

use crate::bar::bar;

/// Of each image of a set, among real ones.
pub(crate) fn to_real(set: &dyn Dataset, real: &dyn Dataset) -> Result<Vec<Nearest>, Error> {
    looked_for(set.len(), |told| nearest_image(set, real, told))
}

/// Of some real images, by their places, among all others.
pub(crate) fn within_real(real: &dyn Dataset, places: &[usize]) -> Result<Vec<Nearest>, Error> {
    looked_for(places.len(), |told| nearest_other_image(real, places, told))
}

fn looked_for(
    count: usize,
    look: impl Fn(&mut dyn FnMut(usize)) -> Result<Vec<Nearest>, Error>,
) -> Result<Vec<Nearest>, Error> {
    let bar = bar(count as u64, "images, the nearest real one of each");
    let found = look(&mut |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    found
}
