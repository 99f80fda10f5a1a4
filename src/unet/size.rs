//! The size of a network's images.

/// The size of a network's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ImageSize {
    /// The height of an image: its rows.
    pub height: usize,
    /// The width of an image: its columns.
    pub width: usize,
    /// The height and width of the low-resolution image, for a super-resolution network;
    /// `None` where the network takes none, or one as large as the image.
    // By default serde takes a missing `Option` for `None`; here nothing may be left out.
    #[cfg_attr(
        feature = "serde",
        serde(deserialize_with = "serde::Deserialize::deserialize")
    )]
    pub low_res: Option<(usize, usize)>,
}

impl ImageSize {
    /// The size of square images.
    pub const fn square(side: usize) -> Self {
        Self {
            height: side,
            width: side,
            low_res: None,
        }
    }

    /// The size of square images that are made of smaller square images.
    pub const fn upsampled(side: usize, low_res: usize) -> Self {
        Self {
            low_res: Some((low_res, low_res)),
            ..Self::square(side)
        }
    }

    /// Whether the low-resolution image is as large as the image, in a direction, or larger, which is a
    /// mistake.
    pub fn shrinks(self) -> bool {
        let larger = |(rows, columns)| rows >= self.height || columns >= self.width;
        self.low_res.is_some_and(larger)
    }

    /// The height and width of the low-resolution image: where none is said, those of the image.
    pub(super) fn low_res(self) -> (usize, usize) {
        self.low_res.unwrap_or((self.height, self.width))
    }
}
