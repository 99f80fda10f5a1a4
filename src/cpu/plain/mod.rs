//! Every operation in plain loops, over f32 or f64: what the fast path and the kernels are measured against, and
//! what a microcontroller runs.
//!
//! One file for each family, forward beside gradient; its documentation is the formula. Gradients are computed
//! in f64 and rounded to the numbers of the tensor: once, or, of an attention, at every addition.

pub(crate) mod attention;
pub(crate) mod conv;
pub(crate) mod embedding;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod pointwise;
pub(crate) mod resize;

use super::math::Number;
pub(crate) use super::math::Real;
use crate::part::part;
use crate::unet::Shape;

/// A tensor with its shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, R> {
    pub(crate) shape: Shape,
    pub(crate) numbers: &'a [R],
}

impl<'a, R> View<'a, R> {
    /// Some of its rows of so many numbers, one behind the other.
    pub(crate) fn rows(&self, first: usize, count: usize, len: usize) -> Self {
        Self {
            shape: Shape::vector(1, count * len),
            numbers: part(self.numbers, first * len, count * len),
        }
    }
}

impl<R: Real> View<'_, R> {
    /// A number of it; 0 outside, as convolutions are padded.
    pub(crate) fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        let Shape { height, width, .. } = self.shape;
        if y >= height || x >= width {
            return 0.0;
        }
        number(self.numbers, place(self.shape, [n, c, y, x]))
    }

    /// One number for each image and channel.
    pub(crate) fn of(&self, n: usize, c: usize) -> f64 {
        self.at(n, c, 0, 0)
    }
}

/// One of many numbers.
pub(crate) fn number<N: Number>(numbers: &[N], at: usize) -> f64 {
    let found = numbers.get(at);
    debug_assert!(found.is_some(), "{at} of {}", numbers.len());
    found.map_or(0.0, |number| number.exact())
}

const fn place(shape: Shape, [n, c, y, x]: [usize; 4]) -> usize {
    ((n * shape.channels + c) * shape.height + y) * shape.width + x
}

/// Fills a tensor by its formula.
pub(crate) fn fill<R: Real>(
    shape: Shape,
    output: &mut [R],
    mut formula: impl FnMut(usize, usize, usize, usize) -> f64,
) {
    let mut output = output.iter_mut();
    for n in 0..shape.batch {
        for c in 0..shape.channels {
            for y in 0..shape.height {
                for x in 0..shape.width {
                    let out = output.next();
                    debug_assert!(out.is_some(), "{n}, {c}, {y}, {x} of {shape:?}");
                    if let Some(out) = out {
                        *out = R::nearest(formula(n, c, y, x));
                    }
                }
            }
        }
    }
}

/// Σ over the images and positions of a tensor.
pub(crate) fn total(shape: Shape, mut term: impl FnMut(usize, usize, usize) -> f64) -> f64 {
    let mut sum = 0.0;
    for n in 0..shape.batch {
        for y in 0..shape.height {
            for x in 0..shape.width {
                sum += term(n, y, x);
            }
        }
    }
    sum
}
