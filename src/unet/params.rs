//! The parameters of a network: their names, their shapes, and how they are initialised.

use alloc::string::String;
use alloc::vec::Vec;

/// The initialisation of a parameter (by the defaults of the public implementation's layers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Init {
    /// Initialised to 0.
    Zero,
    /// Initialised to 1.
    One,
    /// Initialised uniformly within ±1/√fan_in.
    Uniform {
        /// The number of inputs that go into one output.
        fan_in: usize,
    },
    /// Initialised by normal deviates, N(0, 1).
    Normal,
}

/// A parameter of a network: its name, its shape, and its place among the weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The name of the parameter in a checkpoint.
    pub name: String,
    /// The shape of the parameter in a checkpoint, row-major.
    pub shape: Vec<usize>,
    /// The first element of the parameter in the one slice that holds all weights, a multiple of
    /// [`ALIGNMENT`](super::plan::ALIGNMENT).
    pub offset: usize,
    /// The initialisation of the parameter.
    pub init: Init,
}

impl Param {
    /// The number of elements of the parameter; [`usize::MAX`] where they are more.
    pub fn elements(&self) -> usize {
        if self.shape.contains(&0) {
            return 0;
        }
        self.shape.iter().copied().fold(1, usize::saturating_mul)
    }

    /// The number of rows: the first extent of the parameter's shape.
    pub fn rows(&self) -> usize {
        // A shape of no extents has no rows.
        self.shape.first().copied().unwrap_or(0)
    }
}
