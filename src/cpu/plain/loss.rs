//! The loss of each image, and its gradient with respect to the network's output.

use super::{Real, View, fill};
use crate::diffusion::{ElementLoss, LossRow};
use crate::unet::LossOp;

/// The row of an image.
pub(crate) fn row<R: Real>(rows: View<'_, R>, n: usize) -> LossRow {
    let mut words = [0.0; LossRow::LEN];
    for (c, word) in words.iter_mut().enumerate() {
        *word = rows.of(n, c) as f32;
    }
    LossRow::from_words(&words)
}

/// The loss of an element.
fn element<R: Real>(
    loss: &LossOp<View<'_, R>>,
    row: &LossRow,
    [n, c, y, x]: [usize; 4],
) -> ElementLoss {
    let channels = loss.x_start.shape.channels;
    let start = loss.x_start.at(n, c, y, x);
    let target = row.target(start, loss.noise.at(n, c, y, x), loss.x.at(n, c, y, x));
    // 0 where no variance is learned: there is no such channel.
    let channel = if loss.output.shape.channels > channels {
        loss.output.at(n, channels + c, y, x)
    } else {
        0.0
    };
    row.element(target - loss.output.at(n, c, y, x), start, channel)
}

/// \[N, 3\]: total, mean squared error and bound's term.
pub(crate) fn value<R: Real>(loss: LossOp<View<'_, R>>, output: &mut [R]) {
    let image = loss.x_start.shape.image();
    let count = image.elements() as f64;
    for (n, out) in output.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let row = row(loss.rows, n);
        let (mut square, mut nats) = (0.0, 0.0);
        for c in 0..image.channels {
            for y in 0..image.height {
                for x in 0..image.width {
                    let element = element(&loss, &row, [n, c, y, x]);
                    square += element.square;
                    nats += element.nats;
                }
            }
        }
        let (mse, bound) = (square / count, nats / count / core::f64::consts::LN_2);
        let total = row.mse_weight * mse + row.bound_weight * bound;
        *out = [total, mse, bound].map(R::nearest);
    }
}

/// The gradient of Σ_n weight_n total_n.
pub(crate) fn gradient<R: Real>(loss: LossOp<View<'_, R>>, output: &mut [R]) {
    let channels = loss.x_start.shape.channels;
    let count = loss.x_start.shape.image().elements() as f64;
    let mut of: Option<(usize, LossRow)> = None;
    fill(loss.output.shape, output, |n, c, y, x| {
        let row = match of {
            Some((image, row)) if image == n => row,
            _ => row(loss.rows, n),
        };
        of = Some((n, row));
        let share = row.weight / count;
        match c.checked_sub(channels) {
            None => share * element(&loss, &row, [n, c, y, x]).d_output,
            Some(c) => share * element(&loss, &row, [n, c, y, x]).d_channel,
        }
    });
}
