//! The extents of one image: channels, height and width.

use core::fmt;

/// The extents of one image, [C, H, W]; as text, `32x24, 3 channels`, width first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Extents {
    /// The number of channels C.
    pub channels: usize,
    /// The height H.
    pub height: usize,
    /// The width W.
    pub width: usize,
}

impl Extents {
    /// The number of elements C·H·W; [`usize::MAX`], which no slice is as long as, where that is more.
    pub const fn elements(self) -> usize {
        // What is 0 stays 0, in whatever order.
        self.channels.saturating_mul(self.positions())
    }

    /// The number of positions H·W; [`usize::MAX`] where that is more.
    pub const fn positions(self) -> usize {
        self.height.saturating_mul(self.width)
    }
}

impl fmt::Display for Extents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            channels,
            height,
            width,
        } = self;
        write!(f, "{width}x{height}, {channels} channels")
    }
}
