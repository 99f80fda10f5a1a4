//! The log of a run: a JSON object a line, means over the steps since the line before. A number that is not
//! finite, as that of a step in f16 that was not taken, is in no mean.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use iddpm::files::{FileError, read_text, write_whole};
use iddpm::train::StepReport;
use serde::{Deserialize, Serialize};

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
    /// The learning rate of the last step.
    lr: f64,
    /// log₂ of the loss scale.
    loss_scale: Option<f64>,
    /// Steps that were not taken.
    not_taken: u64,
    /// Examples that were left out.
    skipped: u64,
    /// Images a second.
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

/// A log that is being written.
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines.
    len: u64,
    /// Whether it was said that a line could not be written.
    told: bool,
    every: u64,
    begun: Instant,
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
        path: &Path,
        step: u64,
        every: u64,
        rates: Option<Rates>,
    ) -> Result<Self, Failure> {
        let kept: Vec<Line> = if path.exists() {
            let lines = read(path)?.into_iter();
            lines.filter(|line| line.step <= step).collect()
        } else {
            Vec::new()
        };
        write_whole(path, |file| -> Result<(), Failure> {
            for line in &kept {
                writeln!(file, "{}", serde_json::to_string(line)?)?;
            }
            Ok(())
        })?;
        let opened = OpenOptions::new().append(true).open(path);
        let named = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = named.map_err(|error| FileError {
            action: "opening",
            path: path.into(),
            error,
        })?;
        Ok(Self {
            file,
            path: path.into(),
            len,
            told: false,
            every,
            begun: Instant::now(),
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

    /// Takes note of a step; what to show of those since the last line, where a line is due.
    pub(crate) fn add(&mut self, report: &StepReport, images: usize) -> Option<String> {
        self.reports.push(report.clone());
        self.images += images;
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
        self.begun = Instant::now();
        if let Err(error) = self.write(&line)
            && !self.told
        {
            // A run is not worth less for want of its log; the next line may fit again.
            self.told = true;
            let path = self.path.display();
            warn(format_args!(
                "{path}: {error}; training goes on, lines of this log are missing"
            ));
        }
        let number = |mean: Option<f64>| mean.unwrap_or(f64::NAN);
        Some(format!(
            "loss {:.4}, bits/dim of a term {:.5}, |g| {:.3}, {:.0} images/s",
            number(line.loss),
            number(line.bound),
            number(line.grad_norm),
            line.images_per_second
        ))
    }

    /// Appends a line whole or not at all.
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let text = format!("{}\n", serde_json::to_string(line)?);
        // What a line has left that was cut, as by a full disk.
        if self.file.metadata()?.len() > self.len {
            self.file.set_len(self.len)?;
        }
        self.file.write_all(text.as_bytes())?;
        self.len += text.len() as u64;
        Ok(())
    }

    /// The means since the last line; nothing where there was no step.
    fn line(&self) -> Option<Line> {
        let last = self.reports.last()?;
        let mean = |of: fn(&StepReport) -> f64| finite_mean(self.reports.iter().map(of));
        let quartile =
            |at: usize| finite_mean(self.reports.iter().filter_map(|r| *r.quartiles.get(at)?));
        Some(Line {
            step: last.step,
            loss: mean(|r| r.loss),
            mse: mean(|r| r.mse),
            bound: mean(|r| r.bound),
            quartiles: [quartile(0), quartile(1), quartile(2), quartile(3)],
            grad_norm: mean(|r| r.grad_norm),
            lr: last.lr,
            loss_scale: last.loss_scale,
            not_taken: self.reports.iter().filter(|r| !r.taken).count() as u64,
            skipped: self.reports.iter().map(|r| r.skipped.len() as u64).sum(),
            images_per_second: self.images as f64 / self.begun.elapsed().as_secs_f64(),
            held_out: self.held_out.filter(|bits| bits.is_finite()),
            rates: self.rates.clone(),
        })
    }
}

/// The mean of those that are finite; `None` where none is.
fn finite_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (sum, count) = finite.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
