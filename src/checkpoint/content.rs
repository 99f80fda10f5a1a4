//! What the numbers of a file are: a network's weights, or an optimiser's moments.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What the numbers of a file are: for each parameter of a network, as many as it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// The parameters themselves: what makes a network.
    #[default]
    Weights,
    /// AdamW's m: averages of their gradients.
    FirstMoment,
    /// AdamW's v: averages of their gradients' squares.
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
