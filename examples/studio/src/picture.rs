//! What the window shows of a drawing: pixels that were brought to it, or a texture of its own device.

use std::sync::Arc;

use eframe::egui::{self, Color32, ColorImage, Painter, Pos2, Rect, TextureHandle, TextureOptions};

use super::drawing::sprite::{self, Sprite};
use super::painting::Painting;

/// A picture that can be shown.
#[derive(Clone)]
pub(crate) enum Picture {
    Pixels(Pixels),
    /// On the window's device, where it was made.
    Sprite(Arc<Sprite>),
}

impl Picture {
    /// Shows it in a rectangle of the window.
    pub(crate) fn show(&self, painter: &Painter, rect: Rect) {
        match self {
            Self::Pixels(pixels) => pixels.paint(painter, rect),
            Self::Sprite(sprite) => sprite::show(sprite, painter, rect),
        }
    }
}

/// Pixels on their way to the window's device; none at first.
#[derive(Clone, Default)]
pub(crate) struct Pixels(Option<TextureHandle>);

impl Pixels {
    /// Replaces them by others, 4 bytes a pixel, alpha straight.
    pub(crate) fn show(
        &mut self,
        context: &egui::Context,
        (width, height): (usize, usize),
        rgba: &[u8],
    ) {
        let image = ColorImage::from_rgba_unmultiplied([width, height], rgba);
        match &mut self.0 {
            Some(texture) => texture.set(image, TextureOptions::NEAREST),
            none => *none = Some(context.load_texture("picture", image, TextureOptions::NEAREST)),
        }
    }

    /// Paints them in a rectangle of the window.
    pub(crate) fn paint(&self, painter: &Painter, rect: Rect) {
        if let Some(texture) = &self.0 {
            let all = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            painter.image(texture.id(), rect, all, Color32::WHITE);
        }
    }
}

/// What is drawn anew, over the painting.
const MARK: [u8; 4] = [0xFF, 0x30, 0xFF, 0x70];

/// A painting as it is shown, its mask over it.
#[derive(Default)]
pub(crate) struct Painted {
    /// Of the painting that was brought last.
    version: Option<u64>,
    picture: Pixels,
    mask: Pixels,
}

impl Painted {
    /// Brings a painting to the window's device where it has changed.
    pub(crate) fn follow(&mut self, context: &egui::Context, painting: &Painting) {
        if self.version == Some(painting.version()) {
            return;
        }
        self.version = Some(painting.version());
        let marks = painting.mask().iter().map(|&marked| match marked {
            0 => [0; 4],
            _ => MARK,
        });
        let mask: Vec<[u8; 4]> = marks.collect();
        self.picture
            .show(context, painting.size(), &painting.rgba());
        self.mask.show(context, painting.size(), &mask.concat());
    }

    /// Paints it in a rectangle of the window.
    pub(crate) fn paint(&self, painter: &Painter, rect: Rect) {
        self.picture.paint(painter, rect);
        self.mask.paint(painter, rect);
    }
}

/// The ground under what is transparent: squares of two greys.
#[derive(Default)]
pub(crate) struct Board(Option<TextureHandle>);

impl Board {
    const GREYS: [u8; 2] = [0x99, 0x66];
    /// The side of a square.
    const CELL: f32 = 8.0;

    /// Brings the squares to the window's device, once.
    pub(crate) fn load(&mut self, context: &egui::Context) {
        let [light, dark] = Self::GREYS;
        self.0.get_or_insert_with(|| {
            let squares = ColorImage::from_gray([2, 2], &[light, dark, dark, light]);
            context.load_texture("board", squares, TextureOptions::NEAREST_REPEAT)
        });
    }

    /// Fills a rectangle with them.
    pub(crate) fn paint(&self, painter: &Painter, rect: Rect) {
        if let Some(squares) = &self.0 {
            let often = Rect::from_min_size(Pos2::ZERO, rect.size() / (2.0 * Self::CELL));
            painter.image(squares.id(), rect, often, Color32::WHITE);
        }
    }
}
