//! The names of what a process is made of, as files and command lines have them.
//!
//! What is written is read back as the same.

use core::fmt;
use core::str::FromStr;

use super::card::Weights;
use super::error::Error;
use super::posterior::Variance;
use super::prediction::Prediction;
use super::schedule::Schedule;

impl Prediction {
    /// Every prediction that there is.
    pub const ALL: [Self; 4] = [Self::Epsilon, Self::XStart, Self::PreviousX, Self::V];

    /// Its name: `epsilon`, `x_start`, `previous_x` or `v`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epsilon => "epsilon",
            Self::XStart => "x_start",
            Self::PreviousX => "previous_x",
            Self::V => "v",
        }
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Prediction {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name).ok_or(Error::Unknown {
            what: "prediction",
            known: "epsilon, x_start, previous_x, v",
        })
    }
}

impl Variance {
    /// Every variance that there is.
    pub const ALL: [Self; 4] = [
        Self::FixedSmall,
        Self::FixedLarge,
        Self::Learned,
        Self::LearnedRange,
    ];

    /// Its name: `fixed_small`, `fixed_large`, `learned` or `learned_range`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedSmall => "fixed_small",
            Self::FixedLarge => "fixed_large",
            Self::Learned => "learned",
            Self::LearnedRange => "learned_range",
        }
    }
}

impl fmt::Display for Variance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Variance {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name).ok_or(Error::Unknown {
            what: "variance",
            known: "fixed_small, fixed_large, learned, learned_range",
        })
    }
}

impl fmt::Display for Weights {
    /// `raw`, or `ema:` and the rate: `ema:0.9999`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw => f.write_str("raw"),
            Self::Ema { rate } => write!(f, "ema:{rate}"),
        }
    }
}

impl FromStr for Weights {
    type Err = Error;

    /// Reads `raw`, or `ema:` and a rate within [0, 1].
    fn from_str(name: &str) -> Result<Self, Error> {
        let rate = || name.strip_prefix("ema:")?.parse().ok();
        match rate() {
            Some(rate) if (0.0..=1.0).contains(&rate) => Ok(Self::Ema { rate }),
            None if name == "raw" => Ok(Self::Raw),
            _ => Err(Error::Unknown {
                what: "kind of weights",
                known: "raw, and ema:RATE with a rate from 0 to 1",
            }),
        }
    }
}

impl fmt::Display for Schedule<'_> {
    /// `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`; of tables `betas` and `alpha_bars`,
    /// which are not read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::SIGMOID {
            return f.write_str("sigmoid");
        }
        match *self {
            Self::Linear => f.write_str("linear"),
            Self::Cosine => f.write_str("cosine"),
            Self::Sigmoid { start, end, tau } => write!(f, "sigmoid:{start},{end},{tau}"),
            Self::Betas(_) => f.write_str("betas"),
            Self::AlphaBars(_) => f.write_str("alpha_bars"),
        }
    }
}

impl FromStr for Schedule<'_> {
    type Err = Error;

    /// Reads `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "linear" => Ok(Self::Linear),
            "cosine" => Ok(Self::Cosine),
            "sigmoid" => Ok(Self::SIGMOID),
            _ => sigmoid(name).ok_or(Error::Unknown {
                what: "schedule",
                known: "linear, cosine, sigmoid, sigmoid:START,END,TAU",
            }),
        }
    }
}

fn sigmoid<'a>(name: &str) -> Option<Schedule<'a>> {
    let mut numbers = name.strip_prefix("sigmoid:")?.split(',');
    let mut next = || numbers.next()?.parse().ok();
    let (start, end, tau) = (next()?, next()?, next()?);
    match numbers.next() {
        None => Some(Schedule::Sigmoid { start, end, tau }),
        Some(_) => None,
    }
}
