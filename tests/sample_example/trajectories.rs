//! Trajectories: how the images came about.

use iddpm::data::{Dataset, npz};
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, RgbImage};

use super::grids::{GAP, HEAD, SIDE, corner, picture};
use super::scratch::Scratch;
use super::{bytes, sample};

/// x̂_0 of the last step is the image itself, but for rounding: a level at the most.
fn ends_in(grid: &RgbImage, (left, top): (u32, u32), pixels: &[u8]) -> bool {
    (0..16 * 16).all(|at| {
        let value = grid.get_pixel(left + at % 16 * 4, top + at / 16 * 4).0[0];
        value.abs_diff(pixels[at as usize]) <= 1
    })
}

#[test]
fn a_trajectory_ends_in_the_images() {
    let scratch = Scratch::new("sample-trajectory");
    let common = ["--count", "3", "--batch", "2", "--out", "digits.npz"];
    let animation = [&common[..], &["--trajectory", "steps.gif"]].concat();
    assert_eq!(sample(&scratch, &animation), "steps.gif");
    let images = npz::open(scratch.join("digits.npz")).unwrap();
    let pixels = |at| images.get(at).unwrap().pixels.into_owned();

    // A frame for each step, of the first batch.
    let decoder = GifDecoder::new(std::io::Cursor::new(bytes(&scratch, "steps.gif"))).unwrap();
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 5);
    for frame in &frames {
        let (ms, over) = frame.delay().numer_denom_ms();
        assert!(ms / over >= 20, "too fast to be seen");
        let size = (2 * (SIDE + GAP) + GAP, SIDE + GAP + HEAD + GAP);
        assert_eq!(frame.buffer().dimensions(), size);
    }
    let frame = |at: usize| image::DynamicImage::from(frames[at].buffer().clone()).into_rgb8();
    for at in 0..2 {
        assert!(ends_in(
            &frame(4),
            corner(at, 0, HEAD),
            &pixels(at as usize)
        ));
        assert!(!ends_in(
            &frame(0),
            corner(at, 0, HEAD),
            &pixels(at as usize)
        ));
    }

    // A row for each image of the first batch, a column for each step.
    let strip = [&common[..], &["--trajectory", "steps.png"]].concat();
    sample(&scratch, &strip);
    let strip = picture(&scratch, "steps.png");
    let cell = (SIDE + GAP, SIDE + GAP + HEAD);
    assert_eq!(strip.dimensions(), (5 * cell.0 + GAP, 2 * cell.1 + GAP));
    for row in 0..2 {
        assert!(ends_in(&strip, corner(4, row, HEAD), &pixels(row as usize)));
        assert!(!ends_in(
            &strip,
            corner(0, row, HEAD),
            &pixels(row as usize)
        ));
    }
    // Of many steps some moments are shown, the last among them.
    let many = ["--steps", "30", "--count", "1", "--trajectory", "steps.png"];
    sample(&scratch, &many);
    assert_eq!(picture(&scratch, "steps.png").width(), 12 * cell.0 + GAP);
}
