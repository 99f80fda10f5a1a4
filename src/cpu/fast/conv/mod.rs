//! Convolutions and linear layers: products of rows of the input with panels of weights, over the
//! output in blocks whose intermediate results stay in a cache.

mod direct;
mod tiles;
mod winograd;

pub(crate) use direct::{direct, direct_room};
pub(crate) use winograd::{winograd, winograd_room};

use crate::cpu::plain::conv::Window;
use crate::part::part;

/// Numbers of intermediate results that are kept at once.
const BLOCK: usize = 1 << 19;
/// Groups of rows that a piece of work takes at most.
const PIECE: usize = 8;

/// A convolution with all it reads.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub(crate) shape: Window,
    pub(crate) batch: usize,
    /// [N, H, W, K].
    pub(crate) input: &'a [f32],
    /// Panels.
    pub(crate) weight: &'a [f32],
    /// \[M\], padded to whole panels.
    pub(crate) bias: &'a [f32],
    /// [N, M].
    pub(crate) shift: Option<&'a [f32]>,
    /// [N, H', W', M].
    pub(crate) residual: Option<&'a [f32]>,
    /// Columns of a panel.
    pub(crate) width: usize,
}

impl Layer<'_> {
    fn panels(&self) -> usize {
        self.shape.to.channels.div_ceil(self.width)
    }

    /// The row of channels of the input at a row and column that the shape gave, if inside.
    #[inline(always)]
    fn row(&self, image: usize, y: Option<usize>, x: Option<usize>) -> &[f32] {
        let from = self.shape.from;
        match (y, x) {
            (Some(y), Some(x)) => {
                let position = (image * from.height + y) * from.width + x;
                part(self.input, position * from.channels, from.channels)
            }
            _ => &[],
        }
    }
}
