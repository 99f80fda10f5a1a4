//! One channel of an image.

use std::vec::Vec;

use image::metadata::Orientation;

use super::fault::Fault;
use crate::memory::reserve;

/// Width and height.
pub(super) type Size = (usize, usize);

/// One channel of an image.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row after row.
    pub(super) pixels: Vec<u8>,
}

impl Plane {
    /// The plane turned, or mirrored, as a note on how the camera was held asks for.
    pub(super) fn upright(self, orientation: Orientation) -> Result<Self, Fault> {
        let note = orientation.to_exif();
        if note == 1 {
            return Ok(self);
        }
        // Columns become rows; columns, and rows, are taken from their ends.
        let (swapped, columns, rows) = (
            note >= 5,
            matches!(note, 2 | 3 | 7 | 8),
            matches!(note, 3 | 4 | 6 | 7),
        );
        let (width, height, mirrored, reversed) = match swapped {
            false => (self.width, self.height, columns, rows),
            true => (self.height, self.width, rows, columns),
        };
        let mut pixels = Vec::new();
        reserve(&mut pixels, self.pixels.len() as u64)?;
        for row in 0..height {
            let line = if reversed { height - 1 - row } else { row };
            let (from, step) = match swapped {
                false => (line * self.width, 1),
                true => (line, self.width),
            };
            let line = self.pixels.iter().skip(from).step_by(step).take(width);
            match mirrored {
                false => pixels.extend(line),
                true => pixels.extend(line.rev()),
            }
        }
        Ok(Self {
            width,
            height,
            pixels,
        })
    }
}
