//! The pixel loop of a step: f32, in blocks of a fixed length that the compiler turns into
//! vector instructions.

use core::iter::once;

use super::linear::Linear;
use super::math::{NEAR_ZERO, exp2_f32, exp2_near_zero};
use super::prediction::Limit;
use crate::part::split;

/// Elements of a block. The last block of an image is padded to it.
const BLOCK: usize = 64;

type Block = [f32; BLOCK];

const ZEROS: Block = [0.0; BLOCK];

/// Where x̂_0 comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// clip(a·x_t + b·output).
    Predicted(Limit),
    /// The caller.
    Given(&'a [f32]),
}

/// a·x_t + b·output in f32.
#[derive(Clone, Copy)]
pub(crate) struct Predict {
    pub(crate) of_x: f32,
    pub(crate) of_output: f32,
}

impl Predict {
    pub(crate) const fn of(map: Linear) -> Self {
        Self {
            of_x: map.x as f32,
            of_output: map.value as f32,
        }
    }

    #[inline(always)]
    pub(crate) fn at(self, x: f32, output: f32) -> f32 {
        self.of_x * x + self.of_output * output
    }
}

/// A step in f32, as a block needs it.
pub(crate) struct StepWeights {
    /// x̂_0 of x and the network's output.
    pub(crate) predict: Predict,
    pub(crate) x: f32,
    pub(crate) x_start: f32,
    pub(crate) output: f32,
    pub(crate) history: f32,
    /// What the history holds afterwards, of x and x̂_0.
    pub(crate) keep: Option<(f32, f32)>,
    pub(crate) noise: Scale,
}

/// How much noise a block gets.
pub(crate) enum Scale {
    None,
    Sigma(f32),
    /// σ = 2^(at_zero + slope·channel), and σ where the channel is 0.
    Learned {
        at_zero: f32,
        slope: f32,
        sigma_at_zero: f32,
    },
}

impl StepWeights {
    /// Steps a whole image; returns whether every value of the prediction, of the result, and of the history
    /// where it is kept, is surely finite.
    ///
    /// `noise` and `history` may be empty where they are not used; the lengths of the others were
    /// checked.
    #[inline(always)]
    pub(crate) fn sweep(&self, source: Source<'_>, image: Image<'_>) -> bool {
        let plain = self.output == 0.0 && self.history == 0.0 && self.keep.is_none();
        let (p, q, predict) = (self.x, self.x_start, self.predict);
        // A history that is x̂_0 itself is finite where x is, which has it in its sum.
        let keeps = self.keep.is_some_and(|weights| weights != (0.0, 1.0));
        // Closures too must be inlined here, or they are compiled without the vector instructions
        // this loop is run with.
        match source {
            // What most runs are made of: x̂_0 stays in a register.
            Source::Predicted(limit) if plain => image.for_each_block(
                &[],
                false,
                #[inline(always)]
                |block| {
                    for (x, &output) in block.x.iter_mut().zip(block.mean) {
                        *x = p * *x + q * limit.apply(predict.at(*x, output));
                    }
                    self.add_noise(block.x, block.channels, block.noise);
                },
            ),
            Source::Predicted(limit) => image.for_each_block(
                &[],
                keeps,
                #[inline(always)]
                |block| {
                    let mut x_start = ZEROS;
                    let pairs = block.x.iter().zip(block.mean);
                    for (x_start, (&x, &output)) in x_start.iter_mut().zip(pairs) {
                        *x_start = limit.apply(predict.at(x, output));
                    }
                    self.mix(&x_start, block);
                },
            ),
            Source::Given(given) => image.for_each_block(
                given,
                keeps,
                #[inline(always)]
                |block| self.mix(block.given, block),
            ),
        }
    }

    /// x ↦ p·x + q·x̂_0 + r·output + s·history + σ·z, and the history after it.
    #[inline(always)]
    fn mix(&self, x_start: &Block, block: BlockOf<'_>) {
        let before = *block.x;
        for (x, x_start) in block.x.iter_mut().zip(x_start) {
            *x = self.x * *x + self.x_start * x_start;
        }
        // A weight of 0 is not multiplied: what it would weigh may be anything.
        if self.output != 0.0 {
            for (x, output) in block.x.iter_mut().zip(block.mean) {
                *x += self.output * output;
            }
        }
        if self.history != 0.0 {
            for (x, history) in block.x.iter_mut().zip(block.history.iter()) {
                *x += self.history * history;
            }
        }
        if let Some((of_x, of_x_start)) = self.keep {
            for ((history, x), x_start) in block.history.iter_mut().zip(&before).zip(x_start) {
                *history = of_x * x + of_x_start * x_start;
            }
        }
        self.add_noise(block.x, block.channels, block.noise);
    }

