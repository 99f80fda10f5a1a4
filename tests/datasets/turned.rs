//! Pictures are turned as the camera was held.

use std::io::Cursor;
use std::path::PathBuf;

use iddpm::data::load;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::extents;
use super::scratch::Scratch;

/// Two rows of three values.
const STORED: [u8; 6] = [10, 60, 110, 140, 190, 250];

/// What the eight notes of Exif say that the stored picture shows, row after row, by the table of the
/// standard: where its first row and first column lie.
const SHOWN: [(u16, usize, [usize; 6]); 8] = [
    (1, 3, [0, 1, 2, 3, 4, 5]), // top, left
    (2, 3, [2, 1, 0, 5, 4, 3]), // top, right
    (3, 3, [5, 4, 3, 2, 1, 0]), // bottom, right
    (4, 3, [3, 4, 5, 0, 1, 2]), // bottom, left
    (5, 2, [0, 3, 1, 4, 2, 5]), // left, top
    (6, 2, [3, 0, 4, 1, 5, 2]), // right, top
    (7, 2, [5, 2, 4, 1, 3, 0]), // right, bottom
    (8, 2, [2, 5, 1, 4, 0, 3]), // left, bottom
];

/// Exif that says nothing else, in either order of bytes.
fn exif(note: u16, big: bool) -> Vec<u8> {
    let short = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let long = |value: u32| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let mark = if big { b"MM" } else { b"II" };
    [
        &mark[..],
        &short(42),
        &long(8),
        &short(1),
        &short(0x112),
        &short(3),
        &long(1),
        &short(note),
        &[0; 6],
    ]
    .concat()
}

fn encoded(mut encoder: impl ImageEncoder, pixels: &[u8], exif: Vec<u8>, color: ExtendedColorType) {
    encoder.set_exif_metadata(exif).unwrap();
    encoder.write_image(pixels, 3, 2, color).unwrap();
}

#[test]
fn every_note_in_every_format_that_has_one() {
    let scratch = Scratch::new("notes");
    for (note, columns, places) in SHOWN {
        let shown: Vec<u8> = places.iter().map(|&at| STORED[at]).collect();
        let turned = extents(1, 6 / columns, columns);
        for big in [false, true] {
            let mut png = Cursor::new(Vec::new());
            encoded(
                PngEncoder::new(&mut png),
                &STORED,
                exif(note, big),
                ExtendedColorType::L8,
            );
            let path = scratch.write("note.png", png.get_ref());
            assert_eq!(load(path, turned).unwrap(), shown, "PNG, {note}");
            let mut webp = Cursor::new(Vec::new());
            let triple: Vec<u8> = STORED.iter().flat_map(|&value| [value; 3]).collect();
            encoded(
                WebPEncoder::new_lossless(&mut webp),
                &triple,
                exif(note, big),
                ExtendedColorType::Rgb8,
            );
            let path = scratch.write("note.webp", webp.get_ref());
            assert_eq!(load(path, turned).unwrap(), shown, "WebP, {note}");
        }
        let mut jpeg = Cursor::new(Vec::new());
        let encoder = JpegEncoder::new_with_quality(&mut jpeg, 100);
        encoded(encoder, &STORED, exif(note, true), ExtendedColorType::L8);
        let path = scratch.write("note.jpg", jpeg.get_ref());
        let loaded = load(path, turned).unwrap();
        for (found, value) in loaded.iter().zip(shown) {
            assert!(found.abs_diff(value) <= 4, "JPEG, {note}: {loaded:?}");
        }
    }
}

/// A camera's JPEG: whatever it says of how it was held, the pixels are the same, turned.
#[test]
fn a_photograph() {
    let scratch = Scratch::new("photograph");
    let bytes = std::fs::read(picture("photo.jpg")).unwrap();
    let note = bytes.windows(2).position(|pair| pair == [1, 0x12]).unwrap() + 9;
    assert_eq!(bytes[note], 1);
    let load = |value: u8, height, width| {
        let mut bytes = bytes.clone();
        bytes[note] = value;
        let path = scratch.write("photo.jpg", &bytes);
        load(path, extents(3, height, width)).unwrap()
    };
    let first = load(1, 48, 32);
    for value in 1..=8 {
        let (_, columns, places) = SHOWN[usize::from(value) - 1];
        // The table's places tell where each pixel of any picture comes from.
        let (swapped, corner) = (columns == 2, places[0]);
        let (height, width) = if swapped { (32, 48) } else { (48, 32) };
        let (from_right, from_below) = (corner % 3 == 2, corner >= 3);
        let source = |y: usize, x: usize| {
            let (y, x) = if swapped { (x, y) } else { (y, x) };
            let y = if from_below { 47 - y } else { y };
            (y, if from_right { 31 - x } else { x })
        };
        let turned = load(value, height, width);
        for channel in 0..3 {
            for at in 0..height * width {
                let (y, x) = source(at / width, at % width);
                let place = channel * 48 * 32;
                assert_eq!(turned[place + at], first[place + y * 32 + x], "{value}");
            }
        }
    }
    // Notes that there are not change nothing.
    for value in [0, 9, 255] {
        assert_eq!(load(value, 48, 32), first);
    }
}

/// Fitted to a square, the crop is symmetric: turned before or after is the same.
#[test]
fn a_photograph_fitted() {
    let scratch = Scratch::new("fitted");
    let bytes = std::fs::read(picture("photo.jpg")).unwrap();
    let note = bytes.windows(2).position(|pair| pair == [1, 0x12]).unwrap() + 9;
    let [first, half, clockwise, counter] = [1, 3, 6, 8].map(|value| {
        let mut bytes = bytes.clone();
        bytes[note] = value;
        load(scratch.write("photo.jpg", &bytes), extents(3, 32, 32)).unwrap()
    });
    let of_first = |channel: usize, y: usize, x: usize| first[channel * 1024 + y * 32 + x];
    for (channel, at) in (0..3).flat_map(|channel| (0..1024).map(move |at| (channel, at))) {
        let (y, x) = (at / 32, at % 32);
        let here = channel * 1024 + at;
        assert_eq!(half[here], of_first(channel, 31 - y, 31 - x));
        assert_eq!(clockwise[here], of_first(channel, 31 - x, y));
        assert_eq!(counter[here], of_first(channel, x, 31 - y));
    }
}

fn picture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/pictures");
    PathBuf::from(folder).join(name)
}

/// A PNG may say it behind its pixels.
#[test]
fn a_note_behind_the_pixels() {
    let scratch = Scratch::new("behind");
    let mut png = Cursor::new(Vec::new());
    encoded(
        PngEncoder::new(&mut png),
        &STORED,
        exif(3, true),
        ExtendedColorType::L8,
    );
    let bytes = png.into_inner();
    let start = bytes.windows(4).position(|name| name == b"eXIf").unwrap() - 4;
    let (before, rest) = bytes.split_at(start);
    let (note, rest) = rest.split_at(12 + exif(3, true).len());
    let (pixels, end) = rest.split_at(rest.len() - 12);
    assert_eq!(&end[4..8], b"IEND");
    let moved = [before, pixels, note, end].concat();
    let turned: Vec<u8> = STORED.into_iter().rev().collect();
    for bytes in [bytes.clone(), moved] {
        let path = scratch.write("note.png", &bytes);
        assert_eq!(load(path, extents(1, 2, 3)).unwrap(), turned);
    }
}
