//! A picture of which a part is missing is no picture: every format, cut behind every byte.

use std::io::Cursor;
use std::path::PathBuf;

use iddpm::data::{DataError, Fault, decode, load};
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::scratch::Scratch;
use super::{extents, fault};

fn kept(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/pictures");
    std::fs::read(PathBuf::from(folder).join(name)).unwrap()
}

fn written(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn colours() -> RgbImage {
    RgbImage::from_fn(9, 7, |x, y| {
        Rgb([(x * 28) as u8, (y * 36) as u8, (x * y) as u8])
    })
}

/// What each format's bytes may lack at their end without a pixel being lost.
fn pictures() -> Vec<(&'static str, Vec<u8>, usize)> {
    let grey = GrayImage::from_fn(9, 7, |x, y| Luma([(x * y) as u8]));
    let clear = RgbaImage::from_fn(9, 7, |x, y| Rgba([x as u8, y as u8, 9, 255]));
    vec![
        ("baseline", kept("baseline.jpg"), 0),
        ("progressive", kept("progressive.jpg"), 0),
        ("photo", kept("photo.jpg"), 0),
        ("lossy", kept("lossy.webp"), 0),
        ("jpeg", written(colours(), ImageFormat::Jpeg), 0),
        ("grey-jpeg", written(grey.clone(), ImageFormat::Jpeg), 0),
        ("png", written(colours(), ImageFormat::Png), 0),
        ("grey-png", written(grey, ImageFormat::Png), 0),
        ("webp", written(clear.clone(), ImageFormat::WebP), 0),
        ("bmp", written(colours(), ImageFormat::Bmp), 0),
        // The end of the last block of codes, of all of them, and of the file.
        ("gif", written(clear, ImageFormat::Gif), 3),
    ]
}

#[test]
fn no_part_passes_for_the_whole() {
    let size = extents(3, 8, 8);
    for (name, bytes, spare) in pictures() {
        let whole = decode(&bytes, size).unwrap();
        for end in 0..bytes.len() {
            match decode(&bytes[..end], size) {
                Ok(image) => {
                    assert!(end + spare >= bytes.len(), "{name} cut behind {end}");
                    assert_eq!(image, whole, "{name} cut behind {end}");
                }
                Err(DataError::Images(Fault::Undecodable { .. })) => {}
                Err(error) => panic!("{name} cut behind {end}: {error}"),
            }
        }
        // What follows the picture is nobody's concern.
        let longer = [&bytes[..], b"and more \xFF\xD8\xFF"].concat();
        assert_eq!(decode(&longer, size).unwrap(), whole, "{name} and more");
    }
}

/// As a file, by its name.
#[test]
fn a_file_that_was_cut_is_named() {
    let scratch = Scratch::new("cut");
    for (name, share) in [("baseline", 40), ("baseline", 60), ("progressive", 40)] {
        let bytes = kept(&format!("{name}.jpg"));
        let path = scratch.write("cat_4.jpg", &bytes[..bytes.len() * share / 100]);
        let fault = fault(load(path, extents(3, 16, 16)), "cat_4.jpg");
        assert!(matches!(fault, Fault::Undecodable { .. }), "{fault}");
        assert!(fault.to_string().contains("ends too early"), "{fault}");
    }
}

/// The first frame is the picture; those behind it may be cut.
#[test]
fn an_animation_is_its_first_frame() {
    let scratch = Scratch::new("animation");
    let frame = |value| {
        let picture = RgbaImage::from_pixel(8, 8, Rgba([value, value, value, 255]));
        Frame::new(picture)
    };
    let mut bytes = Vec::new();
    let mut gif = GifEncoder::new(&mut bytes);
    gif.encode_frames([frame(10), frame(200)]).unwrap();
    drop(gif);
    for end in [bytes.len(), bytes.len() - 20] {
        let path = scratch.write("two.gif", &bytes[..end]);
        assert_eq!(load(path, extents(1, 2, 2)).unwrap(), [10; 4]);
    }
}

/// Bytes of a PNG's pixels that are others, and a chunk whose checksum is wrong.
#[test]
fn checksums_are_compared() {
    let scratch = Scratch::new("checksums");
    let bytes = written(colours(), ImageFormat::Png);
    let data = bytes.windows(4).position(|name| name == b"IDAT").unwrap();
    for at in [data + 10, data + 20, bytes.len() - 14] {
        let mut other = bytes.clone();
        other[at] ^= 4;
        let path = scratch.write("other.png", &other);
        let fault = fault(load(path, extents(3, 4, 4)), "other.png");
        assert!(matches!(fault, Fault::Undecodable { .. }), "{at}: {fault}");
    }
}
