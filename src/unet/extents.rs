//! How large one image is.

/// [C, H, W].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Extents {
    /// C.
    pub channels: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
}

impl Extents {
    /// C·H·W.
    pub const fn elements(self) -> usize {
        self.channels * self.height * self.width
    }

    /// H·W.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }
}
