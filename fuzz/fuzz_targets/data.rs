//! Any bytes are refused as an archive, as an array and as CIFAR-10's records, or are images that are
//! written and read back the same. They are refused as a picture, or are one that is no other with
//! more bytes behind it, nor with one less.
#![no_main]

use std::io::{Cursor, Write};

use iddpm::data::{Dataset, Images, cifar10, decode, npz};
use iddpm::diffusion::pixels::{has_alpha, unpremultiply};
use iddpm::unet::Extents;
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fuzz_target!(|bytes: &[u8]| {
    check_archive(bytes);
    // Random bytes do not make an archive, but may be what is in one.
    check_archive(&archive(&[("arr_0.npy", bytes)]));
    let images = array("|u1", "2, 1, 1, 1", &[5, 6]);
    check_archive(&archive(&[("arr_0.npy", &images), ("arr_1.npy", bytes)]));
    check_cifar10(bytes);
    check_picture(bytes);
});

fn check_picture(bytes: &[u8]) {
    for channels in [3, 4] {
        check_picture_as(bytes, channels);
    }
}

fn check_picture_as(bytes: &[u8], channels: usize) {
    let extents = Extents {
        channels,
        height: 3,
        width: 4,
    };
    let Ok(image) = decode(bytes, extents) else {
        return;
    };
    assert_eq!(image.len(), extents.elements());
    if let [red, green, blue, alpha] = image.chunks(12).collect::<Vec<_>>()[..] {
        for colour in [red, green, blue] {
            assert!(
                colour
                    .iter()
                    .zip(alpha)
                    .all(|(colour, alpha)| colour <= alpha)
            );
        }
    }
    if let Ok(longer) = decode(&[bytes, b"more"].concat(), extents) {
        assert_eq!(longer, image);
    }
    if let Ok(shorter) = decode(&bytes[..bytes.len() - 1], extents) {
        assert_eq!(shorter, image);
    }
}

fn check_archive(bytes: &[u8]) {
    match npz::read(Cursor::new(bytes)) {
        Err(fault) => assert!(!fault.to_string().is_empty()),
        Ok(images) => assert_eq!(npz::read(Cursor::new(written(&images))), Ok(images)),
    }
}

fn check_cifar10(bytes: &[u8]) {
    let Ok(images) = cifar10::from_bytes(bytes) else {
        return;
    };
    let labels = images.labels().expect("every record has one").iter();
    let pixels = images.pixels().chunks(cifar10::EXTENTS.elements());
    let records = labels
        .zip(pixels)
        .flat_map(|(&label, pixels)| [&[label as u8], pixels].concat());
    assert!(records.eq(bytes.iter().copied()));
}

/// The archive of these images.
fn written(images: &Images) -> Vec<u8> {
    let extents = images.extents();
    let (n, [c, h, w]) = (
        images.len(),
        [extents.channels, extents.height, extents.width],
    );
    let mut interleaved = Vec::new();
    for index in 0..n {
        let example = images.get(index).expect("it is there");
        let pixel = |at| (0..c).map(move |channel| (at, channel));
        let order = (0..h * w).flat_map(pixel);
        let value = |at, channel| example.pixels[channel * h * w + at];
        interleaved.extend(
            order.map(|(at, channel)| match has_alpha(c) && channel < c - 1 {
                true => unpremultiply(value(at, channel), value(at, c - 1)),
                false => value(at, channel),
            }),
        );
    }
    let arr_0 = array("|u1", &format!("{n}, {h}, {w}, {c}"), &interleaved);
    let Some(labels) = images.labels() else {
        return archive(&[("arr_0.npy", &arr_0)]);
    };
    let labels: Vec<u8> = labels
        .iter()
        .flat_map(|&label| i64::from(label).to_le_bytes())
        .collect();
    let arr_1 = array("<i8", &format!("{n},"), &labels);
    archive(&[("arr_0.npy", &arr_0), ("arr_1.npy", &arr_1)])
}

fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let len = (head.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], head.as_bytes(), data].concat()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, options).expect("in memory");
        zip.write_all(bytes).expect("in memory");
    }
    zip.finish().expect("in memory").into_inner()
}
