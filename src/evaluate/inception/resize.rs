//! Pictures as the public evaluator gives them to its network.

use super::tensor::Tensor;
use crate::diffusion::pixels::has_alpha;
use crate::memory::MemoryError;
use crate::part::item;
use crate::unet::Extents;

/// Rows and columns that the network takes.
pub(super) const SIDE: usize = 299;
/// Red, green and blue.
pub(super) const COLOURS: usize = 3;

/// A picture of 8 bits, [C, H, W], as the network takes it: resized by bilinear interpolation, and (x - 128)/128. Grey is
/// three equal colours; what is transparent lies over white.
///
/// The interpolation is that of TensorFlow before it had half-pixel centres: a row or column lies at its number times
/// the old side over the new one, and beyond the last there is the last.
pub(super) fn prepared(pixels: &[u8], extents: Extents) -> Result<Tensor, MemoryError> {
    let Extents {
        channels,
        height,
        width,
    } = extents;
    let mut image = Tensor::zeros(SIDE, SIDE, COLOURS)?;
    let opaque = channels - usize::from(has_alpha(channels));
    let plane = height * width;
    let value = |colour: usize, row: usize, column: usize| -> f32 {
        let place = row * width + column;
        let value = item(pixels, colour.min(opaque - 1) * plane + place);
        // Colours are premultiplied: what is not opaque of a pixel is white.
        let white = match has_alpha(channels) {
            true => u8::MAX - item(pixels, opaque * plane + place),
            false => 0,
        };
        value.saturating_add(white).into()
    };
    for (place, out) in image.numbers.chunks_exact_mut(COLOURS).enumerate() {
        let (top, bottom, down) = between(place / SIDE, height);
        let (left, right, along) = between(place % SIDE, width);
        for (colour, out) in out.iter_mut().enumerate() {
            let mixed = |row: usize| {
                let (first, last) = (value(colour, row, left), value(colour, row, right));
                first + (last - first) * along
            };
            let (above, below) = (mixed(top), mixed(bottom));
            *out = (above + (below - above) * down - 128.0) / 128.0;
        }
    }
    Ok(image)
}

/// The two rows or columns of `side` between which one of the new ones lies, and how near the second, from 0 to 1.
fn between(at: usize, side: usize) -> (usize, usize, f32) {
    let place = at as f32 * (side as f32 / SIDE as f32);
    let first = place as usize;
    (first, (first + 1).min(side - 1), place - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula by hand: of two columns the first 149.5 are on the way to the second, the others are at it.
    #[test]
    fn two_columns() {
        let extents = Extents {
            channels: 1,
            height: 1,
            width: 2,
        };
        let image = prepared(&[28, 228], extents).unwrap_or_else(|error| unreachable!("{error}"));
        let value = |column: usize| {
            let place = image.at(200, column);
            place.map(|colours| colours.to_vec()).unwrap_or_default()
        };
        let due = |column: f64| (28.0 + 200.0 * (column * 2.0 / 299.0).min(1.0) - 128.0) / 128.0;
        for column in [0, 1, 100, 149, 150, 298] {
            let found = value(column);
            assert_eq!(found.len(), COLOURS);
            for number in found {
                assert!(
                    (f64::from(number) - due(column as f64)).abs() < 1e-6,
                    "{column}"
                );
            }
        }
    }

    /// Premultiplied red of alpha 51: over white the others are 204.
    #[test]
    fn what_is_transparent_lies_over_white() {
        let extents = Extents {
            channels: 4,
            height: 1,
            width: 1,
        };
        let image = prepared(&[51, 0, 0, 51], extents).map(|image| image.numbers);
        let image = image.unwrap_or_default();
        let due = [255.0, 204.0, 204.0].map(|value: f32| (value - 128.0) / 128.0);
        assert!(!image.is_empty() && image.chunks(COLOURS).all(|colours| colours == due));
    }
}
