//! The operations on each element by itself: noising, dropout, sums, and channels put together and taken
//! apart.

use super::loss::row;
use super::{Real, View, fill, number};
use crate::diffusion::LossRow;
use crate::diffusion::noise::philox4x32_10;
use crate::part::{item, parts, split_mut};
use crate::unet::Shape;
use crate::unet::op::kept;

/// x_t = √ᾱ x_0 + √(1-ᾱ) ε, the roots from the image's row.
pub(crate) fn diffuse<R: Real>(
    made: Shape,
    x_start: View<'_, R>,
    noise: View<'_, R>,
    rows: View<'_, R>,
    output: &mut [R],
) {
    let mut of: Option<(usize, LossRow)> = None;
    fill(made, output, |n, c, y, x| {
        let row = match of {
            Some((image, row)) if image == n => row,
            _ => row(rows, n),
        };
        of = Some((n, row));
        row.x(x_start.at(n, c, y, x), noise.at(n, c, y, x))
    });
}

/// A dropout: its number in the network, and its threshold.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    pub(crate) layer: u32,
    pub(crate) threshold: u32,
}

/// 0 where the random word of an element is below the threshold, else divided by the share that is kept.
pub(crate) fn dropout<R: Real>(
    Dropout { layer, threshold }: Dropout,
    input: View<'_, R>,
    keys: &[u32],
    output: &mut [R],
) {
    let keep = kept(threshold);
    let image = input.shape.image().elements().max(1);
    let images = output
        .chunks_mut(image.max(1))
        .zip(input.numbers.chunks(image.max(1)));
    for ((output, input), key) in images.zip(keys.as_chunks().0) {
        let &[low, high, first, second] = key;
        for (element, (out, x)) in output.iter_mut().zip(input).enumerate() {
            let words = philox4x32_10([(element / 4) as u32, layer, first, second], [low, high]);
            let dropped = item(&words, element % 4) < threshold;
            *out = R::nearest(if dropped { 0.0 } else { x.exact() / keep });
        }
    }
}

/// The sum of two tensors.
pub(crate) fn add<R: Real>(first: &[R], second: &[R], output: &mut [R]) {
    for (at, out) in output.iter_mut().enumerate() {
        *out = R::nearest(number(first, at) + number(second, at));
    }
}

/// Channels from `start` on.
pub(crate) fn slice<R: Real>(made: Shape, input: View<'_, R>, start: usize, output: &mut [R]) {
    fill(made, output, |n, c, y, x| input.at(n, start + c, y, x));
}

/// out\[n\] = [first\[n\], second\[n\]]: channels of the one, then of the other.
///
/// The concatenation of images of `a` and of `b` elements.
pub(crate) fn concat<R: Copy>(a: usize, b: usize, first: &[R], second: &[R], output: &mut [R]) {
    let mut second = second.chunks_exact(b.max(1));
    for (out, first) in parts(output, a + b, first, a) {
        let (front, back) = split_mut(out, a);
        for (part, from) in [(front, first), (back, second.next().unwrap_or_default())] {
            for (out, &number) in part.iter_mut().zip(from) {
                *out = number;
            }
        }
    }
}
