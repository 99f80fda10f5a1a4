//! How far a run is: a bar on a terminal, lines where there is none.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::program::warn;

/// What is shown of a run.
pub(crate) enum Shown {
    Bar(ProgressBar),
    Lines {
        steps: u64,
        /// Where it began, and when.
        first: u64,
        begun: Instant,
    },
}

impl Shown {
    /// Of a run of so many steps, of which these are done.
    pub(crate) fn new(steps: u64, done: u64) -> Self {
        if !stderr().is_terminal() {
            return Self::Lines {
                steps,
                first: done,
                begun: Instant::now(),
            };
        }
        let bar = ProgressBar::new(steps).with_position(done);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({eta} left)");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    /// A step is done.
    pub(crate) fn step(&self, step: u64) {
        if let Self::Bar(bar) = self {
            bar.set_position(step);
        }
    }

    /// What the log says of the steps up to this one.
    pub(crate) fn line(&self, step: u64, line: String) {
        match self {
            Self::Bar(bar) => bar.set_message(line),
            Self::Lines {
                steps,
                first,
                begun,
            } => {
                let each =
                    begun.elapsed().as_secs_f64() / step.saturating_sub(*first).max(1) as f64;
                let left = Duration::try_from_secs_f64(each * steps.saturating_sub(step) as f64);
                let left = HumanDuration(left.unwrap_or(Duration::MAX));
                warn(format_args!(
                    "step {step} of {steps}: {line}; {left:#} left"
                ));
            }
        }
    }

    /// Says something beside it.
    pub(crate) fn warn(&self, line: impl std::fmt::Display) {
        match self {
            Self::Bar(bar) => bar.suspend(|| warn(line)),
            Self::Lines { .. } => warn(line),
        }
    }

    /// Nothing more comes.
    pub(crate) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.abandon();
        }
    }
}
