//! Pixels across the seam of drawn images are as far apart as those inside.
//!
//! By the law of shifts the numbers across the seam are distributed as those across each boundary that is a multiple
//! of the total stride away. So the difference of both in an image is 0 on average, and within four deviations of the
//! mean of 32 images but once in 15,000 seeds.

use iddpm::{Device, Draw, Model};

const IMAGES: usize = 32;

/// The mean distance of the pixels on both sides of a boundary before a column.
fn across(planes: &[f32], (width, height): (usize, usize), column: usize) -> f64 {
    let before = (column + width - 1) % width;
    let rows = planes.chunks(width);
    let distance = |row: &[f32]| f64::from((row[column] - row[before]).abs());
    let channels = planes.len() / (width * height);
    rows.map(distance).sum::<f64>() / (channels * height) as f64
}

/// Columns as rows, of square planes.
fn turned(planes: &[f32], side: usize) -> Vec<f32> {
    let of_plane = |plane: &[f32]| {
        let from = |at: usize| plane[at % side * side + at / side];
        (0..side * side).map(from).collect::<Vec<f32>>()
    };
    planes.chunks(side * side).flat_map(of_plane).collect()
}

/// How much farther the pixels across the seam are apart than those inside, in deviations of the mean of all images.
fn excess(draw: &Draw) -> [f64; 2] {
    let model = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let stride = 1 << (model.description().unet.levels() - 1);
    let images = model.on(Device::cpu()).unwrap().sample(draw, IMAGES);
    let images = images.unwrap();
    let (side, _) = images.size();
    let of_image = images.planes().len() / IMAGES;
    let images: Vec<&[f32]> = images.planes().chunks(of_image).collect();
    let of_columns = |planes: &[f32]| {
        let inside: Vec<f64> = (stride..side)
            .step_by(stride)
            .map(|column| across(planes, (side, side), column))
            .collect();
        across(planes, (side, side), 0) - inside.iter().sum::<f64>() / inside.len() as f64
    };
    let columns: Vec<f64> = images.iter().map(|image| of_columns(image)).collect();
    let rows = images.iter().map(|image| of_columns(&turned(image, side)));
    [columns, rows.collect()].map(|excesses| {
        let count = IMAGES as f64;
        let mean = excesses.iter().sum::<f64>() / count;
        let squares = excesses.iter().map(|excess| (excess - mean).powi(2));
        mean / (squares.sum::<f64>() / (count - 1.0) / count).sqrt()
    })
}

#[test]
fn a_seam_is_no_seam() {
    let draw = Draw::new().steps("15").method("dpm").seed(1);
    let [columns, rows] = excess(&draw.clone().wrap("xy"));
    println!("round: {columns:.1} and {rows:.1} deviations");
    assert!(columns.abs() < 4.0 && rows.abs() < 4.0, "{columns}, {rows}");
    // A sprite lies within its ground: there is less at the edges than inside.
    let [columns, rows] = excess(&draw);
    println!("flat: {columns:.1} and {rows:.1} deviations");
    assert!(columns < -4.0 && rows < -4.0, "{columns}, {rows}");
}
