//! A grid of samples of a network that is being trained.

use std::path::Path;

use iddpm::cpu::{Generation, Network};
use iddpm::diffusion::pixels::to_u8;
use iddpm::diffusion::{Clip, Level, Method, Noise, Process, Sample, Sampler, Timesteps};
use iddpm::files::write_whole;
use iddpm::train::{Engine, Slot, Trainer};
use iddpm::unet::Weights;
use image::{ImageFormat, Rgb, RgbImage};

use super::program::Failure;
use super::signals::Stop;

/// Steps of a sample.
const STEPS: u32 = 25;
/// Images of a row, and rows at most.
const COLUMNS: usize = 8;
const ROWS: usize = 16;

/// Draws a row of samples for each class (or four rows), with the first average if there is one. A
/// network that enlarges has nothing to enlarge here, and is not drawn; nor is what a wish to stop comes into.
pub(crate) fn draw<E: Engine>(
    trainer: &Trainer<E>,
    path: &Path,
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
    let classes = description.unet.num_classes;
    let rows = classes.unwrap_or(4).min(ROWS);
    let samples: Vec<Sample> = (0..rows * COLUMNS)
        .map(|at| Sample {
            noise: Noise::new(trainer.config().seed),
            number: at as u64,
            label: classes.map(|_| (at / COLUMNS) as u32),
        })
        .collect();

    let diffusion = description.card.diffusion;
    let timesteps = Timesteps::even(STEPS.min(diffusion.num_timesteps));
    let empty = Level {
        timestep: 0,
        beta: 0.0,
        alpha_bar: 0.0,
    };
    let mut levels = vec![empty; timesteps.count(diffusion.num_timesteps)?];
    let process = Process::in_slice(&diffusion, timesteps, &mut levels)?;
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    let graph = description.graph(COLUMNS)?;
    let (height, width) = (description.size.height, description.size.width);
    let mut picture = RgbImage::new((COLUMNS * width) as u32, (rows * height) as u32);
    for (row, samples) in samples.chunks(COLUMNS).enumerate() {
        let network = Network::new(&graph, Weights::F32(&weights))?;
        let mut generation = Generation::new(network, sampler.clone(), samples)?;
        while generation.advance()? {
            if stop.heard().is_some() {
                return Ok(());
            }
        }
        let plane = height * width;
        let channels = description.unet.in_channels;
        for (column, image) in generation.x().chunks(channels * plane).enumerate() {
            for at in 0..plane {
                let value = |c: usize| {
                    let c = c.min(channels - 1);
                    image.get(c * plane + at).map_or(0, |&x| to_u8(x))
                };
                let (x, y) = (column * width + at % width, row * height + at / width);
                picture.put_pixel(x as u32, y as u32, Rgb([value(0), value(1), value(2)]));
            }
        }
    }
    write_whole(path, |file| Ok(picture.write_to(file, ImageFormat::Png)?))
}
