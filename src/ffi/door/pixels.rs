//! Pictures as engines have them: rows of pixels with a stride, RGBA of 8 bits each.

use std::vec::Vec;

use super::error::Failure;

/// Bytes of a pixel.
pub(in crate::ffi) const RGBA: usize = 4;

/// Rows of pixels in a caller's memory, each so many bytes after the one before.
#[derive(Debug, Clone, Copy)]
pub(in crate::ffi) struct Layout {
    pub(in crate::ffi) width: usize,
    pub(in crate::ffi) height: usize,
    /// Bytes of a pixel.
    pub(in crate::ffi) pixel: usize,
    pub(in crate::ffi) stride: usize,
}

impl Layout {
    /// Bytes from the first to the last of them.
    pub(in crate::ffi) fn len(&self, word: &'static str) -> Result<usize, Failure> {
        let row = self.row();
        if self.stride < row {
            let (width, pixel) = (self.width, self.pixel);
            let why = std::format!("a row of {width} pixels of {pixel} bytes has {row}");
            return Err(Failure::argument(
                word,
                std::format!("stride {}", self.stride),
                why,
            ));
        }
        let before = self.height.saturating_sub(1).checked_mul(self.stride);
        let len = before.and_then(|before| before.checked_add(row));
        len.ok_or_else(|| {
            let value = std::format!("stride {} of {} rows", self.stride, self.height);
            Failure::argument(word, value, "more bytes than memory has")
        })
    }

    /// Refuses fewer bytes than it has.
    pub(in crate::ffi) fn check_room(
        &self,
        word: &'static str,
        room: usize,
    ) -> Result<(), Failure> {
        let needed = self.len(word)?;
        match room >= needed {
            true => Ok(()),
            false => {
                let why = std::format!("{needed} are needed");
                Err(Failure::argument(word, std::format!("{room} bytes"), why))
            }
        }
    }

    /// Bytes of a row.
    pub(in crate::ffi) const fn row(&self) -> usize {
        self.width.saturating_mul(self.pixel)
    }
}

/// Rows of pixels that a caller gave.
#[derive(Debug, Clone, Copy)]
pub(in crate::ffi) struct Rows<'a> {
    pub(in crate::ffi) bytes: &'a [u8],
    pub(in crate::ffi) layout: Layout,
}

impl<'a> Rows<'a> {
    /// The bytes of its pixels, one row after the other.
    pub(super) fn pixels(self) -> impl Iterator<Item = &'a [u8]> {
        let Layout { stride, pixel, .. } = self.layout;
        let rows = self.bytes.chunks(stride.max(1));
        rows.flat_map(move |row| {
            let row = row.get(..self.layout.row()).unwrap_or(row);
            row.chunks_exact(pixel)
        })
    }

    /// The bytes of RGBA pixels that a network of so many channels has, one row after the other.
    pub(super) fn of_channels(
        self,
        word: &'static str,
        channels: usize,
    ) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        for (at, pixel) in self.pixels().enumerate() {
            let own = of_rgba(pixel, channels).map_err(|why| {
                let (x, y) = (at % self.layout.width, at / self.layout.width);
                Failure::argument(word, std::format!("{pixel:?} at {x},{y}"), why)
            })?;
            bytes.extend_from_slice(own);
        }
        Ok(bytes)
    }

    /// Refuses another size than the network's.
    pub(super) fn check(
        &self,
        word: &'static str,
        width: usize,
        height: usize,
    ) -> Result<(), Failure> {
        let found = (self.layout.width, self.layout.height);
        if found == (width, height) {
            return Ok(());
        }
        let value = std::format!("{}x{}", found.0, found.1);
        Err(Failure::argument(
            word,
            value,
            std::format!("the network draws {width}x{height}"),
        ))
    }
}

/// The bytes of an RGBA pixel that a network of so many channels has; what it cannot draw is refused, not changed.
fn of_rgba(pixel: &[u8], channels: usize) -> Result<&[u8], &'static str> {
    match (channels, pixel) {
        (1 | 3, &[.., alpha]) if alpha < u8::MAX => Err("the network draws nothing transparent"),
        (1 | 2, &[red, green, blue, _]) if red != green || green != blue => {
            Err("the network draws grey alone")
        }
        (1, [grey, ..]) => Ok(core::slice::from_ref(grey)),
        (2, [_, _, grey_and_alpha @ ..]) => Ok(grey_and_alpha),
        (3, [colours @ .., _]) => Ok(colours),
        (4, pixel) => Ok(pixel),
        _ => Err("the network draws no pictures"),
    }
}
