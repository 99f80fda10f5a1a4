//! How many threads work on the processor.

use std::env;
use std::fmt;

use clap::Args;

/// The variable by which a number is asked for where `--threads` is not given.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// How many threads, where a number was asked for.
#[derive(Args)]
pub(crate) struct ThreadOptions {
    /// Threads on the processor, at most those that this process may use; all of them where none is given,
    /// or as many as RAYON_NUM_THREADS says. Results are the same with any number.
    #[arg(long, value_name = "N", value_parser = number)]
    pub(crate) threads: Option<usize>,
}

/// So many threads, and of how many that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threads {
    pub(crate) count: usize,
    asked: usize,
}

impl ThreadOptions {
    /// As many as were asked for, and no more than affinity and quota allow.
    ///
    /// # Errors
    /// Where the variable says something that is no such number.
    pub(crate) fn choose(&self) -> Result<Threads, String> {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        let asked = match self.threads {
            Some(threads) => threads,
            None => asked_by_variable()?.unwrap_or(most),
        };
        Ok(Threads {
            count: asked.min(most),
            asked,
        })
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, asked } = self;
        write!(f, "{count} thread{}", if *count == 1 { "" } else { "s" })?;
        if asked > count {
            write!(f, " of the {asked} asked for: this process may use no more")?;
        }
        Ok(())
    }
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "not a whole number from 1 on".into())
}

fn asked_by_variable() -> Result<Option<usize>, String> {
    let Some(text) = env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    match text.trim() {
        "" => Ok(None),
        text => number(text)
            .map(Some)
            .map_err(|why| format!("{VARIABLE} {text}: {why}")),
    }
}
