//! What a field of an operation, or of a tensor, must be.

use core::fmt;

use super::tensor::Shape;

/// The values that a field may have, or what the tensor must be that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Expected {
    /// This number.
    Exactly(usize),
    /// One of two numbers.
    Either(usize, usize),
    /// A number from one to another.
    Within(usize, usize),
    /// A number below this one.
    Below(usize),
    /// This number or a smaller one.
    AtMost(usize),
    /// A multiple of this number.
    MultipleOf(usize),
    /// A number that divides this one.
    DivisorOf(usize),
    /// A tensor of this shape.
    Shape {
        /// The shape that it must be of.
        due: Shape,
        /// The shape that it is of.
        found: Shape,
    },
    /// A tensor of this shape, or of one with twice the channels.
    ShapeOrTwice {
        /// The shape that it must be of, or twice it.
        due: Shape,
        /// The shape that it is of.
        found: Shape,
    },
    /// A tensor of even height and width.
    EvenSides {
        /// The shape that it is of.
        found: Shape,
    },
    /// A tensor of so many images.
    Images {
        /// The number of images of a batch.
        due: usize,
        /// The number of images that it is of.
        found: usize,
    },
    /// A parameter of so many elements.
    Elements {
        /// The number of elements that it must have.
        due: usize,
        /// The number of elements that it has.
        found: usize,
    },
    /// The first of so many elements within all that there are.
    FirstOf {
        /// The number of elements from it on.
        elements: usize,
        /// The number of all elements.
        all: usize,
    },
}

impl fmt::Display for Expected {
    /// Such that "must be" goes before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(due) => write!(f, "{due}"),
            Self::Either(one, other) => write!(f, "{one} or {other}"),
            Self::Within(first, last) => write!(f, "from {first} to {last}"),
            Self::Below(end) => write!(f, "below {end}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::MultipleOf(of) => write!(f, "a multiple of {of}"),
            Self::DivisorOf(of) => write!(f, "a divisor of {of}"),
            Self::Shape { due, found } => write!(f, "a tensor of {due}, but it is of {found}"),
            Self::ShapeOrTwice { due, found } => write!(
                f,
                "a tensor of {due}, or of twice the channels, but it is of {found}"
            ),
            Self::EvenSides { found } => {
                write!(f, "a tensor of even sides, but it is of {found}")
            }
            Self::Images { due, found } => {
                write!(f, "a tensor of {due} images, but it is of {found}")
            }
            Self::Elements { due, found } => {
                write!(f, "a parameter of {due} elements, but it has {found}")
            }
            Self::FirstOf { elements, all } => write!(f, "the first of {elements} of {all}"),
        }
    }
}

/// What an error says of a field: what it must be, where that can be said in a word.
pub(crate) struct Must(pub(crate) Option<Expected>);

impl fmt::Display for Must {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(expected) => write!(f, ", must be {expected}"),
            None => f.write_str(" is out of bounds or does not fit the others"),
        }
    }
}

/// A field that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) field: &'static str,
    pub(crate) value: usize,
    pub(crate) expected: Option<Expected>,
}

impl Wrong {
    pub(crate) const fn new(field: &'static str, value: usize, expected: Expected) -> Self {
        Self {
            field,
            value,
            expected: Some(expected),
        }
    }
}
