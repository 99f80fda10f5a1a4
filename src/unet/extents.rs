//! How large one image is.

/// [C, H, W].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Extents {
    /// C.
    pub channels: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
}

impl Extents {
    /// C·H·W; [`usize::MAX`], which no slice is as long as, where that is more.
    pub const fn elements(self) -> usize {
        // What is 0 stays 0, in whatever order.
        self.channels.saturating_mul(self.positions())
    }

    /// H·W; [`usize::MAX`] where that is more.
    pub const fn positions(self) -> usize {
        self.height.saturating_mul(self.width)
    }
}
