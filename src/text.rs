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

/// A number that a user gave, as errors write it: as it is read, and not in hundreds of digits where it is far from 1.
///
/// ```
/// use iddpm::text::Number;
/// assert_eq!(Number(0.1_f32).to_string(), "0.1");
/// assert_eq!(Number(-101.0).to_string(), "-101");
/// assert_eq!(Number(1e300).to_string(), "1e300");
/// assert_eq!(Number(f64::NAN).to_string(), "NaN");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number<T>(pub T);

impl<T: Copy + Into<f64> + fmt::Display + fmt::LowerExp> fmt::Display for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.into().abs();
        match size > 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
            true => write!(f, "{:e}", self.0),
            false => write!(f, "{}", self.0),
        }
    }
}
