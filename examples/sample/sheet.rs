//! Pictures beside each other, under their classes.

use image::{Rgb, RgbImage, imageops};

/// Pixels between pictures.
const GAP: u32 = 2;

/// Pictures in rows, each enlarged to a visible size, under its label.
pub(crate) fn sheet(pictures: &[RgbImage], labels: &[Option<u32>], columns: usize) -> RgbImage {
    let Some(first) = pictures.first() else {
        return RgbImage::new(1, 1);
    };
    let zoom = (64 / first.width().max(first.height())).max(1);
    let (width, height) = (first.width() * zoom, first.height() * zoom);
    let head = if labels.iter().any(Option::is_some) {
        2 * GLYPH_HEIGHT + GAP
    } else {
        0
    };
    let columns = columns.min(pictures.len()) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let (cell_width, cell_height) = (width + GAP, height + head + GAP);
    let size = (columns * cell_width + GAP, rows * cell_height + GAP);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb([32, 32, 40]));
    for (at, picture) in (0..).zip(pictures) {
        let (left, top) = (
            at % columns * cell_width + GAP,
            at / columns * cell_height + GAP,
        );
        if let Some(Some(label)) = labels.get(at as usize) {
            write_number(&mut sheet, left, top, *label);
        }
        let large = imageops::resize(picture, width, height, imageops::FilterType::Nearest);
        imageops::replace(&mut sheet, &large, left.into(), (top + head).into());
    }
    sheet
}

const GLYPH_HEIGHT: u32 = 5;

/// The digits in 3×5 pixels, a row of three bits each, from the top.
const GLYPHS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// Writes a number in glyphs of twice their size.
fn write_number(sheet: &mut RgbImage, left: u32, top: u32, number: u32) {
    for (place, digit) in (0..).zip(number.to_string().bytes()) {
        let glyph = GLYPHS[usize::from(digit - b'0')];
        for y in 0..2 * GLYPH_HEIGHT {
            for x in 0..6 {
                let set = glyph[y as usize / 2] >> (2 - x / 2) & 1 == 1;
                let at = (left + 8 * place + x, top + y);
                if set && at.0 < sheet.width() && at.1 < sheet.height() {
                    sheet.put_pixel(at.0, at.1, Rgb([230, 200, 80]));
                }
            }
        }
    }
}
