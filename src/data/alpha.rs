//! What becomes of transparency.

use core::fmt;
use core::str::FromStr;
use std::string::String;
use std::vec::Vec;

use crate::diffusion::pixels::{has_alpha, over};
use crate::text::OneLine;
use crate::unet::Extents;

/// What becomes of what is transparent.
///
/// As text `keep`, or `over:#ffffff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alpha {
    /// It stays so: images have four channels, red, green, blue and alpha, the colours
    /// [premultiplied](crate::diffusion::pixels::premultiply). A picture without alpha is opaque.
    Keep,
    /// It is painted over a ground of this red, green and blue, and images have no alpha.
    Over([u8; 3]),
}

impl Alpha {
    /// Over white, as pictures without alpha are that were scanned or drawn on a page, and as most programs flatten
    /// those that have it.
    pub const WHITE: Self = Self::Over([u8::MAX; 3]);

    /// What is done with pictures that become images of so many channels, where nothing else is said.
    pub(super) const fn of(channels: usize) -> Self {
        match has_alpha(channels) {
            true => Self::Keep,
            false => Self::WHITE,
        }
    }

    /// Whether images of so many channels can be made so.
    pub(super) fn suits(self, channels: usize) -> bool {
        match self {
            Self::Keep => has_alpha(channels),
            Self::Over(_) if channels == 1 => self.is_grey(),
            Self::Over(_) => !has_alpha(channels),
        }
    }

    /// Whether grey stays grey over this ground.
    pub(super) fn is_grey(self) -> bool {
        let [red, green, blue] = self.grounds();
        red == green && green == blue
    }

    /// What shows through in red, green and blue: nothing, as premultiplied colours have it, where alpha is kept.
    pub(super) const fn grounds(self) -> [u8; 3] {
        match self {
            Self::Keep => [0; 3],
            Self::Over(ground) => ground,
        }
    }

    /// The extents of what becomes of images of these, which end in alpha.
    pub(super) fn extents(self, found: Extents) -> Extents {
        let channels = match self {
            Self::Keep => found.channels,
            Self::Over(_) if found.channels == 2 && self.is_grey() => 1,
            Self::Over(_) => 3,
        };
        Extents { channels, ..found }
    }

    /// Appends an image [H, W, C] that ends in alpha, as so many channels one after the other.
    pub(super) fn append(self, image: &[u8], channels: (usize, usize), to: &mut Vec<u8>) {
        let (found, made) = channels;
        let pixels = || {
            let pixels = image.chunks_exact(found.max(1));
            pixels.filter_map(|pixel| pixel.split_last())
        };
        // A grey one is every colour.
        let colours = (0..found - 1).cycle();
        let colours = colours.zip(self.grounds()).take(match self {
            Self::Keep => found - 1,
            Self::Over(_) => made,
        });
        for (colour, ground) in colours {
            let colour = |(&alpha, colours): (&u8, &[u8])| {
                let colour = colours.get(colour);
                colour.map(|&colour| over(colour, alpha, ground))
            };
            to.extend(pixels().filter_map(colour));
        }
        if self == Self::Keep {
            to.extend(pixels().map(|(&alpha, _)| alpha));
        }
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Over(ground) => write!(f, "over:{}", Ground(*ground)),
        }
    }
}

/// A ground as text: `#ffffff`.
struct Ground([u8; 3]);

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Alpha {
    type Err = UnknownAlpha;

    fn from_str(text: &str) -> Result<Self, UnknownAlpha> {
        if text == "keep" {
            return Ok(Self::Keep);
        }
        let digits = text.strip_prefix("over:#").filter(|digits| {
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        let ground = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let ground = ground.ok_or_else(|| UnknownAlpha { text: text.into() })?;
        let [_, red, green, blue] = ground.to_be_bytes();
        Ok(Self::Over([red, green, blue]))
    }
}

/// A text that does not say what becomes of transparency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownAlpha {
    /// The text.
    pub text: String,
}

impl std::error::Error for UnknownAlpha {}

impl fmt::Display for UnknownAlpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OneLine(&self.text);
        write!(
            f,
            "{text}: neither keep nor over:#rrggbb, as over:#ffffff for a white ground"
        )
    }
}

/// How many images of a data set are transparent anywhere, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transparency {
    pub(super) images: usize,
    pub(super) alpha: Alpha,
}

impl fmt::Display for Transparency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.images == 1 { "" } else { "s" };
        write!(f, "transparent: {} image{plural}, ", self.images)?;
        match self.alpha {
            Alpha::Keep => f.write_str("kept so"),
            Alpha::Over(ground) => write!(f, "painted over {}", Ground(ground)),
        }
    }
}
