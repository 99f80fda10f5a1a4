//! Images that go round: one that is shifted round by a multiple of the network's total stride is what it was,
//! shifted round, through a network and through whole runs, wherever that runs; and copies have no seams.
//!
//! How far two results may be apart is computed: let each layer be off by a relative δ, that of the network's
//! longest sum in f32 ([`sum_of`]). What the network makes of such errors is found by a run whose weights are all off
//! by up to ±δ; a layer rounds its weights, what it reads and what it makes, so at most three times that.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../cases/rounding.rs"]
#[allow(dead_code)]
mod rounding;

mod convolution;
mod evaluated;
mod networks;
mod runs;
mod seams;

use iddpm::diffusion::Noise;
use iddpm::unet::Graph;
use rounding::sum_of;

/// Planes of so many rows and columns, shifted round by so many down and to the right.
pub(crate) fn shifted<T: Copy>(
    planes: &[T],
    (height, width): (usize, usize),
    (down, right): (usize, usize),
) -> Vec<T> {
    let of_plane = |plane: &[T]| {
        let from = |at: usize| {
            let (y, x) = (at / width + height - down, at % width + width - right);
            plane[y % height * width + x % width]
        };
        (0..height * width).map(from).collect::<Vec<T>>()
    };
    planes.chunks(height * width).flat_map(of_plane).collect()
}

pub(crate) fn normals(number: u64, len: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Noise::new(5).stream(number, 0).fill_normals(0, &mut values);
    values
}

/// The weights of a network, each off by up to ±δ of it.
pub(crate) fn off(graph: &Graph, weights: &[f32]) -> Vec<f32> {
    let matrices = graph.params().iter().filter(|param| param.shape.len() > 1);
    let terms = matrices.map(|param| param.elements() / param.rows());
    let delta = sum_of(terms.max().unwrap());
    let signs = normals(8, weights.len());
    let errors = weights.iter().zip(signs);
    errors
        .map(|(weight, sign)| weight * (1.0 + delta.copysign(sign.into())) as f32)
        .collect()
}

/// The largest distance of two results.
pub(crate) fn distance(one: &[f64], other: &[f64]) -> f64 {
    let distances = one.iter().zip(other).map(|(a, b)| (a - b).abs());
    // A NaN is the largest.
    distances.max_by(f64::total_cmp).unwrap()
}

pub(crate) fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&number| number.into()).collect()
}
