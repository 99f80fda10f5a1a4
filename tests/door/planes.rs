//! Pictures without end: a tile is the same however it is come by, and continues its neighbours.

use iddpm::run::Palette;
use iddpm::{Device, Draw, Images, Model};

use crate::studio;

fn draw(method: &str) -> Draw {
    Draw::new().class("3").steps("4").method(method).seed(5)
}

/// A rectangle out of a larger one, of one channel.
fn part(images: &Images, (x, y): (usize, usize), (width, height): (usize, usize)) -> Vec<u8> {
    let bytes = images.bytes().unwrap();
    let rows = (y..y + height).map(|row| row * images.size().0 + x);
    rows.flat_map(|at| bytes[at..at + width].to_vec()).collect()
}

/// By itself, within a larger one, after others, by another studio, and far from where everything begins.
#[test]
fn a_tile_is_the_same_bytes_however_it_is_come_by() {
    let ways = [
        ("ddim", 1, (0, 0)),
        ("dpm", 2, (-37, 21)),
        ("heun", 4, (1_000_000_000, -1_000_000_001)),
    ];
    for (method, blends, (x, y)) in ways {
        let draw = draw(method);
        let mut studio = studio();
        let mut plane = studio.plane(&draw).unwrap().with_blends(blends).unwrap();
        let large = plane.tile(x, y, (40, 24)).unwrap();
        let kept = plane.tile(x + 11, y + 3, (21, 7)).unwrap();
        let mut other = crate::digits().on(Device::cpu().with_threads(1)).unwrap();
        let mut plane = other.plane(&draw).unwrap().with_blends(blends).unwrap();
        plane.tile(x + 20, y - 9, (3, 3)).unwrap();
        let alone = plane.tile(x + 11, y + 3, (21, 7)).unwrap();
        let expected = part(&large, (11, 3), (21, 7));
        assert_eq!(
            kept.bytes().unwrap(),
            expected,
            "{method}, {blends} at {x},{y}"
        );
        assert_eq!(
            alone.bytes().unwrap(),
            expected,
            "{method}, {blends} at {x},{y}"
        );
    }
}

/// What is told is what is done, and what was drawn costs nothing any more.
#[test]
fn the_cost_of_a_tile_is_told() {
    let mut studio = studio();
    let mut plane = studio.plane(&draw("ddim")).unwrap().with_blends(2).unwrap();
    // Windows of 16 pixels on a grid of 8: one pixel is in four, which follow from 16, two steps each.
    assert_eq!(plane.cost(0, 0, (1, 1)).unwrap(), 2 * 4 + 2 * 16);
    assert_eq!(plane.cost(0, 0, (16, 8)).unwrap(), 2 * 6 + 2 * 20);
    plane.tile(0, 0, (1, 1)).unwrap();
    assert_eq!(plane.cost(0, 0, (8, 8)).unwrap(), 0);
    // Its neighbour has two new windows, for which four are missing.
    assert_eq!(plane.cost(8, 0, (8, 8)).unwrap(), 2 * 2 + 2 * 4);
    // The digits' network is evaluated four times whatever the blends.
    let plane = plane.with_blends(1).unwrap();
    assert_eq!(plane.cost(0, 0, (1, 1)).unwrap(), 4 * 4);
    let plane = plane.with_blends(4).unwrap();
    assert_eq!(plane.cost(0, 0, (1, 1)).unwrap(), 4 + 16 + 36 + 64);
}

/// Of as many bytes as are said, x and history of each, or of none.
#[test]
fn windows_are_kept_in_so_many_bytes() {
    for (method, of_window) in [("ddim", 4 * 16 * 16), ("dpm", 2 * 4 * 16 * 16)] {
        let mut studio = studio();
        let plane = studio.plane(&draw(method)).unwrap();
        // One pixel is in four windows, which follow from 16.
        let all = (4 + 16) * of_window;
        let mut plane = plane.with_blends(2).unwrap().with_cache(all);
        plane.tile(0, 0, (1, 1)).unwrap();
        assert_eq!(plane.cost(0, 0, (1, 1)).unwrap(), 0, "{method}");
        let mut plane = plane.with_cache(all - 1);
        plane.tile(0, 0, (1, 1)).unwrap();
        assert_eq!(
            plane.cost(0, 0, (1, 1)).unwrap(),
            2 * 4 + 2 * 16,
            "{method}"
        );
    }
}

