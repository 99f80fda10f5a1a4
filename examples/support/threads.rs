//! How many threads work on the processor.

use clap::Args;
use iddpm::run::{DrawError, Threads};

/// How many threads, where a number was asked for.
#[derive(Args, Clone)]
pub(crate) struct ThreadOptions {
    /// Threads on the processor, at most those that this process may use; all of them where none is given,
    /// or as many as RAYON_NUM_THREADS says. Results are the same with any number.
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) threads: Option<usize>,
}

impl ThreadOptions {
    /// As many as were asked for, and no more than affinity and quota allow.
    pub(crate) fn choose(&self) -> Result<Threads, DrawError> {
        Threads::choose(self.threads)
    }
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "not a whole number from 1 on".into())
}
