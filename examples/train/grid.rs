//! A grid of samples of a network that is being trained.

use std::path::Path;

use iddpm::Device;
use iddpm::run::{Album, Training};

use super::program::Failure;
use super::samples::SampleOptions;
use super::signals::Stop;

/// Images at once.
const AT_ONCE: u64 = 8;

/// Draws some rows of samples, a class in each column, on so many threads, with the first average if there is one.
/// A network that enlarges has nothing to enlarge here, and is not drawn; nor is what a wish to stop comes into.
pub(crate) fn draw(
    training: &Training,
    samples: &SampleOptions,
    path: &Path,
    threads: usize,
    stop: &Stop,
) -> Result<(), Failure> {
    if training.run().trainer().description().unet.super_resolution {
        return Ok(());
    }
    let model = training.model()?;
    let (draw, count) = samples.draw(&model, training.run().trainer().config().seed);
    let mut studio = model.on(Device::cpu().with_threads(threads))?;
    let mut album = Album::create(path, &model, count as usize)?;
    for first in (0..count).step_by(AT_ONCE as usize) {
        let mut run = studio.begin_numbers(&draw, first..count.min(first + AT_ONCE))?;
        while run.advance()? {
            if stop.heard().is_some() {
                return Ok(());
            }
        }
        album.add(&run.images()?)?;
    }
    Ok(album.finish()?)
}
