//! Pictures beside each other, under their classes.

use core::convert::Infallible;
use std::string::String;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_6X10;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{DrawTarget, Drawable, OriginDimensions, Pixel, Point, Size};
use embedded_graphics::text::{Baseline, Text};
use image::{DynamicImage, Rgb, RgbImage, imageops};

use crate::diffusion::pixels::over;

/// Pixels between pictures.
const GAP: u32 = 2;
/// The two greys of the board that shows through what is transparent, and about how many pixels a square of it takes.
const BOARD: ([u8; 2], u32) = ([0x99, 0x66], 8);
/// Pixels of a sheet.
const MOST_PIXELS: usize = 1 << 26;

/// Width and height of a picture in a sheet: small ones are enlarged to a visible size.
pub(super) fn shown(width: usize, height: usize) -> (usize, usize) {
    let zoom = shown_zoom(width, height);
    (width * zoom, height * zoom)
}

fn shown_zoom(width: usize, height: usize) -> usize {
    (64 / width.max(height)).max(1)
}

/// Pixels that a head takes across.
pub(super) const fn head_width(head: &str) -> usize {
    head.len() * FONT_6X10.character_size.width as usize
}

const fn head_height() -> u32 {
    FONT_6X10.character_size.height + GAP
}

/// Width and height that a picture of a size takes of a sheet, with its head and a gap.
pub(super) fn cell(width: usize, height: usize) -> (usize, usize) {
    let (width, height) = shown(width, height);
    let gap = GAP as usize;
    (width + gap, height + head_height() as usize + gap)
}

/// How many pictures of a size a sheet holds.
pub(super) fn most_of_sheet(width: usize, height: usize) -> usize {
    let (width, height) = cell(width, height);
    MOST_PIXELS / (width * height)
}

/// Pictures in rows, each enlarged to a visible size, under its head where there are such. What is transparent shows a
/// board of grey squares.
pub(super) fn sheet(pictures: &[DynamicImage], heads: &[String], columns: usize) -> RgbImage {
    let Some(first) = pictures.first() else {
        return RgbImage::new(1, 1);
    };
    let zoom = shown_zoom(first.width() as usize, first.height() as usize) as u32;
    let (width, height) = shown(first.width() as usize, first.height() as usize);
    let (width, height) = (width as u32, height as u32);
    let head = if heads.is_empty() { 0 } else { head_height() };
    let columns = columns.min(pictures.len()) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let (cell_width, cell_height) = (width + GAP, height + head + GAP);
    let size = (columns * cell_width + GAP, rows * cell_height + GAP);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb([32, 32, 40]));
    for (at, picture) in (0..).zip(pictures) {
        let left = at % columns * cell_width + GAP;
        let top = at / columns * cell_height + GAP;
        if let Some(head) = heads.get(at as usize) {
            write(&mut sheet, left, top, head);
        }
        let large = picture.resize_exact(width, height, imageops::FilterType::Nearest);
        let (left, top) = (left.into(), (top + head).into());
        imageops::replace(&mut sheet, &on_board(&large, zoom), left, top);
    }
    sheet
}

/// A picture, each pixel of which was enlarged to so many a side, opaque.
fn on_board(picture: &DynamicImage, zoom: u32) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let (greys, side) = BOARD;
    // Of whole pixels.
    let side = (side / zoom).max(1) * zoom;
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [light, dark] = greys;
        let is_light = (x / side + y / side).is_multiple_of(2);
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let ground = if is_light { light } else { dark };
        Rgb([red, green, blue].map(|colour| over(colour, alpha, ground)))
    })
}

fn write(sheet: &mut RgbImage, left: u32, top: u32, text: &str) {
    let style = MonoTextStyle::new(&FONT_6X10, Rgb888::new(230, 200, 80));
    let corner = Point::new(left as i32, top as i32);
    let Ok(_) = Text::with_baseline(text, corner, style, Baseline::Top).draw(&mut Canvas(sheet));
}

/// A picture as `embedded-graphics` draws on one.
struct Canvas<'a>(&'a mut RgbImage);

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(point, colour) in pixels {
            let pixel = self.0.get_pixel_mut_checked(point.x as u32, point.y as u32);
            if let Some(pixel) = pixel {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}
