//! One sampling step as numbers, and the helper that applies them to pixels.
//!
//! Every method of this crate is the same two lines, with other weights:
//!
//! 1. x̂_0 = clip(a·x_t + b·output),
//! 2. x_{t-1} = p·x_t + q·x̂_0 + r·output + s·history + σ·z.
//!
//! A GPU kernel applies the very same numbers.

use super::error::{Error, Slice};
use super::kernel::{self, Predict, Scale, Source, StepWeights};
use super::lanes;
use super::linear::{Linear, check_finite, check_length};
use super::posterior::LogVariance;
use super::prediction::Clip;
use crate::part::part;

/// The weights of one sampling step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Update {
    /// The map from (x_t, output) to x̂_0, before clipping.
    pub x_start: Linear,
    /// The weights of x_t, x̂_0, output and history in the next x.
    pub mix: Mix,
    /// The map from (x_t, x̂_0) to what the history holds afterwards; `None` leaves it as it is.
    pub history: Option<Linear>,
    /// The scale σ of the noise that is added.
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
    /// The weight of the network's output; 0 but where it predicts x_{t-1} itself.
    pub output: f64,
    /// The weight of the history; where it is 0 the history is not read.
    pub history: f64,
}

impl Mix {
    /// The sum of x_t and x̂_0 under the weights of a map.
    pub(super) const fn of(map: Linear) -> Self {
        Self {
            x: map.x,
            x_start: map.value,
            output: 0.0,
            history: 0.0,
        }
    }
}

/// The scale of the noise that a step adds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NoiseScale {
    /// No noise.
    None,
    /// The same σ for every element.
    Sigma(f64),
    /// A σ for each element from the network's variance channels: exp(½ log Σ).
    Learned(LogVariance),
}

/// The slices of one image that a step works on, each of D elements unless said otherwise.
#[derive(Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Pixels<'a> {
    /// The image x_t, and x_{t-1} afterwards.
    pub x: &'a mut [f32],
    /// The network's output: D elements, or 2·D where the variance is learned, the mean first.
    pub output: &'a [f32],
    /// Normal deviates for the step; may be empty where it adds no noise.
    pub noise: &'a [f32],
    /// The numbers that a multistep method keeps between steps; empty for the others.
    pub history: &'a mut [f32],
}

impl Update {
    /// Fills `x_start` with x̂_0, before clipping.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::NotFinite`], naming the input that was not finite there, if one
    /// was.
    pub fn predict_x_start(
        &self,
        x: &[f32],
        output: &[f32],
        x_start: &mut [f32],
    ) -> Result<(), Error> {
        self.x_start_unchecked(x, output, x_start)?;
        let causes = [(Slice::Prediction, output), (Slice::X, x)];
        check_finite(Slice::XStart, x_start, &causes)
    }

    /// [`predict_x_start`](Self::predict_x_start) where what comes of it is checked later.
    pub(super) fn x_start_unchecked(
        &self,
        x: &[f32],
        output: &[f32],
        x_start: &mut [f32],
    ) -> Result<(), Error> {
        let output = self.mean_channels(x.len(), output)?;
        check_length(Slice::XStart, x_start.len(), x.len())?;
        self.x_start.fill_unchecked(x, output, x_start)
    }

    /// Takes the step in place, with x̂_0 as the network predicts it.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Threshold`], before anything is written. [`Error::NotFinite`] where
    /// a value of the prediction, of the result or of the history it keeps is NaN or infinite, naming the
    /// input that was not finite there, if one was: x and the history are then spent, and the run resumes from
    /// its last saved state. The prediction is looked at for itself, as clipping makes ±1 of what is infinite;
    /// a log variance of -∞ is σ = 0.
    pub fn apply(&self, clip: Clip, pixels: Pixels<'_>) -> Result<(), Error> {
        clip.check()?;
        let output = self.check(&pixels)?;
        let predict = Predict::of(self.x_start);
        let limit = clip.limit(pixels.x.len(), || {
            let pairs = pixels.x.iter().zip(output);
            pairs.map(|(&x, &output)| predict.at(x, output))
        })?;
        self.sweep(pixels, Source::Predicted(limit))
    }

