//! Images with alpha from end to end: a folder, a network that is trained on it, what it draws, in every kind of file.

use std::io::BufReader;
use std::ops::ControlFlow;

use iddpm::data::{self, Alpha, Dataset, Options};
use iddpm::diffusion::pixels::{over, to_u8};
use iddpm::run::{Recipe, Training};
use iddpm::{Device, Draw, Images, Model};
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Rgba, RgbaImage};

use crate::scratch::Scratch;

/// Discs of another colour each, half transparent at their edges.
fn pictures(scratch: &Scratch) {
    std::fs::create_dir(scratch.join("discs")).unwrap();
    for number in 0..4_u8 {
        let disc = RgbaImage::from_fn(8, 8, |x, y| {
            let [x, y] = [x, y].map(|at| 2 * at as i32 - 7);
            let alpha = match x * x + y * y {
                0..=20 => 255,
                21..=35 => 128,
                _ => 0,
            };
            Rgba([60 * number, 255 - 60 * number, 90, alpha])
        });
        let path = scratch.join(&format!("discs/{}_{number}.png", number % 2));
        disc.save(path).unwrap();
    }
}

/// A network that was trained on them, two steps.
fn trained(scratch: &Scratch) -> Model {
    pictures(scratch);
    let options = Options {
        alpha: Some(Alpha::Keep),
        ..Options::square(8)
    };
    let discs = data::open(scratch.join("discs"), &options).unwrap();
    assert_eq!((discs.transparent(), discs.extents().channels), (4, 4));
    let mut recipe = Recipe::default();
    recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
    recipe.config.batch = 2;
    let device = Device::cpu().with_threads(1);
    let mut training = Training::begin(scratch.join("run"), &recipe, discs, device).unwrap();
    let go_on = |_: &_| ControlFlow::Continue(());
    assert_eq!(training.until(2, go_on).unwrap(), 2);
    training.model().unwrap()
}

fn draw(model: &Model, device: Device) -> Images {
    let draw = Draw::new().steps("4").seed(5);
    model.on(device).unwrap().sample(&draw, 3).unwrap()
}

/// Written, read back, and what the images are.
fn check_files(scratch: &Scratch, model: &Model, images: &Images) {
    let bytes = images.bytes().unwrap();
    let (pixels, _) = bytes.as_chunks::<4>();
    assert_eq!(pixels.len(), 3 * 64);
    let image = |number: usize, x: u32, y: u32| pixels[64 * number + (8 * y + x) as usize];

    images.save(scratch.join("drawn/")).unwrap();
    images.save(scratch.join("drawn.npz")).unwrap();
    let folder = model.open_data(scratch.join("drawn")).unwrap();
    let archive = model.open_data(scratch.join("drawn.npz")).unwrap();
    for number in 0..3 {
        let name = format!("drawn/{}_{number:06}.png", number % 2);
        let picture = image::open(scratch.join(&name)).unwrap();
        assert_eq!(picture.color(), image::ColorType::Rgba8);
        let picture = picture.into_rgba8();
        for (x, y, pixel) in picture.enumerate_pixels() {
            assert_eq!(pixel.0, image(number, x, y));
        }
        // As data they are what was drawn, as truncated to 8 bits; a colour that is more than its alpha is its alpha.
        let drawn = &images.planes()[256 * number..][..256];
        let drawn: Vec<u8> = drawn.iter().map(|&x| to_u8(x)).collect();
        let found = archive.get(number).unwrap();
        for at in 0..256 {
            let due = drawn[at].min(drawn[192 + at % 64]);
            assert_eq!(found.pixels[at], due);
        }
        let same = (0..3).any(|at| folder.get(at).unwrap() == found);
        assert!(same, "{number}");
    }

    images.save(scratch.join("drawn.gif")).unwrap();
    let file = std::fs::File::open(scratch.join("drawn.gif")).unwrap();
    let frames = GifDecoder::new(BufReader::new(file)).unwrap().into_frames();
    let frames = frames.collect_frames().unwrap();
    assert_eq!(frames.len(), 3);
    for (number, frame) in frames.iter().enumerate() {
        for (x, y, pixel) in frame.buffer().enumerate_pixels() {
            let [red, green, blue, alpha] = image(number, x / 8, y / 8);
            match alpha >= 128 {
                true => assert_eq!(pixel.0, [red, green, blue, 255]),
                false => assert_eq!(pixel.0[3], 0),
            }
        }
    }

    images.save(scratch.join("grid.png")).unwrap();
    let grid = image::open(scratch.join("grid.png")).unwrap();
    assert_eq!(grid.color(), image::ColorType::Rgb8);
    let grid = grid.into_rgb8();
    // Two columns, each image 64 wide with 2 around it under 12 of its class.
    for number in 0..3_u32 {
        let (left, top) = (2 + number % 2 * 66, 2 + 12 + number / 2 * 78);
        for (x, y) in (0..64).flat_map(|y| (0..64).map(move |x| (x, y))) {
            let [colours @ .., alpha] = image(number as usize, x / 8, y / 8);
            let is_light = (x / 8 + y / 8) % 2 == 0;
            let ground = if is_light { 0x99 } else { 0x66 };
            let due = colours.map(|colour| over(colour, alpha, ground));
            assert_eq!(
                grid.get_pixel(left + x, top + y).0,
                due,
                "{number}: {x}, {y}"
            );
        }
    }
}

#[test]
fn a_folder_with_alpha_is_learnt_drawn_and_written() {
    let scratch = Scratch::new("door-alpha");
    let model = trained(&scratch);
    assert_eq!(model.image().channels, 4);
    let images = draw(&model, Device::cpu());
    check_files(&scratch, &model, &images);
    let (bytes, floats) = (images.bytes().unwrap(), images.floats().unwrap());
    for (bytes, floats) in bytes.chunks(4).zip(floats.chunks(4)) {
        let alpha = f64::from(bytes[3]);
        assert_eq!(to_u8(floats[3]), bytes[3]);
        // A level of the premultiplied colour and of alpha each, truncated, and half of one.
        let bound = if alpha == 0.0 {
            255.0
        } else {
            2.0 * 255.0 / alpha + 0.5
        };
        for channel in 0..3 {
            let float = (f64::from(floats[channel]) + 1.0) * 127.5;
            assert!((float - f64::from(bytes[channel])).abs() <= bound);
        }
    }
    // Bits/dim are of the pixels as the network has them.
    let discs = model.open_data(scratch.join("discs")).unwrap();
    let studio = model.on(Device::cpu()).unwrap();
    assert!(studio.bits_per_dim(&discs, "4").unwrap().mean.is_finite());
}

/// The device's images are the processor's, to less than a level of 8 bits, and go into the same files.
#[cfg(feature = "gpu")]
#[test]
fn a_device_draws_alpha_too() {
    let scratch = Scratch::new("door-alpha-gpu");
    let model = trained(&scratch);
    let images = draw(&model, Device::gpu());
    check_files(&scratch, &model, &images);
    let processor = draw(&model, Device::cpu());
    let pairs = images.planes().iter().zip(processor.planes());
    assert!(pairs.clone().count() == 3 * 256);
    let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1.0 / 127.5, "{apart}");
}
