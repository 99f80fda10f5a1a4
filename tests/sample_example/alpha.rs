//! Images of other channels than red, green and blue.

use iddpm::data::npz;
use image::ColorType;
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, RgbaImage};

use super::network::{Kind, network};
use super::scratch::Scratch;
use super::{bytes, run, sample};

const GAP: u32 = 2;

/// What a network of so many channels makes: the pixels of two images, channels first.
fn made(scratch: &Scratch, channels: usize) -> Vec<Vec<u8>> {
    let kind = Kind {
        channels,
        ..Kind::default()
    };
    network(scratch, "net.safetensors", kind);
    let images = sampled(scratch, "images.npz");
    if channels > 4 {
        // No picture, and so no data to train on.
        return Vec::new();
    }
    let images = npz::open(scratch.join(&images)).unwrap();
    assert_eq!(images.pixels().len(), 2 * channels * 64);
    let pixels = images.pixels().chunks(channels * 64);
    pixels.map(<[u8]>::to_vec).collect()
}

fn sampled(scratch: &Scratch, out: &str) -> String {
    let arguments = [
        "--checkpoint",
        "net.safetensors",
        "--count",
        "2",
        "--out",
        out,
    ];
    sample(scratch, &arguments)
}

/// Red, green, blue and alpha of a pixel, as its channels say.
fn pixel(image: &[u8], at: usize) -> [u8; 4] {
    let channel = |c: usize| image[c * 64 + at];
    match image.len() / 64 {
        1 => [channel(0), channel(0), channel(0), 255],
        2 => [channel(0), channel(0), channel(0), channel(1)],
        3 => [channel(0), channel(1), channel(2), 255],
        _ => [channel(0), channel(1), channel(2), channel(3)],
    }
}

/// Whether a picture shows an image, each pixel as a square of so many.
fn shows(picture: &RgbaImage, (left, top): (u32, u32), zoom: u32, image: &[u8]) -> bool {
    let side = 8 * zoom;
    (0..side * side).all(|at| {
        let (x, y) = (at % side, at / side);
        let there = picture.get_pixel(left + x, top + y).0;
        there == pixel(image, (y / zoom * 8 + x / zoom) as usize)
    })
}

fn opened(scratch: &Scratch, name: &str) -> DynamicImage {
    image::load_from_memory(&bytes(scratch, name)).unwrap()
}

#[test]
fn pictures_have_the_channels_of_the_network() {
    let cases = [
        (1, ColorType::L8, ColorType::Rgb8),
        (2, ColorType::La8, ColorType::Rgba8),
        (3, ColorType::Rgb8, ColorType::Rgb8),
        (4, ColorType::Rgba8, ColorType::Rgba8),
    ];
    for (channels, alone, on_sheet) in cases {
        let scratch = Scratch::new(&format!("sample-channels-{channels}"));
        let images = made(&scratch, channels);
        sampled(&scratch, "folder/");
        for (at, image) in images.iter().enumerate() {
            let picture = opened(&scratch, &format!("folder/{at:06}.png"));
            assert_eq!(picture.color(), alone);
            assert!(
                shows(&picture.into_rgba8(), (0, 0), 1, image),
                "{channels}: {at}"
            );
        }
        sampled(&scratch, "grid.png");
        let grid = opened(&scratch, "grid.png");
        assert_eq!(grid.color(), on_sheet);
        let grid = grid.into_rgba8();
        assert_eq!(grid.get_pixel(0, 0).0, [32, 32, 40, 255]);
        for (at, image) in (0..).zip(&images) {
            let corner = (GAP + at * (64 + GAP), GAP);
            assert!(shows(&grid, corner, 8, image), "{channels}: {at}");
        }
    }
}

/// The last prediction is the image, but for rounding; of alpha a GIF knows two values.
#[test]
fn trajectories_have_alpha_too() {
    let scratch = Scratch::new("sample-alpha-trajectory");
    let images = made(&scratch, 4);
    for out in ["strip.png", "steps.gif"] {
        let arguments = [
            "--checkpoint",
            "net.safetensors",
            "--count",
            "2",
            "--out",
            "grid.png",
            "--trajectory",
            out,
        ];
        sample(&scratch, &arguments);
    }
    let strip = opened(&scratch, "strip.png");
    assert_eq!(strip.color(), ColorType::Rgba8);
    let strip = strip.into_rgba8();
    for (row, image) in (0..).zip(&images) {
        let (left, top) = (GAP + 4 * (64 + GAP), GAP + row * (64 + GAP));
        for at in 0..64 {
            let there = strip.get_pixel(left + at % 8 * 8, top + at / 8 * 8).0;
            let due = pixel(image, at as usize);
            assert!(there.iter().zip(due).all(|(a, b)| a.abs_diff(b) <= 1));
        }
    }
    let decoder = GifDecoder::new(std::io::Cursor::new(bytes(&scratch, "steps.gif"))).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    let last = frames.last().unwrap().buffer();
    let (mut opaque, mut clear) = (0, 0);
    for at in 0..64_u32 {
        let alpha = last.get_pixel(GAP + at % 8 * 8, GAP + at / 8 * 8).0[3];
        match pixel(&images[0], at as usize)[3] {
            127..=128 => {}
            due if due > 128 => (opaque += 1, assert_eq!(alpha, 255)).0,
            _ => (clear += 1, assert_eq!(alpha, 0)).0,
        }
    }
    assert!(opaque > 0 && clear > 0, "{opaque} opaque, {clear} clear");
}

#[test]
fn what_is_no_picture_goes_to_an_archive_alone() {
    let scratch = Scratch::new("sample-channels-5");
    made(&scratch, 5);
    let archive = std::io::Cursor::new(bytes(&scratch, "images.npz"));
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let images = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
    assert_eq!(images.shape(), [2, 8, 8, 5]);
    for options in [
        "--out grid.png",
        "--out folder/",
        "--out a.npz --trajectory t.png",
    ] {
        let common = "--checkpoint net.safetensors --count 2";
        let arguments = format!("{common} {options}");
        let output = run(&scratch, &arguments.split_whitespace().collect::<Vec<_>>());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{options}: {errors}");
        assert!(
            errors.contains("images of 5 channels are no pictures"),
            "{errors}"
        );
        assert_eq!(scratch.names(), ["images.npz", "net.safetensors"]);
    }
}
