//! Lists of whole numbers, borrowed as such or as text.

use core::fmt;

use super::error::Error;

/// Whole numbers, equal where they are the same however they are held.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) enum Numbers<'a> {
    One(u32),
    List(&'a [u32]),
    /// Separated by commas; checked when read.
    Text(&'a str),
}

impl<'a> Numbers<'a> {
    /// Reads numbers separated by commas, one at least; `at` is where the text begins in what is read.
    pub(super) fn read(text: &'a str, mut at: usize) -> Result<Self, Error> {
        for piece in pieces(text) {
            read_number(piece, at)?;
            at += piece.len() + 1;
        }
        Ok(Self::Text(text))
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = u32> {
        let (one, list, text): (_, &[u32], _) = match self {
            Self::One(number) => (Some(number), &[], ""),
            Self::List(list) => (None, list, ""),
            Self::Text(text) => (None, &[], text),
        };
        // No text has no number in its one piece.
        let read = pieces(text).filter_map(|piece| read_number(piece, 0).ok());
        one.into_iter().chain(list.iter().copied()).chain(read)
    }
}

impl PartialEq for Numbers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Numbers<'_> {}

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, number) in self.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{number}")?;
        }
        Ok(())
    }
}

/// What commas separate. Of bytes, where a text's own way would link a panic into the smallest of firmwares.
fn pieces(text: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.as_bytes().split(|&byte| byte == b',')
}

/// Reads one number, with spaces around it or none.
#[inline(never)] // Every way over a list would have it in itself.
pub(super) fn read_number(text: &[u8], at: usize) -> Result<u32, Error> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let number = digits.iter().try_fold(0_u32, |number, &digit| {
        let digit = char::from(digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    });
    let number = number.filter(|_| !digits.is_empty());
    number.ok_or(Error::SpecSyntax { at })
}
