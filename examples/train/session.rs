//! A run, from the step that it begins at to its last: trained, saved, logged, drawn, stopped.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::mem::take;
use std::time::{Duration, Instant};

use clap::ArgMatches;
use iddpm::run::{Training, Validation};
use iddpm::train::{RunDirectory, StepReport};

use super::files::Files;
use super::log::Log;
use super::options::Options;
use super::program::{Failure, say};
use super::rates::Rates;
use super::shown::Shown;
use super::signals::{Stop, Stopped};
use super::{grid, plot, settings};

/// A run as it goes on.
pub(crate) struct Session<'o> {
    options: &'o Options,
    files: Files,
    training: Training,
    validation: Option<Validation>,
    log: Log,
    shown: Shown,
    stop: Stop,
    /// The time of steps that the log does not know of.
    trained: Duration,
    /// What was left out of this process's steps, as it was said.
    left_out: BTreeSet<String>,
}

impl<'o> Session<'o> {
    /// Makes all ready: from here on there is a state to go on from, with its options, and signals are heard. The
    /// learning rates are given where they are others from here on.
    ///
    /// # Errors
    /// What was in the way, and which state is whole.
    pub(crate) fn begin(
        options: &'o Options,
        files: Files,
        mut training: Training,
        given: &ArgMatches,
        rates: Option<Rates>,
        validation: Option<Validation>,
    ) -> Result<Self, Failure> {
        if options.samples.every() > 0
            && !training.run().trainer().description().unet.super_resolution
        {
            options.samples.check(&training.model()?)?;
        }
        let stop = Stop::listen()?;
        let step = training.position();
        if step == 0 {
            let saved = training.save();
            saved.map_err(|error| told(training.folder(), &error))?;
        }
        // From here on there is a state that they are of.
        let kept = settings::keep(files.options(), options, given);
        kept.map_err(|error| told(training.folder(), &error))?;
        let log = Log::open(&files, step, options.log_every, rates);
        let log = log.map_err(|error| told(training.folder(), &error))?;
        say(format_args!("log: {}", files.log().display()))?;
        Ok(Self {
            left_out: BTreeSet::new(),
            trained: Duration::ZERO,
            options,
            files,
            training,
            validation,
            log,
            shown: Shown::new(options.distill.last().1, step),
            stop,
        })
    }

    /// Trains up to the last step, or until it is stopped; by what, where it was.
    ///
    /// # Errors
    /// What ended it, and which state is whole.
    pub(crate) fn run(mut self) -> Result<Option<Stopped>, Failure> {
        let ended = self.train();
        self.log.flush();
        self.shown.end();
        let ended = ended.and_then(|stopped| Ok((stopped, self.training.save()?)));
        let (stopped, state) = ended.map_err(|error| told(self.training.folder(), &error))?;
        // From here on all is saved: what cannot be said changes nothing of it.
        let step = self.training.position();
        let _ = say(format_args!("step {step}: {}", state.display()));
        let skipped = self.training.run().trainer().progress().skipped;
        if skipped > 0 {
            let _ = say(format_args!(
                "examples left out: {}, {skipped} times in all",
                self.left_out.len()
            ));
        }
        if self.plot() {
            drop(say(self.files.plot().display()));
        }
        let Some(stopped) = stopped else {
            return Ok(None);
        };
        self.shown.warn(format_args!(
            "train: {stopped} at step {step} of {}: --resume goes on",
            self.options.distill.last().1
        ));
        Ok(Some(stopped))
    }

    /// Draws the plot of what is logged; whether there was any.
    fn plot(&self) -> bool {
        let drawn = plot::draw(&self.files.log(), &self.files.plot());
        drawn.unwrap_or_else(|error| {
            self.shown.warn(error);
            false
        })
    }

    fn train(&mut self) -> Result<Option<Stopped>, Failure> {
        let (_, last) = self.options.distill.last();
        while self.training.position() < last {
            if let Some(stopped) = self.stop.heard() {
                return Ok(Some(stopped));
            }
            let begun = Instant::now();
            let report = self.training.step()?;
            self.trained += begun.elapsed();
            let ends = self.validate(report.step)?;
            self.show(&report);
            if let Some(why) = ends {
                say(why)?;
                return Ok(None);
            }
            if self.training.save_if_due()?.is_some() {
                self.plot();
            }
            let every = self.options.samples.every();
            if every > 0 && report.step.is_multiple_of(every) {
                let path = self.files.grid(report.step);
                let threads = self.options.device.threads.choose()?.count();
                let samples = &self.options.samples;
                if let Err(error) = grid::draw(&self.training, samples, &path, threads, &self.stop)
                {
                    self.shown.warn(error);
                }
            }
        }
        Ok(None)
    }

    /// Evaluates held-out images, where that is due; why the run ends, where it does.
    fn validate(&mut self, step: u64) -> Result<Option<String>, Failure> {
        let Some(validation) = self
            .validation
            .as_mut()
            .filter(|_| self.options.val.is_due(step))
        else {
            return Ok(None);
        };
        let stop = &self.stop;
        let validated = validation.evaluate(&self.training, &mut || stop.heard().is_none())?;
        let Some(validated) = validated else {
            return Ok(None);
        };
        self.log.held_out(validated.bits.mean);
        let (bits, best) = (validated.bits, validated.best.step);
        say(format_args!(
            "step {step}: {bits} bits/dim of held-out images, the best at step {best}"
        ))?;
        Ok(self.options.val.ends(step, &validated))
    }

    fn show(&mut self, report: &StepReport) {
        for skipped in &report.skipped {
            let line = format!("left out: {skipped}");
            // It comes up again each time that it is drawn.
            if self.left_out.insert(line.clone()) {
                self.shown.warn(line);
            }
        }
        self.shown.step(report.step);
        let images = self.training.run().trainer().config().batch;
        if let Some(line) = self.log.add(report, images, take(&mut self.trained)) {
            self.shown.line(report.step, line);
        }
    }
}

/// What ended a run, and what it can go on from.
fn told(folder: &RunDirectory, error: &dyn Display) -> Failure {
    let whole = match folder.latest() {
        Ok(Some(state)) => format!("{} is whole", state.display()),
        Ok(None) => "nothing was saved".into(),
        Err(error) => error.to_string(),
    };
    format!("{error}; {whole}").into()
}
