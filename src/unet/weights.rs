//! The weights of a network as one borrowed slice.

/// All parameters of a graph in one slice, each at its offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights<'a> {
    /// Weights in f32.
    F32(&'a [f32]),
    /// Weights in f16, as the bits of IEEE 754 binary16; arithmetic stays f32.
    F16(&'a [u16]),
}

impl Weights<'_> {
    /// The number of elements in the slice.
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
        }
    }

    /// Whether the slice is empty.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
