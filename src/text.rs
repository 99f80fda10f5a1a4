//! Text of others, shown on one line of ours.

use core::fmt::{self, Write};

/// A text shown on one line, without what would end that line or speak to a terminal: its control
/// characters are written as they are in a string of Rust, `\n` or `\u{1b}`.
///
/// ```
/// use iddpm::text::OneLine;
/// assert_eq!(OneLine("axe\n\u{1b}[31m").to_string(), r"axe\n\u{1b}[31m");
/// assert_eq!(OneLine("café").to_string(), "café");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter.is_control() {
                true => write!(f, "{}", letter.escape_default())?,
                false => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}
