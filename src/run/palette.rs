//! The colours that a drawing is of.

use core::fmt;
use core::str::FromStr;
use std::format;
use std::vec::Vec;

use super::error::DrawError;
use crate::diffusion::pixels::{back_from_u8, has_alpha, premultiply};

/// The most colours of an indexed picture.
const MOST: usize = 256;

/// A few colours that a drawing is of: the last predictions of the image go to the nearest of them.
///
/// As text it is `#1a1c2c,#5d275d`, with two more digits for alpha, where a network draws that. A colour that a network
/// cannot draw, being grey or opaque alone, is refused by its name.
///
/// ```
/// use iddpm::run::Palette;
/// let palette: Palette = "#1a1c2c,#f4f4f480".parse()?;
/// assert_eq!(palette.colours(), [[0x1A, 0x1C, 0x2C, 255], [0xF4, 0xF4, 0xF4, 0x80]]);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Palette(Vec<[u8; 4]>);

impl Palette {
    /// Takes colours as red, green, blue and alpha; those that come again are taken once.
    ///
    /// # Errors
    /// [`DrawError::Value`] for none, and for more than 256.
    pub fn new(colours: impl IntoIterator<Item = [u8; 4]>) -> Result<Self, DrawError> {
        let mut known = Vec::new();
        for colour in colours {
            if !known.contains(&colour) {
                known.push(colour);
            }
            if known.len() > MOST {
                let why = format!("a palette has at most {MOST} colours");
                return Err(DrawError::value(
                    "palette",
                    format!("over {MOST} colours"),
                    why,
                ));
            }
        }
        match known.is_empty() {
            true => Err(DrawError::value(
                "palette",
                "",
                "a palette has a colour or more",
            )),
            false => Ok(Self(known)),
        }
    }

    /// Reads a list of colours, one a line, as palettes in `.hex` files have them: six digits, or eight with alpha, with
    /// `#` before them or not. Empty lines, and what follows a `;`, are no colours.
    ///
    /// # Errors
    /// [`DrawError::Value`], of the line.
    pub fn from_lines(text: &str) -> Result<Self, DrawError> {
        let lines = text.lines().map(|line| match line.split_once(';') {
            Some((colour, _)) => colour.trim(),
            None => line.trim(),
        });
        let colours: Result<Vec<_>, _> = lines.filter(|it| !it.is_empty()).map(colour).collect();
        Self::new(colours?)
    }

    /// The colours: red, green, blue, alpha.
    pub fn colours(&self) -> &[[u8; 4]] {
        &self.0
    }

    /// The colours as numbers in [-1, 1] for a network of so many channels: grey, colours, or colours under their alpha,
    /// of which nothing at all is always one. A network without alpha draws opaque colours alone.
    pub(super) fn planes(&self, channels: usize) -> Result<Vec<f32>, DrawError> {
        let bytes = |&[red, green, blue, alpha]: &[u8; 4]| {
            let [red, green, blue] = match has_alpha(channels) {
                true => [red, green, blue].map(|colour| premultiply(colour, alpha)),
                false => [red, green, blue],
            };
            let is_grey = red == green && green == blue;
            match channels {
                1 | 3 if alpha < 255 => None,
                1 if is_grey => Some(std::vec![red]),
                2 if is_grey => Some(std::vec![red, alpha]),
                3 => Some(std::vec![red, green, blue]),
                4 => Some(std::vec![red, green, blue, alpha]),
                _ => None,
            }
        };
        let mut all = Vec::new();
        for colour in &self.0 {
            let Some(bytes) = bytes(colour) else {
                let [.., alpha] = *colour;
                let why = match has_alpha(channels) || alpha == 255 {
                    true => format!("no colour of a network with {channels} channels"),
                    false => format!(
                        "a network with {channels} channels draws nothing transparent: leave it out, or say it as #rrggbb"
                    ),
                };
                return Err(DrawError::value("palette", Colour(*colour), why));
            };
            all.extend(bytes);
        }
        if has_alpha(channels) && self.0.iter().all(|&[.., alpha]| alpha > 0) {
            all.extend(core::iter::repeat_n(0, channels));
        }
        Ok(all.into_iter().map(back_from_u8).collect())
    }
}

/// `#rrggbb` or `#rrggbbaa`, the `#` left out or not.
fn colour(text: &str) -> Result<[u8; 4], DrawError> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = u32::from_str_radix(digits, 16).ok();
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match (number.filter(|_| is_plain), digits.len()) {
        (Some(number), 6) => Ok((number << 8 | 0xFF).to_be_bytes()),
        (Some(number), 8) => Ok(number.to_be_bytes()),
        _ => Err(DrawError::value(
            "palette",
            text,
            "a colour is #rrggbb, or #rrggbbaa",
        )),
    }
}

impl FromStr for Palette {
    type Err = DrawError;

    /// Reads `#rrggbb,#rrggbbaa,…`.
    fn from_str(text: &str) -> Result<Self, DrawError> {
        let colours: Result<Vec<_>, _> = text.split(',').map(str::trim).map(colour).collect();
        Self::new(colours?)
    }
}

impl fmt::Display for Palette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, colour) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "," };
            write!(f, "{separator}{}", Colour(*colour))?;
        }
        Ok(())
    }
}

struct Colour([u8; 4]);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue, alpha] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")?;
        match alpha {
            255 => Ok(()),
            alpha => write!(f, "{alpha:02x}"),
        }
    }
}