    /// Takes the step in place, with the caller's own x̂_0 instead of the network's.
    ///
    /// `x_start` is used as it is: clip it first where it should be clipped.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_x_start(&self, x_start: &[f32], pixels: Pixels<'_>) -> Result<(), Error> {
        check_length(Slice::XStart, x_start.len(), pixels.x.len())?;
        self.check(&pixels)?;
        self.sweep(pixels, Source::Given(x_start))
    }

    /// The first D elements of the output, whose length is checked.
    fn mean_channels<'o>(&self, len: usize, output: &'o [f32]) -> Result<&'o [f32], Error> {
        // Methods without noise leave the variance channels alone, but they may be there.
        let learned = matches!(self.noise, NoiseScale::Learned(_)) || output.len() == 2 * len;
        let expected = if learned { 2 * len } else { len };
        check_length(Slice::Prediction, output.len(), expected)?;
        Ok(part(output, 0, len))
    }

    pub(super) fn check<'o>(&self, pixels: &Pixels<'o>) -> Result<&'o [f32], Error> {
        let len = pixels.x.len();
        let output = self.mean_channels(len, pixels.output)?;
        if self.noise != NoiseScale::None {
            check_length(Slice::Noise, pixels.noise.len(), len)?;
        }
        if self.history.is_some() || self.mix.history != 0.0 {
            check_length(Slice::History, pixels.history.len(), len)?;
        }
        Ok(output)
    }

    /// The weights in f32: those that every executor reads.
    pub(crate) fn weights(&self) -> StepWeights {
        StepWeights {
            predict: Predict::of(self.x_start),
            x: self.mix.x as f32,
            x_start: self.mix.x_start as f32,
            output: self.mix.output as f32,
            history: self.mix.history as f32,
            keep: self.history.map(|kept| (kept.x as f32, kept.value as f32)),
            noise: match self.noise {
                NoiseScale::None => Scale::None,
                NoiseScale::Sigma(sigma) => Scale::Sigma(sigma as f32),
                NoiseScale::Learned(log_variance) => {
                    // σ = exp(½ log Σ).
                    let half_log2 = 0.5 * core::f64::consts::LOG2_E;
                    let [at_zero, slope] = log_variance.line();
                    Scale::Learned {
                        at_zero: (at_zero * half_log2) as f32,
                        slope: (slope * half_log2) as f32,
                        sigma_at_zero: log_variance.sigma(0.0) as f32,
                    }
                }
            },
        }
    }

    fn sweep(&self, pixels: Pixels<'_>, source: Source<'_>) -> Result<(), Error> {
        let weights = self.weights();
        let given = match source {
            Source::Predicted(..) => &[],
            Source::Given(x_start) => x_start,
        };
        let Pixels {
            x,
            output,
            noise,
            history,
        } = pixels;
        let surely_finite = lanes::dispatch(
            #[inline(always)]
            || {
                let image = kernel::Image {
                    x: &mut *x,
                    output,
                    noise,
                    history: &mut *history,
                };
                weights.sweep(source, image)
            },
        );
        if surely_finite {
            return Ok(());
        }
        let keeps = self.history.is_some();
        let inputs = Inputs {
            output,
            noise,
            x_start: given,
            // One that is kept was written over.
            history: match self.mix.history {
                0.0 => &[],
                _ if keeps => &[],
                _ => history,
            },
        };
        match x.iter().position(|value| !value.is_finite()) {
            Some(index) => return Err(inputs.cause(index, x.len())),
            None if keeps => check_finite(Slice::History, history, &[])?,
            None => {}
        }
        check_finite(Slice::Prediction, part(output, 0, x.len()), &[])
    }
}

/// What an x that is not finite may come from.
struct Inputs<'a> {
    output: &'a [f32],
    noise: &'a [f32],
    x_start: &'a [f32],
    history: &'a [f32],
}

impl Inputs<'_> {
    /// Why x is not finite at `index`: the input that was not, or the step itself.
    fn cause(&self, index: usize, elements: usize) -> Error {
        let inputs = [
            (Slice::Prediction, self.output, index),
            (Slice::Prediction, self.output, elements + index),
            (Slice::Noise, self.noise, index),
            (Slice::XStart, self.x_start, index),
            (Slice::History, self.history, index),
        ];
        let broken = inputs
            .into_iter()
            .find(|(_, values, at)| values.get(*at).is_some_and(|value| !value.is_finite()));
        let (slice, index) = broken.map_or((Slice::X, index), |(slice, _, at)| (slice, at));
        Error::NotFinite { slice, index }
    }
}
