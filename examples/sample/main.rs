//! Generates images from a checkpoint, on the GPU where there is one and on the processor where not.
//!
//! `cargo run --example sample --features gpu`
//!
//! Without arguments it loads the shipped sprites and draws a labelled grid.

#![allow(clippy::indexing_slicing, reason = "an example's own pictures")]

#[cfg(feature = "gpu")]
#[path = "../support/adapter.rs"]
mod adapter;
mod backend;
#[path = "../support/device_options.rs"]
mod device_options;
mod files;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
mod gpu;
mod low_res;
mod options;
mod picture;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/seed.rs"]
mod seed;
mod sheet;
#[path = "../support/threads.rs"]
mod threads;

use std::process::ExitCode;
use std::time::Instant;

use iddpm::checkpoint::{Checkpoint, Description, Precision};
use iddpm::diffusion::{Level, Process, Sample, Sampler};
use indicatif::{ProgressBar, ProgressStyle};

use options::{Options, PrecisionName};
use picture::Frames;
use program::{Failure, say};

fn main() -> ExitCode {
    program::run(sample)
}

fn sample(options: &Options) -> Result<(), Failure> {
    options.check()?;
    let precision = match options.precision {
        PrecisionName::AsStored => Precision::AsStored,
        PrecisionName::F32 => Precision::F32,
        PrecisionName::F16 => Precision::F16,
    };
    let path = options.checkpoint();
    let checkpoint = Checkpoint::open(&path, precision)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let description = checkpoint.description();
    say(format_args!("{}: {}", path.display(), summary(description)))?;
    if let Some(note) = options.seed.note() {
        say(note)?;
    }

    let diffusion = description.card.diffusion;
    let timesteps = options.timesteps()?;
    let kept = timesteps.count(diffusion.num_timesteps);
    let mut levels = vec![EMPTY; kept.map_err(|error| options.steps_failed(&error))?];
    let process = Process::in_slice(&diffusion, timesteps, &mut levels)
        .map_err(|error| options.steps_failed(&error))?;
    let sampler = Sampler::new(&process, options.method(), options.clip())?;

    let samples = options.samples(description)?;
    options.check_trajectory(description, samples.len(), sampler.evaluations() as usize)?;
    let low_res = options.low_res(description)?;
    let mut backend = backend::choose(options, &checkpoint)?;
    say(format_args!("running on {}", backend.name()))?;

    let begun = Instant::now();
    let mut frames = Frames::new(description, options.trajectory.is_some());
    let progress = progress_bar(samples.len(), &sampler);
    for batch in samples.chunks(options.batch) {
        let done = backend.generate(&sampler, batch, low_res.as_deref(), &mut |x_start| {
            progress.inc(batch.len() as u64);
            frames.preview(x_start)
        })?;
        frames.finish(&done)?;
    }
    progress.finish_and_clear();
    let labels: Vec<_> = samples.iter().map(|sample| sample.label).collect();
    // Files first: what reads the output may be gone.
    frames.write(&options.out, &labels)?;
    if let Some(trajectory) = &options.trajectory {
        let batch = options.batch.min(labels.len());
        frames.write_trajectory(trajectory, &labels[..batch])?;
    }
    report(&samples, &sampler, begun)?;
    say(options.out.path().display())?;
    if let Some(trajectory) = &options.trajectory {
        say(trajectory.path().display())?;
    }
    Ok(())
}

const EMPTY: Level = Level {
    timestep: 0,
    beta: 0.0,
    alpha_bar: 0.0,
};

fn summary(description: &Description) -> String {
    let size = description.size;
    let classes = match (&description.class_names, description.unet.num_classes) {
        (Some(names), _) => {
            let numbered = names.iter().enumerate();
            let numbered: Vec<_> = numbered.map(|(at, name)| format!("{at} {name}")).collect();
            format!(", {} classes ({})", names.len(), numbered.join(", "))
        }
        (None, Some(classes)) => format!(", {classes} classes"),
        (None, None) => String::new(),
    };
    format!(
        "{}x{} pixels, {} channels{classes}, T = {}, {:?} at step {}",
        size.width,
        size.height,
        description.unet.in_channels,
        description.card.diffusion.num_timesteps,
        description.card.weights,
        description.card.step,
    )
}

fn progress_bar(images: usize, sampler: &Sampler<'_>) -> ProgressBar {
    let steps = images as u64 * u64::from(sampler.evaluations());
    let template = "{bar:40} {percent:>3}% {per_sec} image steps, {eta} left";
    // The template is a constant; a bar without it would do as well.
    let style = ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(steps).with_style(style)
}

fn report(samples: &[Sample], sampler: &Sampler<'_>, begun: Instant) -> Result<(), Failure> {
    let seconds = begun.elapsed().as_secs_f64();
    let steps = f64::from(sampler.evaluations()) * samples.len() as f64;
    say(format_args!(
        "{} images of {} steps in {seconds:.1} s: {:.2} ms for a step of one image",
        samples.len(),
        sampler.evaluations(),
        seconds * 1e3 / steps
    ))
}
