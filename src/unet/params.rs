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
    /// Numbers in it.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The first extent of its shape.
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }
}

/// All parameters of a graph in one slice, each at its [`offset`](Param::offset).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights<'a> {
    /// f32.
    F32(&'a [f32]),
    /// The bits of IEEE 754 binary16; arithmetic stays f32.
    F16(&'a [u16]),
}

impl Weights<'_> {
    /// Numbers in the slice.
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
