//! A picture in the making: surfaces in materials, lit from the upper left, then outlined.

use image::{Rgba, RgbaImage};

use super::palette::Ramp;

/// Rows and columns of every picture.
pub(crate) const SIDE: usize = 32;
/// Towards the light: left, up, out of the picture.
const LIGHT: [f32; 3] = [-0.48, -0.62, 0.62];

/// What a shape is at a point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Surface {
    /// Curved: the sideways parts of its normal, within the unit disc.
    Normal(f32, f32),
    /// Flat, and as light as that, in [0, 1].
    Level(f32),
}

/// Where a shape's coordinates lie in the picture: its origin in pixels, and how far it is turned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    x: f32,
    y: f32,
    cos: f32,
    sin: f32,
}

impl Frame {
    /// Upright, x to the right and y down from a point of the picture.
    pub(crate) const fn at(x: f32, y: f32) -> Self {
        Self {
            x,
            y,
            cos: 1.0,
            sin: 0.0,
        }
    }

    /// Turned clockwise by an angle in degrees.
    pub(crate) fn turned(x: f32, y: f32, degrees: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self { x, y, cos, sin }
    }

    fn local(self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.x, y - self.y);
        (self.cos * dx + self.sin * dy, self.cos * dy - self.sin * dx)
    }

    fn level(self, surface: Surface) -> f32 {
        let (x, y) = match surface {
            Surface::Level(level) => return level,
            Surface::Normal(x, y) => (self.cos * x - self.sin * y, self.sin * x + self.cos * y),
        };
        let z = (1.0 - x * x - y * y).max(0.0).sqrt();
        0.4 + 0.56 * (x * LIGHT[0] + y * LIGHT[1] + z * LIGHT[2])
    }
}

#[derive(Debug, Clone, Copy)]
struct Paint {
    ramp: Ramp,
    level: f32,
}

/// 32×32 pixels, each empty or painted.
#[derive(Debug)]
pub(crate) struct Canvas {
    pixels: [[Option<Paint>; SIDE]; SIDE],
}

impl Canvas {
    pub(crate) const fn new() -> Self {
        Self {
            pixels: [[None; SIDE]; SIDE],
        }
    }

    /// Paints a shape over what is there. The shape is asked at the centre of each pixel, in coordinates
    /// of the frame.
    pub(crate) fn paint(
        &mut self,
        frame: Frame,
        ramp: Ramp,
        shape: impl Fn(f32, f32) -> Option<Surface>,
    ) {
        self.each(frame, |pixel, x, y| {
            if let Some(surface) = shape(x, y) {
                let level = frame.level(surface);
                *pixel = Some(Paint { ramp, level });
            }
        });
    }

    /// Changes the light of what is there.
    pub(crate) fn light(&mut self, frame: Frame, change: impl Fn(f32, f32) -> f32) {
        self.each(frame, |pixel, x, y| {
            if let Some(paint) = pixel {
                paint.level = (paint.level + change(x, y)).clamp(0.0, 1.0);
            }
        });
    }

    /// Paints only where something is already.
    pub(crate) fn stain(&mut self, frame: Frame, ramp: Ramp, shape: impl Fn(f32, f32) -> bool) {
        self.each(frame, |pixel, x, y| {
            if let Some(paint) = pixel.as_mut().filter(|_| shape(x, y)) {
                paint.ramp = ramp;
            }
        });
    }

    /// Leaves holes.
    pub(crate) fn erase(&mut self, frame: Frame, shape: impl Fn(f32, f32) -> bool) {
        self.each(frame, |pixel, x, y| {
            if shape(x, y) {
                *pixel = None;
            }
        });
    }

    fn each(&mut self, frame: Frame, mut visit: impl FnMut(&mut Option<Paint>, f32, f32)) {
        for (row, pixels) in self.pixels.iter_mut().enumerate() {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let (x, y) = frame.local(column as f32 + 0.5, row as f32 + 0.5);
                visit(pixel, x, y);
            }
        }
    }

    /// The picture, every item within a line of its darkest shade, transparent around it. The outermost pixels stay
    /// empty but for that line.
    pub(crate) fn finish(&self) -> RgbaImage {
        let opaque = |[red, green, blue]: [u8; 3]| Rgba([red, green, blue, u8::MAX]);
        RgbaImage::from_fn(SIDE as u32, SIDE as u32, |column, row| {
            let (column, row) = (column as usize, row as usize);
            let inside = |column: usize, row: usize| {
                let edge = [column, row].iter().any(|at| [0, SIDE - 1].contains(at));
                let paint = self.pixels.get(row).and_then(|row| row.get(column));
                paint.copied().flatten().filter(|_| !edge)
            };
            if let Some(paint) = inside(column, row) {
                return opaque(paint.ramp.shade(paint.level));
            }
            let beside = [
                (column, row.wrapping_sub(1)),
                (column.wrapping_sub(1), row),
                (column + 1, row),
                (column, row + 1),
            ];
            let touched = beside
                .into_iter()
                .find_map(|(column, row)| inside(column, row));
            touched.map_or(Rgba([0; 4]), |paint| opaque(paint.ramp.outline()))
        })
    }
}