    /// x ↦ x + σ·z.
    #[inline(always)]
    fn add_noise(&self, x: &mut Block, channels: &Block, noise: &Block) {
        match self.noise {
            Scale::None => {}
            Scale::Sigma(sigma) => {
                for (x, z) in x.iter_mut().zip(noise) {
                    *x += sigma * z;
                }
            }
            Scale::Learned {
                at_zero,
                slope,
                sigma_at_zero,
            } => {
                // Within a block the variance hardly varies but for the last few steps of a run:
                // half the arithmetic is enough for it.
                let mut far = 0;
                for channel in channels {
                    far |= u32::from((slope * channel).abs() > NEAR_ZERO);
                }
                if far == 0 {
                    for ((x, z), channel) in x.iter_mut().zip(noise).zip(channels) {
                        *x += sigma_at_zero * exp2_near_zero(slope * channel) * z;
                    }
                } else {
                    for ((x, z), channel) in x.iter_mut().zip(noise).zip(channels) {
                        *x += exp2_f32(at_zero + slope * channel) * z;
                    }
                }
            }
        }
    }
}

/// The slices of an image; `noise` and `history` may be empty.
pub(crate) struct Image<'a> {
    pub(crate) x: &'a mut [f32],
    /// The network's output: mean, then variance channels if there are any.
    pub(crate) output: &'a [f32],
    pub(crate) noise: &'a [f32],
    pub(crate) history: &'a mut [f32],
}

/// The same stretch of each slice; zeros where there is no such slice.
struct BlockOf<'a> {
    x: &'a mut Block,
    mean: &'a Block,
    channels: &'a Block,
    noise: &'a Block,
    given: &'a Block,
    history: &'a mut Block,
}

/// Sums are kept in as many lanes as fit the registers.
const SUMS: usize = 32;

impl Image<'_> {
    /// Calls `step` with every block; returns whether the prediction is surely finite, every x afterwards,
    /// and where `keeps`, every value of the history.
    #[inline(always)]
    fn for_each_block(self, given: &[f32], keeps: bool, mut step: impl FnMut(BlockOf<'_>)) -> bool {
        let elements = self.x.len();
        let (mean, channels) = split(self.output, elements);
        let (x, x_tail) = self.x.as_chunks_mut::<BLOCK>();
        let (mean, mean_tail) = mean.as_chunks::<BLOCK>();
        let (channels, channels_tail) = channels.as_chunks::<BLOCK>();
        let (noise, noise_tail) = self.noise.as_chunks::<BLOCK>();
        let (given, given_tail) = given.as_chunks::<BLOCK>();
        let (history, history_tail) = self.history.as_chunks_mut::<BLOCK>();

        // The last block is padded, and comes after the others: one body for all keeps the code small.
        let (mut last, mut last_history) = (padded(x_tail), padded(history_tail));
        let x = x.iter_mut().chain(once(&mut last));
        let (last_mean, last_channels) = (padded(mean_tail), padded(channels_tail));
        let (last_noise, last_given) = (padded(noise_tail), padded(given_tail));
        let mean = mean.iter().chain(once(&last_mean));
        let mut channels = channels.iter();
        let (mut noise, mut given) = (noise.iter(), given.iter());
        let mut history = history.iter_mut();
        let mut sums = [0.0; SUMS];
        for (x, mean) in x.zip(mean) {
            let history = history.next().unwrap_or(&mut last_history);
            add(&mut sums, mean);
            step(BlockOf {
                x,
                mean,
                channels: channels.next().unwrap_or(&last_channels),
                noise: noise.next().unwrap_or(&last_noise),
                given: given.next().unwrap_or(&last_given),
                history,
            });
            add(&mut sums, x);
            if keeps {
                add(&mut sums, history);
            }
        }
        copy(&last, x_tail);
        copy(&last_history, history_tail);
        // A sum is finite only if each of its terms is.
        sums.iter().all(|sum| sum.is_finite())
    }
}

#[inline(always)]
fn add(sums: &mut [f32; SUMS], block: &Block) {
    for lanes in block.as_chunks::<SUMS>().0 {
        for (sum, value) in sums.iter_mut().zip(lanes) {
            *sum += value;
        }
    }
}

#[inline(always)]
fn padded(tail: &[f32]) -> Block {
    let mut block = ZEROS;
    for (value, &given) in block.iter_mut().zip(tail) {
        *value = given;
    }
    block
}

#[inline(always)]
fn copy(block: &Block, tail: &mut [f32]) {
    for (value, &computed) in tail.iter_mut().zip(block) {
        *value = computed;
    }
}
