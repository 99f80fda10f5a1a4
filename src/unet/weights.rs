//! The weights of a network as one borrowed slice.

/// All parameters of a graph in one slice, each at its offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights<'a> {
    /// Weights in f32.
    F32(&'a [f32]),
    /// Weights in f16, as the bits of IEEE 754 binary16; arithmetic stays f32.
    F16(&'a [u16]),
    /// The same as bytes, the low one of each first, on any processor and at any address, such as those of a file that is
    /// part of a program.
    ///
    /// ```
    /// use iddpm::unet::Weights;
    /// const FILE: &[u8; 6] = b"\x00\x3c\x00\xc0\x00\x38"; // as by `include_bytes!`
    /// static WEIGHTS: Weights<'static> = Weights::F16Bytes(FILE.as_chunks().0); // 1, -2, 0.5
    /// assert_eq!(WEIGHTS.len(), 3);
    /// ```
    F16Bytes(&'a [[u8; 2]]),
}

impl Weights<'_> {
    /// The number of elements in the slice.
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(numbers) => numbers.len(),
            Self::F16Bytes(numbers) => numbers.len(),
        }
    }

    /// Whether the slice is empty.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
