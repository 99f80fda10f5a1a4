//! The parameters of a network: names, shapes, and how they begin.

use alloc::string::String;
use alloc::vec::Vec;

/// How a parameter is initialised (the defaults of the public implementation's layers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Init {
    /// All 0.
    Zero,
    /// All 1.
    One,
    /// Uniform within ±1/√fan_in.
    Uniform {
        /// Numbers that go into one output.
        fan_in: usize,
    },
    /// N(0, 1).
    Normal,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name in a checkpoint.
    pub name: String,
    /// Its shape in a checkpoint, row-major.
    pub shape: Vec<usize>,
    /// Its first number in the one slice that holds all weights, a multiple of
    /// [`ALIGNMENT`](super::plan::ALIGNMENT).
    pub offset: usize,
    /// How it begins.
    pub init: Init,
}

impl Param {
    /// Numbers in it; [`usize::MAX`] where they are more.
    pub fn elements(&self) -> usize {
        if self.shape.contains(&0) {
            return 0;
        }
        self.shape.iter().copied().fold(1, usize::saturating_mul)
    }

    /// The first extent of its shape.
    pub fn rows(&self) -> usize {
        // A shape of no extents has no rows.
        self.shape.first().copied().unwrap_or(0)
    }
}
