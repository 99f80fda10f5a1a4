//! The log of a run: a JSON object a line, means over the steps since the line before. A number that is not
//! finite, as that of a step in f16 that was not taken, is in no mean.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use iddpm::files::{FileError, read_text, write_bytes};
use iddpm::train::{GradientNoise, StepReport};
use serde::{Deserialize, Serialize};

use super::events;
use super::files::Files;
use super::program::{Failure, warn};
use super::rates::Rates;

/// Bytes of a log that is read: some millions of lines.
const MOST: u64 = 1 << 30;

/// A line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    /// Steps done.
    pub(crate) step: u64,
    /// The mean loss.
    pub(crate) loss: Option<f64>,
    /// The mean squared error.
    pub(crate) mse: Option<f64>,
    /// The bound's term, in bits/dim.
    pub(crate) bound: Option<f64>,
    /// The loss by quartile of t.
    pub(crate) quartiles: [Option<f64>; 4],
    /// The norm of the gradient.
    grad_norm: Option<f64>,
    /// How much of the gradient is noise, where that is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noise: Option<GradientNoise>,
    /// The noise scale that follows, where there was signal in these steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noise_scale: Option<f64>,
    /// The learning rate of the last step.
    lr: f64,
    /// log₂ of the loss scale.
    loss_scale: Option<f64>,
    /// Steps that were not taken.
    not_taken: u64,
    /// Examples that were left out.
    skipped: u64,
    /// Images a second, of training alone.
    images_per_second: f64,
    /// The bound on held-out images after the last step, in bits/dim, where it was evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held_out: Option<f64>,
    /// What the learning rate follows from since the line before, where that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rates: Option<Rates>,
}

/// The lines of a file, but for a last one that was cut.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, Failure> {
    let text = read_text(path, MOST)?;
    let mut lines = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) if !line.ends_with('\n') => {}
            Err(_) => {
                let (path, line) = (path.display(), at + 1);
                return Err(format!(
                    "{path}:{line}: no line of a log; without this file, a new log is begun"
                )
                .into());
            }
        }
    }
    Ok(lines)
}

impl Line {
    /// Its numbers by name, those that there are.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let [first, second, third, last] = self.quartiles;
        let all = [
            ("loss", self.loss),
            ("mse", self.mse),
            ("bound", self.bound),
            ("loss/first quarter of t", first),
            ("loss/second quarter of t", second),
            ("loss/third quarter of t", third),
            ("loss/last quarter of t", last),
            ("grad_norm", self.grad_norm),
            ("noise", self.noise.map(|noise| noise.noise)),
            ("signal", self.noise.map(|noise| noise.signal)),
            ("noise_scale", self.noise_scale),
            ("lr", Some(self.lr)),
            ("loss_scale", self.loss_scale),
            ("not_taken", Some(self.not_taken as f64)),
            ("skipped", Some(self.skipped as f64)),
            ("images_per_second", Some(self.images_per_second)),
            ("held_out", self.held_out),
        ];
        let known = |(name, number): (_, Option<f64>)| Some((name, number?));
        all.into_iter().filter_map(known)
    }
}

/// A file that grows by whole pieces.
struct Growing {
    file: File,
    path: PathBuf,
    /// Bytes of whole pieces.
    len: u64,
    /// Whether it was said that a piece could not be written.
    told: bool,
}

impl Growing {
    /// Writes what there is so far, and goes on from there.
    fn begin(path: PathBuf, so_far: &[u8]) -> Result<Self, Failure> {
        write_bytes(&path, so_far)?;
        let opened = OpenOptions::new().append(true).open(&path);
        let named = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        match named {
            Ok((len, file)) => Ok(Self {
                file,
                path,
                len,
                told: false,
            }),
            Err(error) => Err(FileError {
                action: "opening",
                path,
                error,
            }
            .into()),
        }
    }

    /// Adds a piece whole or not at all. A run is not worth less for want of one; the next may fit again.
    fn add(&mut self, piece: &[u8]) {
        if let Err(error) = self.write(piece)
            && !self.told
        {
            self.told = true;
            let path = self.path.display();
            warn(format_args!(
                "{path}: {error}; training goes on, lines of this log are missing"
            ));
        }
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        // What a piece has left that was cut, as by a full disk.
        if self.file.metadata()?.len() > self.len {
            self.file.set_len(self.len)?;
        }
        self.file.write_all(piece)?;
        self.len += piece.len() as u64;
        Ok(())
    }
}

