//! Text out of a file, as it is shown in a message: on one line, and not longer than that.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::text::OneLine;

/// Letters of a name that are shown.
const LETTERS: usize = 240;

/// Things that are listed by name.
const LISTED: usize = 3;

/// The beginning of a text, with a mark where it goes on.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let mut shown: String = text.chars().take(letters).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A name, shortened, without what would end the line or speak to a terminal.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&shortened(self.0, LETTERS)).fmt(f)
    }
}

/// A shape, or of one that is none how many extents it has.
pub(super) fn shape_words(shape: &[u64]) -> String {
    match shape.len() {
        0..=8 => format!("{shape:?}"),
        extents => format!("of {extents} extents"),
    }
}

/// A list of things by name: how many there are, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The first of the things, at most 3, each in words.
    pub first: Vec<String>,
    /// The number of all of them.
    pub count: usize,
}

impl Listed {
    /// One more.
    pub(super) fn push(&mut self, words: fmt::Arguments<'_>) {
        if self.first.len() < LISTED {
            self.first.push(format!("{words}"));
        }
        self.count += 1;
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
