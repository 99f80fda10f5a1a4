//! How many threads work on the processor.

use core::fmt;
use std::env;

use super::error::DrawError;

/// The variable by which a number is asked for where none is given.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// The number of threads that work, and of how many that were asked for. By default all that this process may use.
///
/// ```
/// use iddpm::run::Threads;
/// let one = Threads::choose(Some(1))?;
/// assert_eq!(one.to_string(), "1 thread");
/// assert!(Threads::default().count() >= 1);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    count: usize,
    asked: usize,
}

impl Threads {
    /// The number that work: 1 or more.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The number that were asked for.
    pub const fn asked(&self) -> usize {
        self.asked
    }

    /// Chooses as many as are asked for, or as `RAYON_NUM_THREADS` says, or all; no more than affinity and
    /// quota of this process allow.
    ///
    /// # Errors
    /// [`DrawError::Value`] for none at all, and where the variable says something that is no such number.
    pub fn choose(asked: Option<usize>) -> Result<Self, DrawError> {
        let most = Self::default().count;
        let asked = match asked {
            Some(0) => return Err(wrong("threads", "0")),
            Some(threads) => threads,
            None => asked_by_variable()?.unwrap_or(most),
        };
        Ok(Self {
            count: asked.min(most),
            asked,
        })
    }
}

impl Default for Threads {
    fn default() -> Self {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            count: most,
            asked: most,
        }
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

fn asked_by_variable() -> Result<Option<usize>, DrawError> {
    let Some(text) = env::var_os(VARIABLE) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|&number| number > 0);
    number.map(Some).ok_or_else(|| wrong(VARIABLE, text))
}

fn wrong(word: &'static str, value: &str) -> DrawError {
    DrawError::value(word, value, "not a whole number from 1 on")
}
