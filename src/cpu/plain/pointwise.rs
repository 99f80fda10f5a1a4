//! What is done to each element by itself: noising, dropout, sums, slices, and the gradients of resizings.

use super::{Real, View, fill, number};
use crate::diffusion::LossRow;
use crate::diffusion::noise::philox4x32_10;
use crate::unet::Shape;

use super::loss::row;

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

/// 0 where the random word of an element is below the threshold, else divided by the share that is kept.
pub(crate) fn dropout<R: Real>(
    input: View<'_, R>,
    keys: &[u32],
    (layer, threshold): (u32, u32),
    output: &mut [R],
) {
    let keep = 1.0 - f64::from(threshold) / 4_294_967_296.0;
    let image = input.shape.image().elements().max(1);
    let keys = keys.as_chunks::<4>().0;
    for (at, (out, x)) in output.iter_mut().zip(input.numbers).enumerate() {
        let (n, element) = (at / image, at % image);
        let [low, high, first, second] = keys.get(n).copied().unwrap_or_default();
        let words = philox4x32_10([(element / 4) as u32, layer, first, second], [low, high]);
        let word = words.get(element % 4).copied().unwrap_or_default();
        *out = R::nearest(if word < threshold {
            0.0
        } else {
            x.exact() / keep
        });
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

/// Each value four times, divided by 4; the last row or column of an odd size is 0.
pub(crate) fn average_pool_grad<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    fill(made, output, |n, c, y, x| grad.at(n, c, y / 2, x / 2) / 4.0);
}

/// Sums of 2×2.
pub(crate) fn upsample_grad<R: Real>(made: Shape, grad: View<'_, R>, output: &mut [R]) {
    fill(made, output, |n, c, y, x| {
        let row = |y| grad.at(n, c, y, 2 * x) + grad.at(n, c, y, 2 * x + 1);
        row(2 * y) + row(2 * y + 1)
    });
}
