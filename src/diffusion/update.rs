//! One sampling step as numbers, and the helper that applies them to pixels.
//!
//! Every method of this crate is the same two lines, with other weights:
//!
//! 1. x̂_0 = clip(a·x_t + b·output),
//! 2. x_{t-1} = p·x_t + q·x̂_0 + r·output + s·history + σ·z.
//!
//! A GPU kernel applies the very same numbers.

use super::error::{Error, Slice};
use super::math::exp2_f32;
use super::posterior::LogVariance;
use super::prediction::{Clip, Linear, check_length};

/// The weights of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Update {
    /// x̂_0 from (x_t, output), before clipping.
    pub x_start: Linear,
    /// The next x from x_t, x̂_0, output and history.
    pub mix: Mix,
    /// What the history holds afterwards, from (x_t, x̂_0); `None` leaves it as it is.
    pub history: Option<Linear>,
    /// σ.
    pub noise: NoiseScale,
}

/// The deterministic part of the next x: a weighted sum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Mix {
    /// The weight of x_t.
    pub x: f64,
    /// The weight of the clipped x̂_0.
    pub x_start: f64,
    /// The weight of the network's output; not 0 only where it predicts x_{t-1} itself.
    pub output: f64,
    /// The weight of the history; where it is 0 the history is not read.
    pub history: f64,
}

/// How much noise a step adds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NoiseScale {
    /// None.
    None,
    /// σ for every element.
    Sigma(f64),
    /// exp(½ log Σ), log Σ from the network's variance channels.
    Learned(LogVariance),
}

/// The slices of one image that a step works on, each of D elements unless said otherwise.
#[derive(Debug)]
pub struct Pixels<'a> {
    /// x_t, and x_{t-1} afterwards.
    pub x: &'a mut [f32],
    /// The network's output: D elements, or 2·D where the variance is learned, the mean first.
    pub output: &'a [f32],
    /// Normal deviates; may be empty where the step adds no noise.
    pub noise: &'a [f32],
    /// What a multistep method keeps between steps; empty for the others.
    pub history: &'a mut [f32],
}

/// Pixels are stepped in blocks that stay in registers and the first-level cache.
const BLOCK: usize = 64;

