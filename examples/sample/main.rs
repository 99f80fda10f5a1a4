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
#[path = "../support/class.rs"]
mod class;
#[cfg_attr(not(feature = "data"), path = "no_data.rs")]
mod data;
#[path = "../support/device_options.rs"]
mod device_options;
#[path = "../support/drawing.rs"]
mod drawing;
mod files;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
mod gpu;
mod images;
#[path = "../support/network.rs"]
mod network;
mod options;
mod pictures;
#[path = "../support/places.rs"]
mod places;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
mod samples;
#[path = "../support/seed.rs"]
mod seed;
mod sheet;
#[path = "../support/signals.rs"]
mod signals;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/words.rs"]
mod words;

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Instant;

use iddpm::checkpoint::{Checkpoint, Description};
use iddpm::diffusion::Sampler;
use iddpm::text::OneLine;
use indicatif::{ProgressBar, ProgressStyle};

use backend::Backend;
use files::Out;
use images::Images;
use options::Options;
use pictures::Drawing;
use program::{Failure, warn};
use samples::Samples;
use signals::{Stop, Stopped};

fn main() -> ExitCode {
    program::run(sample)
}

fn sample(options: &Options) -> Result<ExitCode, Failure> {
    options.check()?;
    let checkpoint = open(options)?;
    let description = checkpoint.description();
    if let Some(note) = options.seed.note() {
        options.say(note)?;
    }
    let process = options.process(&description.card.diffusion)?;
    let sampler = Sampler::new(&process, options.method(), options.clip)
        .map_err(|error| options.sampler_failed(&error))?;

    let samples = Samples::new(options, description)?;
    options.check_trajectory(description, samples.count, sampler.evaluations() as usize)?;
    if let Some(summary) = samples.summary() {
        options.say(summary)?;
    }
    let mut backend = backend::choose(options, &checkpoint)?;
    // Before it is said that it runs: whoever waits for that may send a signal.
    let stop = Stop::listen()?;
    options.say(format_args!("running on {}", backend.name()))?;
    let run = Run {
        options,
        description,
        samples: &samples,
        sampler: &sampler,
        stop,
    };
    match run.generate(backend.as_mut()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref::<Stopped>() {
            Some(stopped) => {
                warn(format_args!("sample: {stopped}"));
                Ok(stopped.status())
            }
            None => Err(error),
        },
    }
}

/// The network, once it is said which it is.
fn open(options: &Options) -> Result<Checkpoint, Failure> {
    let say = |line: &dyn Display| options.say(line);
    let (path, checkpoint) = network::open(&options.checkpoint(), options.precision, say)?;
    let summary = summary(checkpoint.description());
    options.say(format_args!("{}: {summary}", path.display()))?;
    Ok(checkpoint)
}

/// All that images are made of.
struct Run<'a> {
    options: &'a Options,
    description: &'a Description,
    samples: &'a Samples,
    sampler: &'a Sampler<'a>,
    stop: Stop,
}

impl Run<'_> {
    fn generate(&self, backend: &mut dyn Backend) -> Result<(), Failure> {
        let Self {
            options, samples, ..
        } = self;
        let begun = Instant::now();
        let mut images = Images::new(&options.out, self.description, samples.count)?;
        let progress = progress_bar(samples.count, self.sampler);
        for first in (0..samples.count).step_by(options.batch) {
            let numbers = first..samples.count.min(first + options.batch);
            let batch = samples.batch(numbers.clone());
            let low_res = samples.low_res(numbers)?;
            let mut moments = Vec::new();
            let keeps = first == 0 && options.trajectory.is_some();
            let mut after_step = |x_start: backend::XStart<'_>| {
                progress.inc(batch.len() as u64);
                if keeps {
                    moments.push(x_start()?);
                }
                match self.stop.heard() {
                    Some(stopped) => Err(stopped.into()),
                    None => Ok(()),
                }
            };
            let done = backend
                .generate(self.sampler, &batch, low_res.as_deref(), &mut after_step)
                .and_then(|done| images.add(&done, &batch));
            if let Err(error) = done {
                progress.finish_and_clear();
                self.say_what_is_there(images.made());
                return Err(error);
            }
            if let (true, Some(trajectory)) = (keeps, &options.trajectory) {
                let labels: Vec<_> = batch.iter().map(|sample| sample.label).collect();
                Drawing::of(self.description)?.write_trajectory(trajectory, &moments, &labels)?;
            }
        }
        images.finish()?;
        progress.finish_and_clear();
        self.report(begun)
    }

    /// What a run that ends early leaves.
    fn say_what_is_there(&self, made: usize) {
        let path = self.options.out.path().display();
        match self.options.out {
            Out::Folder(_) => {
                let count = self.samples.count;
                warn(format_args!("{path}: {made} of {count} images are there"));
            }
            Out::Grid(_) | Out::Archive(_) => warn(format_args!("{path}: nothing is written")),
        }
    }

    fn report(&self, begun: Instant) -> Result<(), Failure> {
        let (count, evaluations) = (self.samples.count, self.sampler.evaluations());
        let plural = if count == 1 { "" } else { "s" };
        let seconds = begun.elapsed().as_secs_f64();
        let each = seconds * 1e3 / (f64::from(evaluations) * count as f64);
        self.options.say(format_args!(
            "{count} image{plural} of {evaluations} steps in {seconds:.1} s: {each:.2} ms for a step of one image"
        ))?;
        if !self.options.out.is_stdout() {
            self.options.say(self.options.out.path().display())?;
        }
        match &self.options.trajectory {
            Some(trajectory) => self.options.say(trajectory.path().display()),
            None => Ok(()),
        }
    }
}

fn summary(description: &Description) -> String {
    let size = description.size;
    let classes = match (&description.class_names, description.unet.num_classes) {
        (Some(names), _) => {
            let numbered = names.iter().enumerate();
            let numbered: Vec<_> = numbered
                .map(|(at, name)| format!("{at} {}", OneLine(name)))
                .collect();
            format!(", {} classes ({})", names.len(), numbered.join(", "))
        }
        (None, Some(classes)) => format!(", {classes} classes"),
        (None, None) => String::new(),
    };
    let channels = match description.unet.in_channels {
        1 => "1 channel".to_owned(),
        channels => format!("{channels} channels"),
    };
    format!(
        "{}x{} pixels, {channels}{classes}, T = {}, {} at step {}",
        size.width,
        size.height,
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
