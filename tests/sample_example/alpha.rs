//! Images of other channels than red, green and blue.

use iddpm::diffusion::pixels::over;
use image::ColorType;
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, RgbaImage};

use super::network::{Kind, network};
use super::scratch::Scratch;
use super::{bytes, run, sample};

const GAP: u32 = 2;

/// What a network of so many channels makes: the pixels of two images, channels first, straight.
fn made(scratch: &Scratch, channels: usize) -> Vec<Vec<u8>> {
    let kind = Kind {
        channels,
        ..Kind::default()
    };
    network(scratch, "net.safetensors", kind);
    let images = sampled(scratch, "images.npz");
    let archive = std::io::Cursor::new(bytes(scratch, &images));
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let images = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
    assert_eq!(images.shape(), [2, 8, 8, channels as u64]);
    let pixels: Vec<u8> = images.into_vec().unwrap();
    let planes = |image: &[u8]| {
        let plane = |channel| image.iter().skip(channel).step_by(channels).copied();
        (0..channels).flat_map(plane).collect()
    };
    pixels.chunks(channels * 64).map(planes).collect()
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

/// The pixel on the board of grey squares that a grid has under it: each is a pixel of 8×8 here.
fn on_board(image: &[u8], at: usize) -> [u8; 4] {
    let [colours @ .., alpha] = pixel(image, at);
    let ground = if (at % 8 + at / 8).is_multiple_of(2) {
        0x99
    } else {
        0x66
    };
    let [red, green, blue] = colours.map(|colour| over(colour, alpha, ground));
    [red, green, blue, 255]
}

/// Whether a picture shows an image, each pixel as a square of so many.
fn shows(
    picture: &RgbaImage,
    (left, top): (u32, u32),
    zoom: u32,
    pixel: impl Fn(usize) -> [u8; 4],
) -> bool {
    let side = 8 * zoom;
    (0..side * side).all(|at| {
        let (x, y) = (at % side, at / side);
        let there = picture.get_pixel(left + x, top + y).0;
        there == pixel((y / zoom * 8 + x / zoom) as usize)
    })
}

fn opened(scratch: &Scratch, name: &str) -> DynamicImage {
    image::load_from_memory(&bytes(scratch, name)).unwrap()
}

#[test]
fn pictures_have_the_channels_of_the_network() {
    let cases = [
        (1, ColorType::L8),
        (2, ColorType::La8),
        (3, ColorType::Rgb8),
        (4, ColorType::Rgba8),
    ];
    for (channels, alone) in cases {
        let scratch = Scratch::new(&format!("sample-channels-{channels}"));
        let images = made(&scratch, channels);
        sampled(&scratch, "folder/");
        for (at, image) in images.iter().enumerate() {
            let picture = opened(&scratch, &format!("folder/{at:06}.png"));
            assert_eq!(picture.color(), alone);
            assert!(
                shows(&picture.into_rgba8(), (0, 0), 1, |at| pixel(image, at)),
                "{channels}: {at}"
            );
        }
        sampled(&scratch, "grid.png");
        let grid = opened(&scratch, "grid.png");
        assert_eq!(grid.color(), ColorType::Rgb8);
        let grid = grid.into_rgba8();
        assert_eq!(grid.get_pixel(0, 0).0, [32, 32, 40, 255]);
        for (at, image) in (0..).zip(&images) {
            let corner = (GAP + at * (64 + GAP), GAP);
            assert!(
                shows(&grid, corner, 8, |at| on_board(image, at)),
                "{channels}: {at}"
            );
        }
    }
}

/// The last prediction is the image, but for rounding: a level of a premultiplied colour or of alpha is one of what
/// is seen, and half of one more is rounded. A GIF of so few pixels has every colour.
#[test]
fn trajectories_lie_on_the_board_too() {
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
    assert_eq!(strip.color(), ColorType::Rgb8);
    let strip = strip.into_rgba8();
    let decoder = GifDecoder::new(std::io::Cursor::new(bytes(&scratch, "steps.gif"))).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 5);
    let last = frames.last().unwrap().buffer();
    for (row, image) in (0..).zip(&images) {
        let strip_corner = (GAP + 4 * (64 + GAP), GAP + row * (64 + GAP));
        let last_corner = (GAP + row * (64 + GAP), GAP);
        for (picture, (left, top)) in [(&strip, strip_corner), (last, last_corner)] {
            for at in 0..64 {
                let there = picture.get_pixel(left + at % 8 * 8, top + at / 8 * 8).0;
                let due = on_board(image, at as usize);
                let near = there.iter().zip(due).all(|(a, b)| a.abs_diff(b) <= 3);
                assert!(near, "{there:?}, {due:?}");
            }
        }
    }
}

/// Of alpha a GIF knows two values, and a frame does not shine through the next.
#[test]
fn frames_of_an_animation_are_transparent() {
    let scratch = Scratch::new("sample-alpha-frames");
    let images = made(&scratch, 4);
    sampled(&scratch, "images.gif");
    let decoder = GifDecoder::new(std::io::Cursor::new(bytes(&scratch, "images.gif"))).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 2);
    let (mut opaque, mut clear) = (0, 0);
    for (frame, image) in frames.iter().zip(&images) {
        for at in 0..4096 {
            let there = frame.buffer().get_pixel(at % 64, at / 64).0;
            let [red, green, blue, alpha] = pixel(image, (at / 64 / 8 * 8 + at % 64 / 8) as usize);
            if alpha >= 128 {
                assert_eq!(there, [red, green, blue, 255]);
                opaque += 1;
            } else {
                assert_eq!(there[3], 0);
                clear += 1;
            }
        }
    }
    assert!(opaque > 0 && clear > 0, "{opaque} opaque, {clear} clear");
}

/// Of more colours than a GIF's 256, too, what is seen is opaque and what is not is not.
#[test]
fn frames_of_many_colours_are_transparent_where_they_are_to_be() {
    let scratch = Scratch::new("sample-alpha-colours");
    let kind = Kind {
        channels: 4,
        sides: (32, 32),
        ..Kind::default()
    };
    network(&scratch, "net.safetensors", kind);
    // A network that has learnt nothing has many colours where each step adds noise.
    for out in ["images.gif", "images/"] {
        let arguments =
            format!("--checkpoint net.safetensors --count 2 --method ancestral --out {out}");
        sample(&scratch, &arguments.split(' ').collect::<Vec<_>>());
    }
    let decoder = GifDecoder::new(std::io::Cursor::new(bytes(&scratch, "images.gif"))).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    for (number, frame) in frames.iter().enumerate() {
        let picture = opened(&scratch, &format!("images/{number:06}.png")).into_rgba8();
        let colours: std::collections::HashSet<_> = picture.pixels().collect();
        assert!(colours.len() > 256);
        for (x, y, pixel) in frame.buffer().enumerate_pixels() {
            let is_opaque = picture.get_pixel(x / 2, y / 2).0[3] >= 128;
            assert_eq!(pixel.0[3] == 255, is_opaque, "{number}: {x}, {y}");
        }
    }
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