impl Update {
    /// Fills `x_start` with x̂_0, before clipping.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn predict_x_start(
        &self,
        x: &[f32],
        output: &[f32],
        x_start: &mut [f32],
    ) -> Result<(), Error> {
        let output = self.mean_channels(x.len(), output)?;
        check_length(Slice::XStart, x_start.len(), x.len())?;
        self.x_start.fill(x, output, x_start)
    }

    /// Takes the step.
    ///
    /// # Errors
    /// [`Error::Length`], before anything is written. [`Error::NotFinite`] where a value of the
    /// result is NaN or infinite: x and the history are then spent, and the run resumes from its
    /// last saved state.
    pub fn apply(&self, clip: Clip, pixels: Pixels<'_>) -> Result<(), Error> {
        self.check(&pixels)?;
        let mean = self.mean_channels(pixels.x.len(), pixels.output)?;
        let (of_x, of_output) = (self.x_start.x as f32, self.x_start.value as f32);
        let raw = |x: f32, output: f32| of_x * x + of_output * output;
        let limit = clip.limit(pixels.x.len(), || {
            pixels.x.iter().zip(mean).map(|(&x, &output)| raw(x, output))
        })?;
        self.sweep(pixels, |x, output, _, x_start| {
            for ((x_start, &x), &output) in x_start.iter_mut().zip(x).zip(output) {
                *x_start = limit.apply(raw(x, output));
            }
        })
    }

    /// Takes the step with the caller's own x̂_0 instead of the network's.
    ///
    /// `x_start` is used as it is: clip it first where it should be clipped.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_x_start(&self, x_start: &[f32], pixels: Pixels<'_>) -> Result<(), Error> {
        check_length(Slice::XStart, x_start.len(), pixels.x.len())?;
        self.check(&pixels)?;
        let given = x_start;
        self.sweep(pixels, |_, _, start, x_start| {
            let given = given.get(start..).unwrap_or(&[]);
            for (x_start, &given) in x_start.iter_mut().zip(given) {
                *x_start = given;
            }
        })
    }

    /// The first D elements of the output, whose length is checked.
    fn mean_channels<'o>(&self, len: usize, output: &'o [f32]) -> Result<&'o [f32], Error> {
        // Methods without noise leave the variance channels alone, but they are there.
        let learned = matches!(self.noise, NoiseScale::Learned(_)) || output.len() == 2 * len;
        let expected = if learned { 2 * len } else { len };
        check_length(Slice::Prediction, output.len(), expected)?;
        Ok(output.get(..len).unwrap_or(&[]))
    }

    fn check(&self, pixels: &Pixels<'_>) -> Result<(), Error> {
        let len = pixels.x.len();
        self.mean_channels(len, pixels.output)?;
        if self.noise != NoiseScale::None {
            check_length(Slice::Noise, pixels.noise.len(), len)?;
        }
        if self.history.is_some() || self.mix.history != 0.0 {
            check_length(Slice::History, pixels.history.len(), len)?;
        }
        Ok(())
    }

    /// Walks the image in blocks: x̂_0 by `fill_x_start(x, output, offset, x_start)`, then the sum.
    fn sweep(
        &self,
        pixels: Pixels<'_>,
        mut fill_x_start: impl FnMut(&[f32], &[f32], usize, &mut [f32]),
    ) -> Result<(), Error> {
        let Pixels {
            x,
            output,
            noise,
            history,
        } = pixels;
        let (output, channels) = output.split_at_checked(x.len()).unwrap_or((output, &[]));
        let mut channels = channels.chunks(BLOCK);
        let mut noise = noise.chunks(BLOCK);
        let mut history = history.chunks_mut(BLOCK);
        let mut x_start = [0.0; BLOCK];
        let mut offset = 0;
        for (x, output) in x.chunks_mut(BLOCK).zip(output.chunks(BLOCK)) {
            let x_start = x_start.get_mut(..x.len()).unwrap_or_default();
            fill_x_start(x, output, offset, x_start);
            let history = history.next().unwrap_or_default();
            self.mix_block(x, x_start, output, history);
            self.add_noise(
                x,
                channels.next().unwrap_or_default(),
                noise.next().unwrap_or_default(),
            );
            if has_non_finite(x) {
                let at = x.iter().position(|value| !value.is_finite());
                return Err(Error::NotFinite {
                    slice: Slice::X,
                    index: offset + at.unwrap_or(0),
                });
            }
            offset += x.len();
        }
        Ok(())
    }

    fn mix_block(&self, x: &mut [f32], x_start: &[f32], output: &[f32], history: &mut [f32]) {
        let (p, q) = (self.mix.x as f32, self.mix.x_start as f32);
        if self.history.is_none() && self.mix.history == 0.0 && self.mix.output == 0.0 {
            for (x, &x_start) in x.iter_mut().zip(x_start) {
                *x = p * *x + q * x_start;
            }
            return;
        }
        let (r, s) = (self.mix.output as f32, self.mix.history as f32);
        let mut outputs = output.iter();
        let mut histories = history.iter_mut();
        for (x, &x_start) in x.iter_mut().zip(x_start) {
            let before = *x;
            *x = p * before + q * x_start;
            if let Some(&output) = outputs.next().filter(|_| r != 0.0) {
                *x += r * output;
            }
            let Some(history) = histories.next() else {
                continue;
            };
            if s != 0.0 {
                *x += s * *history;
            }
            if let Some(kept) = self.history {
                *history = kept.x as f32 * before + kept.value as f32 * x_start;
            }
        }
    }

    fn add_noise(&self, x: &mut [f32], channels: &[f32], noise: &[f32]) {
        match self.noise {
            NoiseScale::None => {}
            NoiseScale::Sigma(sigma) => add_scaled(x, noise, sigma as f32),
            NoiseScale::Learned(log_variance) => {
                // σ = exp(½ log Σ) = 2^(a + b·channel), log Σ being linear in the channel.
                let half_log2 = 0.5 * core::f64::consts::LOG2_E;
                let at_zero = log_variance.log(0.0) * half_log2;
                let slope = (log_variance.log(1.0) * half_log2 - at_zero) as f32;
                let at_zero = at_zero as f32;
                for ((x, &z), &channel) in x.iter_mut().zip(noise).zip(channels) {
                    *x += exp2_f32(at_zero + slope * channel) * z;
                }
            }
        }
    }
}

fn add_scaled(x: &mut [f32], noise: &[f32], sigma: f32) {
    for (x, &z) in x.iter_mut().zip(noise) {
        *x += sigma * z;
    }
}

/// Whether any value is NaN or infinite, without a branch for each.
fn has_non_finite(x: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7F80_0000;
    x.iter().fold(0, |found, value| {
        found | u32::from(value.to_bits() & EXPONENT == EXPONENT)
    }) != 0
}

