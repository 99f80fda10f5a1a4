//! The number that all randomness follows from.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::time::SystemTime;

/// A seed: given, or drawn where `random` was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seed {
    pub(crate) number: u64,
    drawn: bool,
}

impl Seed {
    /// What is to be said of a seed that was drawn, so that its result can be made again.
    pub(crate) fn note(self) -> Option<String> {
        let Self { number, drawn } = self;
        drawn.then(|| format!("seed {number}, drawn: --seed {number} makes the same again"))
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "random" {
            // The system's randomness is in the hasher; the time makes two of one process differ.
            let number = RandomState::new().hash_one(SystemTime::now());
            return Ok(Self {
                number,
                drawn: true,
            });
        }
        let number = text.parse().map_err(|_| {
            let last = u64::MAX;
            format!("neither a whole number from 0 to {last} nor random, which draws one")
        })?;
        Ok(Self {
            number,
            drawn: false,
        })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)
    }
}
