//! Pictures beside each other, under their classes.

use core::convert::Infallible;
use std::string::String;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_6X10;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{DrawTarget, Drawable, OriginDimensions, Pixel, Point, Size};
use embedded_graphics::text::{Baseline, Text};
use image::{DynamicImage, Rgba, RgbaImage, imageops};

/// Pixels between pictures.
const GAP: u32 = 2;
/// Pixels of a sheet.
const MOST_PIXELS: usize = 1 << 26;

/// Width and height of a picture in a sheet: small ones are enlarged to a visible size.
pub(super) fn shown(width: usize, height: usize) -> (usize, usize) {
    let zoom = (64 / width.max(height)).max(1);
    (width * zoom, height * zoom)
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

/// Pictures in rows, each enlarged to a visible size, under its head where there are such.
pub(super) fn sheet(pictures: &[DynamicImage], heads: &[String], columns: usize) -> RgbaImage {
    let Some(first) = pictures.first() else {
        return RgbaImage::new(1, 1);
    };
    let (width, height) = shown(first.width() as usize, first.height() as usize);
    let (width, height) = (width as u32, height as u32);
    let head = if heads.is_empty() { 0 } else { head_height() };
    let columns = columns.min(pictures.len()) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let (cell_width, cell_height) = (width + GAP, height + head + GAP);
    let size = (columns * cell_width + GAP, rows * cell_height + GAP);
    let mut sheet = RgbaImage::from_pixel(size.0, size.1, Rgba([32, 32, 40, u8::MAX]));
    for (at, picture) in (0..).zip(pictures) {
        let left = at % columns * cell_width + GAP;
        let top = at / columns * cell_height + GAP;
        if let Some(head) = heads.get(at as usize) {
            write(&mut sheet, left, top, head);
        }
        let large = picture.resize_exact(width, height, imageops::FilterType::Nearest);
        let (left, top) = (left.into(), (top + head).into());
        imageops::replace(&mut sheet, &large.into_rgba8(), left, top);
    }
    sheet
}

fn write(sheet: &mut RgbaImage, left: u32, top: u32, text: &str) {
    let style = MonoTextStyle::new(&FONT_6X10, Rgb888::new(230, 200, 80));
    let corner = Point::new(left as i32, top as i32);
    let Ok(_) = Text::with_baseline(text, corner, style, Baseline::Top).draw(&mut Canvas(sheet));
}

/// A picture as `embedded-graphics` draws on one.
struct Canvas<'a>(&'a mut RgbaImage);

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
                *pixel = Rgba([colour.r(), colour.g(), colour.b(), u8::MAX]);
            }
        }
        Ok(())
    }
}
