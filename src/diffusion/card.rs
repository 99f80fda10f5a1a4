//! The card of a model: what must travel with a file of weights, so that it can be used at all.

use core::fmt;
use core::str::FromStr;

use super::error::Error;
use super::names::numbers;
use super::process::Diffusion;

/// The form of a network's weights in a file: raw or averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WeightSet {
    /// The weights as the optimiser left them.
    Raw,
    /// The exponential moving average of the weights.
    Ema {
        /// The rate of the moving average, such as 0.9999.
        rate: f64,
    },
}

impl fmt::Display for WeightSet {
    /// `raw`, or `ema:` and the rate: `ema:0.9999`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw => f.write_str("raw"),
            Self::Ema { rate } => write!(f, "ema:{rate}"),
        }
    }
}

impl FromStr for WeightSet {
    type Err = Error;

    /// Reads `raw`, or `ema:` and a rate within [0, 1].
    fn from_str(name: &str) -> Result<Self, Error> {
        match numbers(name, "ema:") {
            Some([rate]) if (0.0..=1.0).contains(&rate) => Ok(Self::Ema { rate }),
            None if name == "raw" => Ok(Self::Raw),
            _ => Err(Error::Unknown {
                what: "kind of weights",
                known: "raw, and ema:RATE with a rate from 0 to 1",
            }),
        }
    }
}

/// The process a network was trained on, which of its weights these are, and when they were taken.
///
/// Nothing in it has a default when it is read: a card that leaves a field out is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ModelCard<'a> {
    /// The diffusion process.
    pub diffusion: Diffusion<'a>,
    /// Whether the weights are raw or averaged.
    pub weights: WeightSet,
    /// The number of training steps taken before these weights.
    pub step: u64,
}
