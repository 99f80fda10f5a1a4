//! Pictures one after the other, as a GIF that repeats.

use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, RgbaImage};

use super::encode::{of_picture, put};
use crate::Error;

/// Milliseconds of a frame, and of the last one.
const FRAME_MS: (u32, u32) = (80, 1500);
/// From here on a pixel is opaque: it is so or not at all.
const OPAQUE: u8 = 128;

/// Writes frames, of which there are so many; the last is shown longer where it is where the others lead.
pub(super) fn write(
    path: &Path,
    frames: impl ExactSizeIterator<Item = DynamicImage>,
    leads_to_its_last: bool,
) -> Result<(), Error> {
    put(path, |file| {
        let failed = |error| of_picture(path, error);
        let mut gif = GifEncoder::new(file);
        gif.set_repeat(Repeat::Infinite).map_err(failed)?;
        let last = frames.len();
        for (at, picture) in (1..).zip(frames) {
            let is_long = leads_to_its_last && at == last;
            let shown = if is_long { FRAME_MS.1 } else { FRAME_MS.0 };
            let mut picture = picture.into_rgba8();
            clear_transparent(&mut picture);
            let delay = Delay::from_numer_denom_ms(shown, 1);
            let frame = Frame::from_parts(picture, 0, 0, delay);
            gif.encode_frame(frame).map_err(failed)?;
        }
        Ok(())
    })
}

/// Makes every pixel opaque or nothing at all.
fn clear_transparent(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        pixel.0 = match pixel.0 {
            [r, g, b, alpha] if alpha >= OPAQUE => [r, g, b, u8::MAX],
            _ => [0; 4],
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::io::Cursor;
    use std::vec::Vec;

    use image::codecs::gif::GifDecoder;
    use image::{AnimationDecoder, Rgba, RgbaImage};

    use super::*;

    /// A frame of more colours than a GIF has, in which one pixel alone is transparent: it alone is.
    #[test]
    fn one_transparent_pixel_among_many_colours() {
        for (x, y) in [(0, 0), (17, 30), (31, 31)] {
            let mut picture = RgbaImage::from_fn(32, 32, |x, y| {
                Rgba([(x * 5) as u8, (y * 5) as u8, (x * y / 8) as u8, 255])
            });
            picture.put_pixel(x, y, Rgba([0; 4]));
            let path = std::env::temp_dir().join(std::format!(
                "iddpm-one-transparent-{}-{x}.gif",
                std::process::id()
            ));
            write(&path, [DynamicImage::from(picture)].into_iter(), false).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let frames = GifDecoder::new(Cursor::new(bytes)).unwrap().into_frames();
            let frames = frames.collect_frames().unwrap();
            let clear = frames[0].buffer().enumerate_pixels();
            let clear = clear.filter(|(_, _, pixel)| pixel.0[3] == 0);
            let clear: Vec<_> = clear.map(|(x, y, _)| (x, y)).collect();
            assert_eq!(clear, [(x, y)]);
        }
    }
}