/// Neighbouring pixels across a tile's border, and across the edges of windows, differ as those elsewhere do.
#[test]
fn there_are_no_seams() {
    let model = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let mut studio = model.on(Device::cpu()).unwrap();
    let draw = Draw::new().class("tree").steps("12").method("dpm").seed(2);
    let mut plane = studio.plane(&draw).unwrap();
    let (width, height) = (192, 64);
    let tile = plane.tile(0, 0, (width, height)).unwrap();
    // The sum over all columns c with c % 16 == k of the differences between columns c and c + 1: the edges of windows,
    // and of tiles of their size, are between 15 and 0.
    let bytes = tile.bytes().unwrap();
    let at = |row: usize, column: usize, channel: usize| {
        f64::from(bytes[(row * width + column) * 3 + channel])
    };
    let mut steps = [0.0; 16];
    let mut counts = [0.0; 16];
    for column in 0..width - 1 {
        for row in 0..height {
            for channel in 0..3 {
                steps[column % 16] +=
                    (at(row, column, channel) - at(row, column + 1, channel)).abs();
            }
            counts[column % 16] += 1.0;
        }
    }
    let means: Vec<f64> = steps
        .iter()
        .zip(counts)
        .map(|(sum, count)| sum / count)
        .collect();
    let across = means[15];
    let inside = &means[..15];
    let (least, most) = inside
        .iter()
        .fold((f64::MAX, 0.0_f64), |(a, b), &it| (a.min(it), b.max(it)));
    println!("across {across:.2}, inside {least:.2} to {most:.2}");
    assert!(across <= most && across >= least, "{across}, {means:?}");
    // Windows that are only laid beside each other have them.
    let mut beside = vec![0_u8; 0];
    for column in 0..2 {
        let window = studio.begin_numbers(&draw, column..column + 1).unwrap();
        let mut run = window;
        while run.advance().unwrap() {}
        beside.extend(run.images().unwrap().bytes().unwrap());
    }
    let pixel = |image: usize, row: usize, column: usize| {
        f64::from(beside[((image * 32 + row) * 32 + column) * 3])
    };
    let seam: f64 = (0..32)
        .map(|row| (pixel(0, row, 31) - pixel(1, row, 0)).abs())
        .sum();
    let within: f64 = (0..32)
        .map(|row| (pixel(0, row, 30) - pixel(0, row, 31)).abs())
        .sum();
    assert!(seam > within, "{seam}, {within}");
}

#[test]
fn a_plane_keeps_to_its_palette() {
    let palette: Palette = "#000000,#808080,#ffffff".parse().unwrap();
    let mut studio = studio();
    let mut plane = studio.plane(&draw("dpm").palette(palette)).unwrap();
    let bytes = plane.tile(3, 3, (30, 30)).unwrap().bytes().unwrap();
    assert!(bytes.iter().all(|byte| [0, 0x80, 255].contains(byte)));
}

#[test]
fn what_is_no_plane_is_refused() {
    let mut studio = studio();
    let cases = [
        (
            draw("ancestral"),
            "method ancestral: a plane is drawn by ddim",
        ),
        (
            draw("ddim:0.5"),
            "method ddim:0.5: a plane is drawn by ddim",
        ),
        (
            draw("ddim").strength(0.5),
            "strength 0.5: a plane begins with noise",
        ),
        (
            draw("ddim").between(3, 4).unwrap(),
            "between 3,4: a plane is of one seed",
        ),
        (draw("ddim").wrap("x"), "wrap x: a plane has no edges"),
        (
            draw("ddim").classes(["1", "2"]),
            "class 1, 2: a plane is of one class",
        ),
        (
            draw("ddim").classes(Vec::<String>::new()),
            "class \"\": a plane is of one class",
        ),
    ];
    for (draw, due) in cases {
        let refused = studio.plane(&draw).unwrap_err().to_string();
        assert!(refused.starts_with(due), "{refused}");
    }
    let mut plane = studio.plane(&draw("ddim")).unwrap();
    for (x, y, size) in [
        (0, 0, (0, 5)),
        (0, 0, (5, 0)),
        (i32::MAX, 0, (5, 5)),
        (0, i32::MIN, (5, 5)),
        (0, 0, (usize::MAX, 5)),
    ] {
        assert!(
            plane
                .tile(x, y, size)
                .unwrap_err()
                .to_string()
                .starts_with("size ")
        );
        assert!(plane.cost(x, y, size).is_err());
    }
    // Far more than there is room for, before anything is made of it.
    let refused = plane
        .tile(0, 0, (1_000_000_000, 1_000_000_000))
        .unwrap_err();
    assert!(matches!(refused, iddpm::Error::Memory(_)), "{refused}");
    for blends in [0, 5] {
        let plane = studio.plane(&draw("ddim")).unwrap();
        assert!(plane.with_blends(blends).is_err(), "{blends}");
    }
}
