//! How long a drawing's part of each frame took.

use std::time::Duration;

/// The time of a frame that a drawing may take; none for what is no time, where the least is done all the same.
pub(crate) fn of_frame(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1e3).unwrap_or_default()
}

/// Bars of the histogram.
pub(crate) const BARS: usize = 32;

/// The milliseconds of a drawing's frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn add(&mut self, milliseconds: f64) {
        self.0.push(milliseconds);
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The time below which this share of the frames lies; 0 where there is none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share) as usize).copied().unwrap_or(0.0)
    }

    /// How many frames fall into each of the bars up to so many milliseconds; the last has those beyond too.
    pub(crate) fn bars(&self, most: f64) -> [usize; BARS] {
        let mut bars = [0; BARS];
        for time in &self.0 {
            let bar = (time / most * BARS as f64) as usize;
            if let Some(bar) = bars.get_mut(bar.min(BARS - 1)) {
                *bar += 1;
            }
        }
        bars
    }
}
