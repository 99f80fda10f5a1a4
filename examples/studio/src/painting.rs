//! A picture that is painted on, and the part of it that is drawn anew.

use iddpm::run::Canvas;
use iddpm::{Error, Model};

use super::pixels::with_channels;
use super::settings::Ground;

/// What a brush does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Paints with the brush's colour.
    Colour,
    /// Makes transparent, or black where the model has no alpha.
    Erase,
    /// Marks what is drawn anew.
    Mask,
    /// Takes marks away.
    Keep,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Brush {
    pub(crate) tool: Tool,
    /// Red, green, blue, alpha.
    pub(crate) colour: [u8; 4],
    /// In pixels of the picture, across.
    pub(crate) size: f32,
}

impl Default for Brush {
    fn default() -> Self {
        Self {
            tool: Tool::Colour,
            colour: [0xC8, 0x40, 0x30, 0xFF],
            size: 3.0,
        }
    }
}

/// A picture of the model's size, and a mask over it.
#[derive(Debug, Clone)]
pub(crate) struct Painting {
    size: (usize, usize),
    pixels: Vec<[u8; 4]>,
    /// 255 where it is drawn anew.
    mask: Vec<u8>,
    /// Counts changes, for whoever shows it.
    version: u64,
}

impl Painting {
    /// Nothing but ground.
    pub(crate) fn new(model: &Model) -> Self {
        let (width, height) = (model.image().width, model.image().height);
        Self {
            size: (width, height),
            pixels: vec![[0; 4]; width * height],
            mask: vec![0; width * height],
            version: 0,
        }
    }

    pub(crate) const fn size(&self) -> (usize, usize) {
        self.size
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn rgba(&self) -> Vec<u8> {
        self.pixels.concat()
    }

    pub(crate) fn mask(&self) -> &[u8] {
        &self.mask
    }

    /// What a drawing on it begins with.
    pub(crate) fn ground(&self) -> Ground {
        match self.mask.iter().any(|&marked| marked > 0) {
            true => Ground::Masked,
            false => Ground::Picture,
        }
    }

    /// Takes a picture of 4 bytes a pixel in place of what was painted.
    pub(crate) fn take(&mut self, rgba: &[u8]) {
        let (pixels, _) = rgba.as_chunks();
        for (pixel, taken) in self.pixels.iter_mut().zip(pixels) {
            *pixel = *taken;
        }
        self.version += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.pixels.fill([0; 4]);
        self.version += 1;
    }

    pub(crate) fn clear_mask(&mut self) {
        self.mask.fill(0);
        self.version += 1;
    }

    /// Paints along a line; places are in pixels from the left upper corner.
    pub(crate) fn stroke(&mut self, brush: &Brush, from: [f32; 2], to: [f32; 2]) {
        let width = self.size.0;
        let [from, to] = [from, to].map(centre);
        let pixels = self.pixels.iter_mut().zip(&mut self.mask).enumerate();
        for (at, (pixel, marked)) in pixels {
            let place = [(at % width) as f32 + 0.5, (at / width) as f32 + 0.5];
            if distance(place, from, to) > 0.5 * brush.size {
                continue;
            }
            match brush.tool {
                Tool::Colour => *pixel = brush.colour,
                Tool::Erase => *pixel = [0; 4],
                Tool::Mask => *marked = 255,
                Tool::Keep => *marked = 0,
            }
        }
        self.version += 1;
    }

    /// The picture as a drawing takes it, with the mask where something is marked.
    pub(crate) fn canvas(&self, model: &Model) -> Result<Canvas, Error> {
        let bytes = with_channels(model.image().channels, self.size, self.rgba())?;
        let canvas = Canvas::from_bytes(model, &bytes)?;
        match self.ground() {
            Ground::Masked => canvas.with_mask(&self.mask),
            _ => Ok(canvas),
        }
    }
}

/// The centre of the pixel that a place is in, so that the smallest brush paints that.
fn centre(place: [f32; 2]) -> [f32; 2] {
    place.map(|at| at.floor() + 0.5)
}

/// How far a place is from a line.
fn distance([x, y]: [f32; 2], [from_x, from_y]: [f32; 2], [to_x, to_y]: [f32; 2]) -> f32 {
    let (along_x, along_y) = (to_x - from_x, to_y - from_y);
    let length = along_x * along_x + along_y * along_y;
    let share = match length > 0.0 {
        true => ((x - from_x) * along_x + (y - from_y) * along_y) / length,
        false => 0.0,
    };
    let share = share.clamp(0.0, 1.0);
    (x - from_x - share * along_x).hypot(y - from_y - share * along_y)
}
