//! Generates images from a checkpoint, on the GPU where there is one and on the processor where not.
//!
//! `cargo run --example sample --features gpu`
//!
//! Without arguments it loads the shipped sprites and draws a labelled grid.

#[cfg_attr(not(feature = "data"), path = "no_data.rs")]
mod data;
#[path = "../support/device_options.rs"]
mod device_options;
#[path = "../support/drawing_words.rs"]
mod drawing_words;
mod files;
mod options;
#[path = "../support/places.rs"]
#[allow(dead_code, reason = "of what several programs share")]
mod places;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
mod samples;
#[path = "../support/seed.rs"]
mod seed;
#[path = "../support/shipped.rs"]
mod shipped;
#[path = "../support/signals.rs"]
mod signals;
mod summary;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/words.rs"]
mod words;

use std::process::ExitCode;
use std::time::Instant;

use iddpm::run::{Album, Trajectory};
use iddpm::{Error, Model, Studio};
use indicatif::{ProgressBar, ProgressStyle};

use files::of_path;
use options::Options;
use program::{Failure, warn};
use samples::Samples;
use signals::{Stop, Stopped};

fn main() -> ExitCode {
    program::run(sample)
}

fn sample(options: &Options) -> Result<ExitCode, Failure> {
    options.check()?;
    let model = open(options)?;
    options.check_eta(&model)?;
    if let Some(size) = options.size {
        return draw_tile(options, &model, size);
    }
    let samples = Samples::new(options, &model)?;
    let steps = samples.draw.evaluations(&model);
    let steps = steps.map_err(|error| options.explain(error))? as usize;
    let album = Album::create(&options.out, &model, samples.count);
    let album = album.map_err(|error| match error {
        Error::Memory(error) => format!("--count {}: {error}", samples.count).into(),
        error => of_path("--out", &options.shown_out(), error),
    })?;
    if steps == 0 && options.trajectory.is_some() {
        return Err("--trajectory: --strength 0 takes no step".into());
    }
    let trajectory = options.trajectory(&model, samples.count, steps)?;
    if let Some(low_res) = &samples.low_res {
        options.say(low_res)?;
    }
    let studio = model.on(options.device.device()).map_err(by_option)?;
    // Before it is said that it runs: whoever waits for that may send a signal.
    let stop = Stop::listen()?;
    let (device, precision) = (studio.device(), studio.precision());
    options.say(format_args!("running on {device}{precision}"))?;
    let begun = Instant::now();
    let progress = progress_bar(samples.count * steps);
    let drawn = Drawing {
        options,
        samples: &samples,
        stop,
        progress: &progress,
    }
    .draw(studio, album, trajectory);
    progress.finish_and_clear();
    match drawn {
        Ok(()) => report(options, samples.count, steps, begun).map(|()| ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref::<Stopped>() {
            Some(stopped) => {
                warn(format_args!("sample: {stopped}"));
                Ok(stopped.status())
            }
            None => Err(error),
        },
    }
}

/// A tile of a picture without end.
fn draw_tile(
    options: &Options,
    model: &Model,
    (width, height): (usize, usize),
) -> Result<ExitCode, Failure> {
    let draw = options.draw()?;
    let mut studio = model.on(options.device.device()).map_err(by_option)?;
    let (device, precision) = (studio.device(), studio.precision());
    options.say(format_args!("running on {device}{precision}"))?;
    let begun = Instant::now();
    let mut plane = studio.plane(&draw).map_err(by_option)?;
    let (x, y) = options.at;
    let cost = plane.cost(x, y, (width, height)).map_err(by_option)?;
    let tile = plane.tile(x, y, (width, height)).map_err(by_option)?;
    let is_png = options.out.extension().is_some_and(|it| it == "png") || options.is_to_stdout();
    let saved = match is_png {
        true => tile.save_one(0, &options.out),
        false => tile.save(&options.out),
    };
    saved.map_err(|error| of_path("--out", &options.shown_out(), error))?;
    let seconds = begun.elapsed().as_secs_f64();
    options.say(format_args!(
        "{width}x{height} pixels at {x},{y} by {cost} steps of a window in {seconds:.1} s"
    ))?;
    if !options.is_to_stdout() {
        options.say(options.shown_out().display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An error by the option that it names.
fn by_option(error: Error) -> Failure {
    match error {
        Error::Draw(error) if error.option().is_some() => format!("--{error}").into(),
        error => error.into(),
    }
}

/// The model, once it is said which it is.
fn open(options: &Options) -> Result<Model, Failure> {
    let model = Model::open_as(options.checkpoint(), options.precision);
    let model = model.map_err(|error| format!("--checkpoint: {error}"))?;
    for note in model.notes() {
        options.say(note)?;
    }
    let path = model.path().unwrap_or(std::path::Path::new("")).display();
    options.say(format_args!("{path}: {}", summary::of(&model)))?;
    if let Some(note) = options.seed.note() {
        options.say(note)?;
    }
    Ok(model)
}

/// All that images are made of.
struct Drawing<'a> {
    options: &'a Options,
    samples: &'a Samples,
    stop: Stop,
    progress: &'a ProgressBar,
}

impl Drawing<'_> {
    fn draw(
        &self,
        mut studio: Studio,
        mut album: Album,
        mut trajectory: Option<Trajectory>,
    ) -> Result<(), Failure> {
        let Self {
            options, samples, ..
        } = self;
        for first in (0..samples.count).step_by(options.batch) {
            let numbers = first..samples.count.min(first + options.batch);
            let done = self.batch(&mut studio, numbers, &mut trajectory, &mut album);
            if let Err(error) = done {
                self.progress.finish_and_clear();
                self.say_what_is_there(&album);
                return Err(error);
            }
            // Of the first batch alone.
            if let Some(trajectory) = trajectory.take() {
                trajectory.finish()?;
            }
        }
        Ok(album.finish()?)
    }

    fn batch(
        &self,
        studio: &mut Studio,
        numbers: std::ops::Range<usize>,
        trajectory: &mut Option<Trajectory>,
        album: &mut Album,
    ) -> Result<(), Failure> {
        let images = numbers.len() as u64;
        let numbers = numbers.start as u64..numbers.end as u64;
        let begun = self.samples.begin(studio, numbers);
        let mut run = begun.map_err(|error| self.options.explain(error))?;
        if let Some(trajectory) = trajectory {
            while run.advance()? {
                self.progress.inc(images);
                trajectory.add(&run.preview()?)?;
                if let Some(stopped) = self.stop.heard() {
                    return Err(stopped.into());
                }
            }
        } else {
            let mut stopped = None;
            run.finish_while(|_| {
                self.progress.inc(images);
                stopped = self.stop.heard();
                stopped.is_none()
            })?;
            if let Some(stopped) = stopped {
                return Err(stopped.into());
            }
        }
        Ok(album.add(&run.images()?)?)
    }

    /// What a run that ends early leaves.
    fn say_what_is_there(&self, album: &Album) {
        let (path, count) = (album.path().display(), self.samples.count);
        match album.made() {
            Some(made) => warn(format_args!("{path}: {made} of {count} images are there")),
            None => warn(format_args!("{path}: nothing is written")),
        }
    }
}

fn report(options: &Options, count: usize, steps: usize, begun: Instant) -> Result<(), Failure> {
    let plural = if count == 1 { "" } else { "s" };
    let seconds = begun.elapsed().as_secs_f64();
    options.say(match steps {
        0 => format!("{count} image{plural}, as --init is"),
        steps => {
            let each = seconds * 1e3 / (steps as f64 * count as f64);
            format!(
                "{count} image{plural} of {steps} step{} in {seconds:.1} s: {each:.2} ms for a step of one image",
                if steps == 1 { "" } else { "s" },
            )
        }
    })?;
    if !options.is_to_stdout() {
        options.say(options.shown_out().display())?;
    }
    match &options.trajectory {
        Some(trajectory) => options.say(trajectory.display()),
        None => Ok(()),
    }
}

fn progress_bar(steps: usize) -> ProgressBar {
    let template = "{bar:40} {percent:>3}% {per_sec} image steps, {eta} left";
    // The template is a constant; a bar without it would do as well.
    let style = ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(steps as u64).with_style(style)
}
