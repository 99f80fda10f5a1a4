//! A grid of samples of a network that is being trained.

use std::path::Path;

use iddpm::run::{Album, Training};
use iddpm::{Device, Draw};

use super::program::Failure;
use super::signals::Stop;

/// Steps of a sample.
const STEPS: u32 = 25;
/// Images at once.
const AT_ONCE: u64 = 8;
/// Rows: of classes, and without.
const ROWS: (u64, u64) = (8, 4);

/// Draws some rows of samples, a class in each column, on so many threads, with the first average if there is one.
/// A network that enlarges has nothing to enlarge here, and is not drawn; nor is what a wish to stop comes into.
pub(crate) fn draw(
    training: &Training,
    path: &Path,
    threads: usize,
    stop: &Stop,
) -> Result<(), Failure> {
    if training.trainer().description().unet.super_resolution {
        return Ok(());
    }
    let model = training.model()?;
    let steps = STEPS.min(model.description().card.diffusion.num_timesteps);
    let draw = Draw::new()
        .steps(steps.to_string())
        .seed(training.trainer().config().seed);
    let mut studio = model.on(Device::cpu().with_threads(threads))?;
    let rows = if model.classes() > 0 { ROWS.0 } else { ROWS.1 };
    let count = rows * model.columns() as u64;
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
