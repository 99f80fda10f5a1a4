//! The content of a file: a network's weights, or an optimiser's moments.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The content of a file: what its numbers are, for each parameter of a network as many as it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// The parameters themselves: what makes a network.
    #[default]
    Weights,
    /// AdamW's first moment m: averages of the parameters' gradients.
    FirstMoment,
    /// AdamW's second moment v: averages of the squares of the parameters' gradients.
    SecondMoment,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "the weights of a network",
            Self::FirstMoment => "the optimiser's first moment (averages of gradients)",
            Self::SecondMoment => "the optimiser's second moment (averages of squared gradients)",
        })
    }
}
