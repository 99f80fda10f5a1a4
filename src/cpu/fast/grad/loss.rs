//! The loss of each image and its gradient; every element in f64, see
//! [`LossRow`](crate::diffusion::LossRow).

use crate::cpu::fast::threads::{Threads, product};
use crate::diffusion::{ElementLoss, LossRow};
use crate::part::{item, part, part_mut, put, split, split_mut};
use crate::unet::Extents;

/// What a loss reads: rows of channels, the output's of mean and variance.
#[derive(Clone, Copy)]
pub(crate) struct Loss<'a> {
    /// Of an image.
    pub(crate) extents: Extents,
    /// Channels of the output.
    pub(crate) channels: usize,
    pub(crate) output: &'a [f32],
    pub(crate) x_start: &'a [f32],
    pub(crate) noise: &'a [f32],
    pub(crate) x: &'a [f32],
    pub(crate) rows: &'a [f32],
}

/// Positions whose sums are taken together.
const STRETCH: usize = 64;

impl Loss<'_> {
    fn row(&self, n: usize) -> LossRow {
        LossRow::from_words(&item(self.rows.as_chunks().0, n))
    }

    /// Every element of a position.
    #[inline(always)]
    fn elements(&self, row: &LossRow, position: usize, mut each: impl FnMut(usize, ElementLoss)) {
        let c = self.extents.channels;
        let [x_start, noise, x] =
            [self.x_start, self.noise, self.x].map(|image| part(image, position * c, c));
        let output = part(self.output, position * self.channels, self.channels);
        let (means, channels) = split(output, c);
        let triples = x_start.iter().zip(noise).zip(x);
        for (at, (((&x_start, &noise), &x), &mean)) in triples.zip(means).enumerate() {
            let x_start = f64::from(x_start);
            let target = row.target(x_start, f64::from(noise), f64::from(x));
            // Absent: the variance is not learned.
            let channel = channels.get(at).map_or(0.0, |&channel| f64::from(channel));
            each(at, row.element(target - f64::from(mean), x_start, channel));
        }
    }

    /// Total, squared error and bound's term of each image.
    pub(crate) fn value(&self, threads: &Threads, sums: &mut [f64], output: &mut [f32]) {
        let positions = self.extents.positions();
        let stretches = positions.div_ceil(STRETCH);
        let batch = output.len() / 3;
        let sums = part_mut(sums, 0, 2 * stretches * batch);
        threads.chunks(sums, 2, product([64, self.x.len()]), |at, sums| {
            let (n, from) = (at / stretches, at % stretches * STRETCH);
            let row = self.row(n);
            let (mut square, mut nats) = (0.0, 0.0);
            for position in from..(from + STRETCH).min(positions) {
                self.elements(&row, n * positions + position, |_, element| {
                    square += element.square;
                    nats += element.nats;
                });
            }
            sums.copy_from_slice(&[square, nats]);
        });
        let count = self.extents.elements() as f64;
        let images = output
            .chunks_exact_mut(3)
            .zip(sums.chunks_exact(2 * stretches));
        for (n, (out, sums)) in images.enumerate() {
            let row = self.row(n);
            let total = |at: usize| sums.iter().skip(at).step_by(2).sum::<f64>() / count;
            let (mse, bound) = (total(0), total(1) / core::f64::consts::LN_2);
            let loss = row.mse_weight * mse + row.bound_weight * bound;
            out.copy_from_slice(&[loss, mse, bound].map(|number| number as f32));
        }
    }

    /// Numbers of room in f64 that [`value`](Self::value) needs.
    pub(crate) fn room(extents: Extents, batch: usize) -> usize {
        product([2, extents.positions().div_ceil(STRETCH), batch])
    }

    /// The gradient of Σ_n weight_n total_n with respect to the output.
    pub(crate) fn gradient(&self, threads: &Threads, output: &mut [f32]) {
        let positions = self.extents.positions();
        let chunk = self.channels * self.extents.width;
        let count = self.extents.elements() as f64;
        let c = self.extents.channels;
        threads.chunks(output, chunk, product([64, self.x.len()]), |at, output| {
            let first = at * self.extents.width;
            let row = self.row(first / positions);
            let share = row.weight / count;
            for (at, out) in output.chunks_exact_mut(self.channels).enumerate() {
                let (means, channels) = split_mut(out, c);
                self.elements(&row, first + at, |at, element| {
                    put(means, at, (share * element.d_output) as f32);
                    // Absent: the variance is not learned.
                    if let Some(out) = channels.get_mut(at) {
                        *out = (share * element.d_channel) as f32;
                    }
                });
            }
        });
    }
}
