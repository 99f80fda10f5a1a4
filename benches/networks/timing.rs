//! How long something takes.

use std::time::{Duration, Instant};

/// Repeats last at least so long, so that what comes once a repeat does not count.
const REPEAT: f64 = 0.05;
/// Most runs of a repeat.
const MOST: usize = 64;

/// Seconds that a run takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) median: f64,
    /// What else runs on the machine only adds to it.
    pub(crate) fastest: f64,
    pub(crate) repeats: usize,
    /// Runs of a repeat, one after the other.
    pub(crate) runs: usize,
}

/// Times repeats for so long, 5 of them at least, after two to warm up; `run` runs so often, and waits.
pub(crate) fn time(budget: Duration, mut run: impl FnMut(usize)) -> Timing {
    let mut once = |runs: usize| {
        let begun = Instant::now();
        run(runs);
        begun.elapsed().as_secs_f64() / runs as f64
    };
    once(1);
    let runs = ((REPEAT / once(1)).ceil() as usize).clamp(1, MOST);
    let begun = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < 5 || begun.elapsed() < budget {
        seconds.push(once(runs));
    }
    seconds.sort_by(f64::total_cmp);
    Timing {
        median: seconds[seconds.len() / 2],
        fastest: seconds[0],
        repeats: seconds.len(),
        runs,
    }
}
