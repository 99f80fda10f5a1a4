//! A grid of samples of a network that is being trained.

use std::path::Path;

use iddpm::cpu::{Generation, Network, ProgramBuf};
use iddpm::diffusion::pixels::to_u8;
use iddpm::diffusion::{Clip, Method, Noise, Sample, Sampler, Timesteps};
use iddpm::files::write_whole;
use iddpm::train::{Engine, Slot, Trainer};
use iddpm::unet::{Plan, Weights};
use image::ImageFormat;

use super::drawing::Colours;
use super::program::Failure;
use super::signals::Stop;

/// Steps of a sample.
const STEPS: u32 = 25;
/// Images of a row, and rows at most.
const COLUMNS: usize = 8;
const ROWS: usize = 16;

/// Draws a row of samples for each class (or four rows) on so many threads, with the first average if there is
/// one. A network that enlarges has nothing to enlarge here, and is not drawn; nor is what a wish to stop comes
/// into.
pub(crate) fn draw<E: Engine>(
    trainer: &Trainer<E>,
    path: &Path,
    threads: usize,
    stop: &Stop,
) -> Result<(), Failure> {
    let description = trainer.description();
    if description.unet.super_resolution {
        return Ok(());
    }
    let slot = match trainer.config().ema_rates.first() {
        Some(_) => Slot::Ema(0),
        None => Slot::Weights,
    };
    let weights = trainer.read(slot)?;
    let samples = samples(trainer.config().seed, description.unet.num_classes);
    let diffusion = description.card.diffusion;
    let process = diffusion.process(Timesteps::even(STEPS.min(diffusion.num_timesteps)))?;
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    let graph = description.graph(COLUMNS)?;
    let (height, width) = (description.size.height, description.size.width);
    let channels = description.unet.in_channels;
    let mut sheet = Sheet::new(channels, samples.len() / COLUMNS * height, COLUMNS * width);
    for (row, samples) in samples.chunks(COLUMNS).enumerate() {
        let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
        let network = Network::with_threads(program, Weights::F32(&weights), threads)?;
        let mut generation = Generation::new(network, sampler.clone(), samples)?;
        while generation.advance()? {
            if stop.heard().is_some() {
                return Ok(());
            }
        }
        let images = generation.x().chunks(channels * height * width);
        for (column, image) in images.enumerate() {
            sheet.put(image, width, (row * height, column * width));
        }
    }
    let picture =
        Colours::of(channels)?.picture(&sheet.pixels, sheet.width as u32, sheet.height as u32);
    write_whole(path, |file| Ok(picture.write_to(file, ImageFormat::Png)?))
}

/// Rows of one class each.
fn samples(seed: u64, classes: Option<usize>) -> Vec<Sample> {
    let rows = classes.unwrap_or(4).min(ROWS);
    let sample = |at| Sample {
        noise: Noise::new(seed),
        number: at as u64,
        label: classes.map(|_| (at / COLUMNS) as u32),
    };
    (0..rows * COLUMNS).map(sample).collect()
}

/// Images side by side, as one image [C, H, W].
struct Sheet {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
}

impl Sheet {
    fn new(channels: usize, height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            pixels: vec![0; channels * height * width],
        }
    }

    /// Puts an image of this width at a place.
    fn put(&mut self, image: &[f32], width: usize, (top, left): (usize, usize)) {
        let channels = self.pixels.len() / (self.height * self.width);
        let rows = image.len() / width;
        for (at, row) in image.chunks(width).enumerate() {
            // Of all rows of all channels, one after the other.
            let (channel, y) = (at * channels / rows, at % (rows / channels));
            let start = (channel * self.height + top + y) * self.width + left;
            let place = self.pixels.get_mut(start..start + width);
            for (pixel, &x) in place.into_iter().flatten().zip(row) {
                *pixel = to_u8(x);
            }
        }
    }
}
