//! Which edges of an image are one: across them convolutions see the other side in place of zeros.

use super::operation::Attribute;
use crate::diffusion::names::plain_names;

/// The directions in which an image goes round, so that copies of it laid side by side have no seams.
///
/// ```
/// use iddpm::unet::Wrap;
/// assert_eq!("xy".parse(), Ok(Wrap::Xy));
/// assert!(Wrap::X.columns() && !Wrap::X.rows());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Wrap {
    /// No direction: what lies outside is 0.
    #[default]
    None,
    /// From left to right: the first column follows the last.
    X,
    /// From top to bottom: the first row follows the last.
    Y,
    /// Both.
    Xy,
}

plain_names! { "wrap", Wrap[4]: None = "none", X = "x", Y = "y", Xy = "xy" }

impl Wrap {
    /// Whether the first column follows the last.
    #[inline(always)]
    pub const fn columns(self) -> bool {
        matches!(self, Self::X | Self::Xy)
    }

    /// Whether the first row follows the last.
    #[inline(always)]
    pub const fn rows(self) -> bool {
        matches!(self, Self::Y | Self::Xy)
    }
}

impl Attribute for Wrap {
    fn word(self) -> u32 {
        self as u32
    }

    fn from_word(word: u32) -> Option<Self> {
        Self::ALL.get(word as usize).copied()
    }
}
