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

/// How much farther pixels are apart across edges, which lie a stride from each other, than across the columns on both
/// sides of those, summed over some rows.
///
/// What is drawn depends on its place in the grid: ground lies at the edges of a window, and a tree between. But windows
/// weigh less towards their edges, down to nothing, so that it changes little from one column to the next.
fn excess(rows: &[f32], width: usize, stride: usize) -> f64 {
    let apart = |row: &[f32], column: usize| f64::from((row[column] - row[column + 1]).abs());
    let of_row = |row: &[f32]| -> f64 {
        let edges = (stride - 1..width - 2).step_by(stride);
        edges
            .map(|at| apart(row, at) - (apart(row, at - 1) + apart(row, at + 1)) / 2.0)
            .sum()
    };
    rows.chunks(width).map(of_row).sum()
}

/// The mean of some numbers in deviations of that mean.
fn deviations(numbers: &[f64]) -> f64 {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let squares: f64 = numbers.iter().map(|it| (it - mean).powi(2)).sum();
    mean / (squares / (count - 1.0) / count).sqrt()
}

/// Across a tile's border, and across the edges of windows, pixels are no farther apart than beside them: of some seeds,
/// which are independent, the excess is 0 on average or less, and within four deviations of its mean but once in a
/// thousand such tests. Across the border of windows that are only laid beside each other it is more.
#[test]
fn there_are_no_seams() {
    const SEEDS: u64 = 12;
    let model = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let mut studio = model.on(Device::cpu()).unwrap();
    let (mut blended, mut beside) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let draw = Draw::new().class("tree").steps("8").method("dpm");
        let draw = draw.seed(seed);
        let tile = studio.plane(&draw).unwrap().tile(0, 0, (48, 32)).unwrap();
        blended.push(excess(tile.planes(), 48, 16));
        let pair = studio.sample(&draw, 2).unwrap();
        let (left, right) = pair.planes().split_at(pair.planes().len() / 2);
        let rows = left.chunks(32).zip(right.chunks(32));
        let rows: Vec<f32> = rows
            .flat_map(|(left, right)| [left, right].concat())
            .collect();
        beside.push(excess(&rows, 64, 32));
    }
    let [blended, beside] = [blended, beside].map(|it| deviations(&it));
    println!("blended {blended:.1}, beside each other {beside:.1} deviations");
    assert!(blended < 4.0 && beside > 4.0, "{blended}, {beside}");
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
