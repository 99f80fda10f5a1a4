//! Grids: each image under its class.

use iddpm::data::{Dataset, npz};
use image::RgbImage;

use super::sample;
use super::scratch::Scratch;

/// The side of a digit in a grid, enlarged four times; what is above it; the gap between cells.
pub(crate) const SIDE: u32 = 64;
pub(crate) const HEAD: u32 = 12;
pub(crate) const GAP: u32 = 2;

pub(crate) fn picture(scratch: &Scratch, name: &str) -> RgbImage {
    image::open(scratch.join(name)).unwrap().into_rgb8()
}

/// The corner of a cell of a grid, below its head.
pub(crate) fn corner(column: u32, row: u32, head: u32) -> (u32, u32) {
    let (width, height) = (SIDE + GAP, SIDE + GAP + head);
    (column * width + GAP, row * height + GAP + head)
}

/// Whether a cell of a grid shows this image, each pixel as a square of four.
fn shows(grid: &RgbImage, (left, top): (u32, u32), pixels: &[u8]) -> bool {
    let mut positions = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    positions.all(|(x, y)| {
        let value = pixels[(y / 4 * 16 + x / 4) as usize];
        grid.get_pixel(left + x, top + y).0 == [value; 3]
    })
}

#[test]
fn a_grid_shows_each_image_under_its_class() {
    let scratch = Scratch::new("sample-grid");
    sample(&scratch, &["--count", "12", "--out", "digits.npz"]);
    assert_eq!(sample(&scratch, &["--count", "12"]), "samples.png");
    let images = npz::open(scratch.join("digits.npz")).unwrap();
    let grid = picture(&scratch, "samples.png");
    let cell = (SIDE + GAP, SIDE + GAP + HEAD);
    assert_eq!(grid.dimensions(), (10 * cell.0 + GAP, 2 * cell.1 + GAP));
    let heads: Vec<Vec<[u8; 3]>> = (0..12)
        .map(|at: u32| {
            let (left, top) = corner(at % 10, at / 10, HEAD);
            let pixels = images.get(at as usize).unwrap().pixels;
            assert!(shows(&grid, (left, top), &pixels), "image {at}");
            let head = (top - HEAD..top).flat_map(|y| (left..left + SIDE).map(move |x| (x, y)));
            head.map(|(x, y)| grid.get_pixel(x, y).0).collect()
        })
        .collect();
    // Ten classes, ten numbers, none of them blank; then the first two again.
    for at in 0..10 {
        assert!(
            heads[at]
                .iter()
                .any(|colour| *colour != heads[at][SIDE as usize - 1])
        );
        assert!(
            heads[..at].iter().all(|other| *other != heads[at]),
            "class {at}"
        );
    }
    assert_eq!(heads[10..], heads[..2]);
}
