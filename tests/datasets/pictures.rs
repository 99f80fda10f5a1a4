//! Single pictures: every kind that is read, and every reason for which one is not.

use std::io::Cursor;
use std::path::PathBuf;

use iddpm::data::{DataError, Fault, load};
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage,
    Rgba, RgbaImage,
};

use super::scratch::Scratch;
use super::{extents, fault};

fn bytes(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    bytes(image, ImageFormat::Png)
}

fn rgb() -> RgbImage {
    RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, 10 + y as u8, 255]))
}

const PLANES: [u8; 18] = [
    0, 1, 2, 0, 1, 2, 10, 10, 10, 11, 11, 11, 255, 255, 255, 255, 255, 255,
];

#[test]
fn every_depth_and_number_of_channels() {
    let scratch = Scratch::new("depths");
    let alpha = RgbaImage::from_fn(3, 2, |x, y| Rgba([x as u8, 10 + y as u8, 255, 255]));
    let wide: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_fn(3, 2, |x, y| {
        Rgb([x as u16 * 256 + 255, 2560 + 256 * y as u16, 65535])
    });
    for (name, image) in [
        ("rgb", png(rgb())),
        ("rgba", png(alpha)),
        ("rgb16", png(wide)),
    ] {
        let path = scratch.write(name, &image);
        assert_eq!(load(path, extents(3, 2, 3)).unwrap(), PLANES, "{name}");
    }
    let grey = GrayImage::from_fn(3, 2, |x, y| Luma([(x + 10 * y) as u8]));
    let alpha = GrayAlphaImage::from_fn(3, 2, |x, y| LumaA([(x + 10 * y) as u8, 255]));
    let wide: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(3, 2, |x, y| Luma([256 * (x + 10 * y) as u16 + 200]));
    // Three channels, all the same: this is how grey samples are written.
    let equal = RgbImage::from_fn(3, 2, |x, y| Rgb([(x + 10 * y) as u8; 3]));
    let values = [0, 1, 2, 10, 11, 12];
    for (name, image) in [
        ("grey", png(grey)),
        ("alpha", png(alpha)),
        ("grey16", png(wide)),
        ("equal", png(equal)),
    ] {
        let path = scratch.write(name, &image);
        assert_eq!(load(&path, extents(1, 2, 3)).unwrap(), values, "{name}");
        assert_eq!(
            load(&path, extents(3, 2, 3)).unwrap(),
            values.repeat(3),
            "{name}"
        );
    }
}

/// By what is in it, whatever its name says. JPEG is lossy: a flat picture stays within 2 levels.
#[test]
fn every_format() {
    let scratch = Scratch::new("formats");
    let path = scratch.write("a.png", &bytes(rgb(), ImageFormat::Gif));
    assert_eq!(load(path, extents(3, 2, 3)).unwrap(), PLANES);
    let flat = RgbImage::from_pixel(16, 16, Rgb([200, 100, 50]));
    let path = scratch.write("b.gif", &bytes(flat, ImageFormat::Jpeg));
    let loaded = load(path, extents(3, 8, 8)).unwrap();
    for (at, value) in loaded.into_iter().enumerate() {
        assert!(
            value.abs_diff([200, 100, 50][at / 64]) <= 2,
            "{at}: {value}"
        );
    }
}

/// 16x8 to 2x6: halved never, as 8 < 2·6; scaled by 3/4 to 12x6; columns 5 and 6 are the middle.
#[test]
fn sides_that_differ() {
    let scratch = Scratch::new("sides");
    let halves = GrayImage::from_fn(16, 8, |x, _| Luma([if x < 8 { 0 } else { 255 }]));
    let path = scratch.write("halves.png", &png(halves));
    let loaded = load(path, extents(1, 6, 2)).unwrap();
    let (dark, light) = (loaded[0], loaded[1]);
    assert_eq!(loaded, [dark, light].repeat(6));
    // The cubic overshoots beside an edge, symmetrically.
    assert!(
        dark < 64 && dark.abs_diff(255 - light) <= 1,
        "{dark} {light}"
    );
}

#[test]
fn what_cannot_be_decoded() {
    let scratch = Scratch::new("undecodable");
    let whole = png(rgb());
    let cases = [
        ("empty", Vec::new()),
        ("text", b"no picture at all".to_vec()),
        ("cut", whole[..whole.len() - 20].to_vec()),
        ("huge", claiming(&whole, 60_000, 60_000)),
        ("none", claiming(&whole, 0, 2)),
    ];
    for (name, bytes) in cases {
        let path = scratch.write(name, &bytes);
        let fault = fault(load(path, extents(3, 2, 3)), name);
        assert!(
            matches!(fault, Fault::Undecodable { .. }),
            "{name}: {fault}"
        );
    }
    let missing = load(scratch.join("missing"), extents(3, 2, 3));
    assert!(matches!(fault(missing, "missing"), Fault::Io { .. }));
    let folder = load(scratch.path(), extents(3, 2, 3)).unwrap_err();
    assert!(matches!(
        folder,
        DataError::File {
            fault: Fault::Io { .. },
            ..
        }
    ));
}

/// A PNG whose head says that it has other sides.
fn claiming(png: &[u8], width: u32, height: u32) -> Vec<u8> {
    // Mark 8, length 4, "IHDR" 4, width 4, height 4, 5 more, checksum 4.
    let mut bytes = png.to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut checksum = !0_u32;
    for &byte in &bytes[12..29] {
        checksum ^= u32::from(byte);
        for _ in 0..8 {
            let carry = checksum & 1;
            checksum = (checksum >> 1) ^ (0xEDB8_8320 * carry);
        }
    }
    bytes[29..33].copy_from_slice(&(!checksum).to_be_bytes());
    bytes
}

#[test]
fn colour_is_not_made_grey() {
    let scratch = Scratch::new("colour");
    let mut image = RgbImage::from_pixel(5, 4, Rgb([7; 3]));
    image.put_pixel(3, 1, Rgb([7, 7, 8]));
    let path = scratch.write("c_1.png", &png(image));
    let fault = fault(load(path, extents(1, 4, 4)), "c_1.png");
    assert_eq!(fault, Fault::Colour { x: 3, y: 1 });
}

#[test]
fn extents_that_are_not_read() {
    let path = PathBuf::from("not even looked at");
    for wrong in [
        extents(0, 2, 2),
        extents(2, 2, 2),
        extents(5, 2, 2),
        extents(3, 0, 2),
        extents(3, 2, 0),
        extents(3, 2, 16_385),
        extents(3, usize::MAX, 2),
    ] {
        let error = load(&path, wrong).unwrap_err();
        let max = 16_384;
        assert_eq!(
            error,
            DataError::Extents {
                extents: wrong,
                max
            }
        );
    }
}
