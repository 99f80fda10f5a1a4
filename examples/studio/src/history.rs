//! What was drawn, to be looked at again, gone on from, saved.

use eframe::egui;
use iddpm::Error;

use super::drawing::Drawn;
use super::picture::Pixels;

/// The most drawings that are kept; the oldest go.
const MOST: usize = 64;

/// A drawing that is done.
pub(crate) struct Entry {
    pub(crate) drawn: Drawn,
    /// 4 bytes a pixel, alpha straight.
    pub(crate) rgba: Vec<u8>,
    pub(crate) pixels: Pixels,
}

/// Drawings in the order in which they were made, one of which is looked at.
#[derive(Default)]
pub(crate) struct History {
    entries: Vec<Entry>,
    chosen: usize,
}

impl History {
    /// Adds a drawing, and looks at it.
    pub(crate) fn add(&mut self, context: &egui::Context, drawn: Drawn) -> Result<(), Error> {
        let rgba = drawn.images.rgba(0)?;
        let mut pixels = Pixels::default();
        pixels.show(context, drawn.images.size(), &rgba);
        if self.entries.len() == MOST {
            self.entries.remove(0);
        }
        self.chosen = self.entries.len();
        self.entries.push(Entry {
            drawn,
            rgba,
            pixels,
        });
        Ok(())
    }

    pub(crate) fn choose(&mut self, entry: usize) {
        self.chosen = entry;
    }

    /// The drawing that is looked at; `None` before the first is done.
    pub(crate) fn chosen(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }

    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate()
    }

    pub(crate) const fn chosen_number(&self) -> usize {
        self.chosen
    }
}