/// A log that is being written: as lines, and for TensorBoard.
pub(crate) struct Log {
    lines: Growing,
    events: Growing,
    every: u64,
    /// The time of steps alone.
    trained: Duration,
    images: usize,
    reports: Vec<StepReport>,
    /// For the next line.
    held_out: Option<f64>,
    rates: Option<Rates>,
}

impl Log {
    /// Goes on with a log, without the lines behind the step that the run goes on from, and with these learning
    /// rates where they are others from there on.
    pub(crate) fn open(
        files: &Files,
        step: u64,
        every: u64,
        rates: Option<Rates>,
    ) -> Result<Self, Failure> {
        let path = files.log();
        let kept: Vec<Line> = if path.exists() {
            let lines = read(&path)?.into_iter();
            lines.filter(|line| line.step <= step).collect()
        } else {
            Vec::new()
        };
        let (mut lines, mut records) = (Vec::new(), events::head());
        for line in &kept {
            lines.extend(text(line)?);
            records.extend(events::of_line(line));
        }
        Ok(Self {
            lines: Growing::begin(path, &lines)?,
            events: Growing::begin(files.events(), &records)?,
            every,
            trained: Duration::ZERO,
            images: 0,
            reports: Vec::new(),
            held_out: None,
            rates,
        })
    }

    /// Takes note of the bound on held-out images after the step that comes next.
    pub(crate) const fn held_out(&mut self, bits: f64) {
        self.held_out = Some(bits);
    }

    /// Takes note of a step of so many images and its time; what to show of those since the last line, where a line
    /// is due.
    pub(crate) fn add(
        &mut self,
        report: &StepReport,
        images: usize,
        time: Duration,
    ) -> Option<String> {
        self.reports.push(report.clone());
        self.images += images;
        self.trained += time;
        let due = report.step.is_multiple_of(self.every) || self.held_out.is_some();
        due.then(|| self.flush()).flatten()
    }

    /// Writes a line of what is left, and gives what to show of it.
    pub(crate) fn flush(&mut self) -> Option<String> {
        let line = self.line()?;
        self.rates = None;
        self.held_out = None;
        self.reports.clear();
        self.images = 0;
        self.trained = Duration::ZERO;
        match text(&line) {
            Ok(text) => self.lines.add(&text),
            Err(error) => warn(error),
        }
        self.events.add(&events::of_line(&line));
        let number = |mean: Option<f64>| mean.unwrap_or(f64::NAN);
        let noise_scale = match (line.noise, line.noise_scale) {
            (_, Some(scale)) => format!(", noise scale {scale:.1}"),
            (Some(_), None) => ", noise scale not told by so few steps".into(),
            (None, None) => String::new(),
        };
        Some(format!(
            "loss {:.4}, bits/dim of a term {:.5}, |g| {:.3}{noise_scale}, {:.0} images/s",
            number(line.loss),
            number(line.bound),
            number(line.grad_norm),
            line.images_per_second
        ))
    }

    /// The means since the last line; nothing where there was no step.
    fn line(&self) -> Option<Line> {
        let last = self.reports.last()?;
        let mean = |of: fn(&StepReport) -> f64| finite_mean(self.reports.iter().map(of));
        let quartile =
            |at: usize| finite_mean(self.reports.iter().filter_map(|r| *r.quartiles.get(at)?));
        let noise = GradientNoise::mean(self.reports.iter().filter_map(|r| r.noise));
        Some(Line {
            step: last.step,
            loss: mean(|r| r.loss),
            mse: mean(|r| r.mse),
            bound: mean(|r| r.bound),
            quartiles: [quartile(0), quartile(1), quartile(2), quartile(3)],
            grad_norm: mean(|r| r.grad_norm),
            noise,
            noise_scale: noise.and_then(GradientNoise::scale),
            lr: last.lr,
            loss_scale: last.loss_scale,
            not_taken: self.reports.iter().filter(|r| !r.taken).count() as u64,
            skipped: self.reports.iter().map(|r| r.skipped.len() as u64).sum(),
            images_per_second: self.images as f64 / self.trained.as_secs_f64(),
            held_out: self.held_out.filter(|bits| bits.is_finite()),
            rates: self.rates.clone(),
        })
    }
}

/// A line as the file has it.
fn text(line: &Line) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

/// The mean of those that are finite; `None` where none is.
fn finite_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (sum, count) = finite.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
