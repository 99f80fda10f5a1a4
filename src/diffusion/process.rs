//! A diffusion process: what a network was trained on, and the steps of it that are kept.

use heapless::Vec;

use super::error::{Error, Slice};
use super::fingerprint::Fingerprint;
use super::linear::{Linear, check_length};
use super::posterior::{Coefficients, LogVariance, Variance};
use super::prediction::{Clip, Prediction};
use super::schedule::{Level, Schedule, check_levels};
use super::timesteps::Timesteps;
use crate::part::split;

/// A diffusion, what a network was trained on: the flags without which its weights mean nothing.
///
/// It is plain data, checked where a [`Process`] is made of it. Store it beside the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Diffusion<'a> {
    /// The noise schedule: how β_t is chosen.
    pub schedule: Schedule<'a>,
    /// The number of timesteps T.
    pub num_timesteps: u32,
    /// Whether √ᾱ is rescaled to end at 0 (zero terminal SNR).
    pub zero_terminal_snr: bool,
    /// The kind of prediction that the network makes.
    pub prediction: Prediction,
    /// How the variance of p(x_{t-1} | x_t) is chosen.
    pub variance: Variance,
    /// Whether the network sees t·1000/T rather than t.
    pub rescale_timesteps: bool,
}

impl<'a> Diffusion<'a> {
    /// The paper's model: ε is predicted, variances learned as a range, timesteps rescaled to 0..1000.
    pub const fn new(schedule: Schedule<'a>, num_timesteps: u32) -> Self {
        Self {
            schedule,
            num_timesteps,
            zero_terminal_snr: false,
            prediction: Prediction::Epsilon,
            variance: Variance::LearnedRange,
            rescale_timesteps: true,
        }
    }

    /// Replaces what the network predicts.
    #[must_use]
    pub const fn with_prediction(mut self, prediction: Prediction) -> Self {
        self.prediction = prediction;
        self
    }

    /// Replaces how the variance is chosen.
    #[must_use]
    pub const fn with_variance(mut self, variance: Variance) -> Self {
        self.variance = variance;
        self
    }

    /// Chooses whether the network sees t·1000/T rather than t.
    #[must_use]
    pub const fn with_rescaled_timesteps(mut self, rescale: bool) -> Self {
        self.rescale_timesteps = rescale;
        self
    }

    /// Chooses whether the schedule is rescaled so that its last ᾱ is 0.
    ///
    /// A spacing that leaves the last timestep out (leading, `ddimN`) does not begin there: use
    /// [`Timesteps::trailing`](super::Timesteps::trailing) or linspace.
    #[must_use]
    pub const fn with_zero_terminal_snr(mut self, zero: bool) -> Self {
        self.zero_terminal_snr = zero;
        self
    }

    /// Calls `keep` with the level of each kept timestep, ascending; β is relative to the level
    /// kept before: β_k = 1 - ᾱ_k/ᾱ_{k-1}.
    pub(super) fn for_each_kept(
        &self,
        timesteps: Timesteps<'_>,
        mut keep: impl FnMut(Level) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut levels = self
            .schedule
            .levels(self.num_timesteps, self.zero_terminal_snr)?;
        let mut previous: Option<Level> = None;
        timesteps.for_each(self.num_timesteps, |timestep| {
            let Some(mut level) = levels.find(|level| level.timestep == timestep) else {
                return Err(Error::TimestepOutOfRange {
                    timestep,
                    num_timesteps: self.num_timesteps,
                });
            };
            // Neighbours keep the schedule's own β, which the quotient would round.
            let (before, next_timestep) = match previous {
                Some(previous) => (previous.alpha_bar, previous.timestep + 1),
                None => (1.0, 0),
            };
            if timestep != next_timestep {
                level.beta = 1.0 - level.alpha_bar / before;
            }
            previous = Some(level);
            keep(level)
        })
    }
}

/// A process of S kept steps over storage of the caller's choice: a table of [`Level`]s.
///
/// Index 0 is the least noisy step. The storage is anything that lends a slice of levels: a
/// `heapless` vector ([`InlineProcess`]), a borrowed slice ([`Process::in_slice`]), a table in
/// flash ([`Process::from_table`]), a `Vec` (`Diffusion::process`, with the feature `alloc`).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Process<S> {
    num_timesteps: u32,
    prediction: Prediction,
    variance: Variance,
    rescale_timesteps: bool,
    levels: S,
}

/// A process that owns its steps, at most N of them.
pub type InlineProcess<const N: usize> = Process<Vec<Level, N, u16>>;

/// A process that borrows its steps; `Copy`, a few words.
pub type ProcessView<'a> = Process<&'a [Level]>;

impl<const N: usize> InlineProcess<N> {
    /// Builds the process that keeps the given timesteps of a diffusion, in place.
    ///
    /// # Errors
    /// [`Error::Capacity`] where more than N are kept; whatever is wrong with the schedule or the
    /// spacing; [`Error::TooFewSteps`]; [`Error::ZeroTerminalSnr`].
    pub fn new(diffusion: &Diffusion<'_>, timesteps: Timesteps<'_>) -> Result<Self, Error> {
        let needed = timesteps.count(diffusion.num_timesteps)?;
        let mut levels = Vec::new();
        diffusion.for_each_kept(timesteps, |level| {
            levels.push(level).map_err(|_| Error::Capacity {
                needed,
                capacity: N,
            })
        })?;
        Process::checked(diffusion, levels)
    }
}

impl<'a> ProcessView<'a> {
    /// Builds the process that keeps the given timesteps of a diffusion, in the caller's storage.
    ///
    /// # Errors
    /// Those of [`InlineProcess::new`].
    pub fn in_slice(
        diffusion: &Diffusion<'_>,
        timesteps: Timesteps<'_>,
        storage: &'a mut [Level],
    ) -> Result<Self, Error> {
        let needed = timesteps.count(diffusion.num_timesteps)?;
        let capacity = storage.len();
        let Some(kept) = storage.get_mut(..needed) else {
            return Err(Error::Capacity { needed, capacity });
        };
        let mut slots = kept.iter_mut();
        diffusion.for_each_kept(timesteps, |level| {
            let slot = slots.next();
            debug_assert!(slot.is_some(), "there are {needed} steps");
            if let Some(slot) = slot {
                *slot = level;
            }
            Ok(())
        })?;
        Process::checked(diffusion, kept)
    }
}

impl<S: AsRef<[Level]>> Process<S> {
    /// Builds a process from a ready table, such as a `const` in flash; the schedule is not evaluated.
    ///
    /// # Errors
    /// [`Error::TimestepOutOfRange`], [`Error::TimestepsNotDescending`] (walking it from its end),
    /// [`Error::BetaOutOfRange`], [`Error::AlphaBarOutOfRange`], [`Error::AlphaBarNotDecreasing`],
    /// [`Error::TableInconsistent`], [`Error::TooFewSteps`], [`Error::ZeroTerminalSnr`].
    pub fn from_table(diffusion: &Diffusion<'_>, table: S) -> Result<Self, Error> {
        let levels = table.as_ref();
        let mut following = None;
        for (index, level) in levels.iter().enumerate().rev() {
            let timestep = level.timestep;
            if timestep >= diffusion.num_timesteps {
                return Err(Error::TimestepOutOfRange {
                    timestep,
                    num_timesteps: diffusion.num_timesteps,
                });
            }
            if let Some(previous) = following.filter(|&following| following <= timestep) {
                return Err(Error::TimestepsNotDescending {
                    index,
                    timestep,
                    previous,
                });
            }
            following = Some(timestep);
        }
        check_levels(levels.iter().copied(), true)?;
        let mut previous = 1.0;
        for (index, level) in levels.iter().enumerate() {
            let expected = previous * (1.0 - level.beta);
            // β and ᾱ are each rounded to f64: their product may differ in the last places.
            if (level.alpha_bar - expected).abs() > 1e-12 * previous {
                return Err(Error::TableInconsistent {
                    index,
                    alpha_bar: level.alpha_bar,
                    expected,
                });
            }
            previous = level.alpha_bar;
        }
        Self::checked(diffusion, table)
    }

    /// The one place every process passes: what holds here, the rest of the crate relies on.
    pub(super) fn checked(diffusion: &Diffusion<'_>, table: S) -> Result<Self, Error> {
        let levels = table.as_ref();
        let enough = match levels {
            [] => false,
            // A run of one step goes from x_T to the image: from anywhere else it begins with noise
            // that was never so little.
            [only] => only.timestep + 1 == diffusion.num_timesteps,
            _ => true,
        };
        if !enough {
            return Err(Error::TooFewSteps {
                steps: levels.len() as u32,
                min: 2,
            });
        }
        check_levels(levels.iter().copied(), true)?;
        let process = Self {
            num_timesteps: diffusion.num_timesteps,
            prediction: diffusion.prediction,
            variance: diffusion.variance,
            rescale_timesteps: diffusion.rescale_timesteps,
            levels: table,
        };
        // Only the last step can have ᾱ = 0.
        let last = process.len() - 1;
        process
            .prediction
            .to_x_start(&process.coefficients(last)?)?;
        Ok(process)
    }

    /// Adds all that makes this process what it is to a digest.
    pub(crate) fn add_to(&self, print: &mut Fingerprint) {
        print.add_u64(u64::from(self.num_timesteps));
        print.add_u64(self.prediction as u64);
        print.add_u64(self.variance as u64);
        print.add_u64(u64::from(self.rescale_timesteps));
        print.add_u64(self.len() as u64);
        for level in self.levels() {
            print.add_u64(u64::from(level.timestep));
            print.add_f64(level.beta);
            print.add_f64(level.alpha_bar);
        }
    }

    /// Borrows this process as a view of its steps.
    pub fn view(&self) -> ProcessView<'_> {
        Process {
            num_timesteps: self.num_timesteps,
            prediction: self.prediction,
            variance: self.variance,
            rescale_timesteps: self.rescale_timesteps,
            levels: self.levels.as_ref(),
        }
    }

    /// The kept levels, the least noisy first.
    pub fn levels(&self) -> &[Level] {
        self.levels.as_ref()
    }

    /// The number S of steps kept; 1 only where that is the last of all timesteps.
    #[expect(clippy::len_without_is_empty, reason = "a process is never empty")]
    pub fn len(&self) -> usize {
        self.levels().len()
    }

    /// The number of timesteps T of the original process.
    pub const fn num_timesteps(&self) -> u32 {
        self.num_timesteps
    }

    /// The kind of prediction that the network makes.
    pub const fn prediction(&self) -> Prediction {
        self.prediction
    }

    /// How the variance of p(x_{t-1} | x_t) is chosen.
    pub const fn variance(&self) -> Variance {
        self.variance
    }

    /// Whether the network sees t·1000/T rather than t.
    pub const fn rescale_timesteps(&self) -> bool {
        self.rescale_timesteps
    }

    /// The number of elements the network returns for an image of `elements`: as many, or twice as many
    /// where the variance is learned.
    pub const fn prediction_len(&self, elements: usize) -> usize {
        if self.variance.is_learned() {
            elements.saturating_mul(2)
        } else {
            elements
        }
    }

    /// Returns everything derived from β at one step.
    ///
    /// # Errors
    /// [`Error::StepOutOfRange`].
    pub fn coefficients(&self, index: usize) -> Result<Coefficients, Error> {
        Coefficients::of(self.levels(), index).ok_or(Error::StepOutOfRange {
            index,
            len: self.len(),
        })
    }

    /// Returns what the network must be told for step `index`: the *original* timestep, times 1000/T where
    /// timesteps are rescaled. Fractional values are meant.
    ///
    /// # Errors
    /// [`Error::StepOutOfRange`].
    pub fn model_timestep(&self, index: usize) -> Result<f32, Error> {
        let level = self.levels().get(index).ok_or(Error::StepOutOfRange {
            index,
            len: self.len(),
        })?;
        let timestep = level.timestep as f32;
        if !self.rescale_timesteps {
            return Ok(timestep);
        }
        Ok(timestep * (1000.0 / f64::from(self.num_timesteps)) as f32)
    }

    /// Returns the law p(x_{t-1} | x_t) at one step.
    ///
    /// # Errors
    /// [`Error::StepOutOfRange`], [`Error::SingleStep`].
    pub fn reverse_law(&self, index: usize) -> Result<ReverseLaw, Error> {
        let coefficients = self.coefficients(index)?;
        self.check_posterior()?;
        Ok(ReverseLaw {
            x_start: self.prediction.to_x_start(&coefficients)?,
            mean: self.reverse_mean(&coefficients),
            log_variance: self.variance.at(&coefficients),
            coefficients,
        })
    }

    pub(super) const fn reverse_mean(&self, coefficients: &Coefficients) -> ReverseMean {
        if self.prediction.is_mean() {
            ReverseMean::Output
        } else {
            ReverseMean::Posterior(coefficients.posterior_mean())
        }
    }

    /// Checks that the first posterior variance has a second to be borrowed from.
    pub(super) fn check_posterior(&self) -> Result<(), Error> {
        match self.levels() {
            [_] => Err(Error::SingleStep),
            _ => Ok(()),
        }
    }
}

/// The law p(x_{t-1} | x_t) at one step, before the network's output is known.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReverseLaw {
    /// The coefficients of the step.
    pub coefficients: Coefficients,
    /// The map from (x_t, output) to x̂_0, before it is clipped.
    pub x_start: Linear,
    /// The rule by which the mean is formed.
    pub mean: ReverseMean,
    /// The rule by which the log variance is formed.
    pub log_variance: LogVariance,
}

/// The rule by which the mean of p(x_{t-1} | x_t) is formed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReverseMean {
    /// The posterior mean of the clipped x̂_0, a map of (x_t, x̂_0).
    Posterior(Linear),
    /// The network's output itself, where it predicts x_{t-1}; clipping does not touch it.
    Output,
}

/// The law p(x_{t-1} | x_t) of one element, once the network's output is known.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReverseElement {
    /// The predicted x̂_0 of the element, after clipping.
    pub x_start: f64,
    /// The mean of x_{t-1}.
    pub mean: f64,
    /// The log variance of x_{t-1}.
    pub log_variance: f64,
}

impl ReverseLaw {
    /// Computes the law of every element of an image, in f64; `visit` is called with each element's index.
    ///
    /// `output` is the network's: mean channels, then variance channels where they are learned.
    ///
    /// # Errors
    /// [`Error::Length`]; those of [`Clip::apply`].
    pub fn for_each(
        &self,
        x: &[f32],
        output: &[f32],
        clip: Clip,
        mut visit: impl FnMut(usize, ReverseElement),
    ) -> Result<(), Error> {
        clip.check()?;
        let learned = !matches!(self.log_variance, LogVariance::Fixed(_));
        let expected = if learned { 2 * x.len() } else { x.len() };
        check_length(Slice::Prediction, output.len(), expected)?;
        let (output, channels) = split(output, x.len());
        let raw = |(x, output): (&f32, &f32)| self.x_start.at(f64::from(*x), f64::from(*output));
        let limit = clip.limit(x.len(), || {
            x.iter().zip(output).map(raw).map(|value| value as f32)
        })?;
        let channels = channels.iter().copied().chain(core::iter::repeat(0.0));
        for (index, (pair, channel)) in x.iter().zip(output).zip(channels).enumerate() {
            let x_start = limit.apply_f64(raw(pair));
            let (x, output) = (f64::from(*pair.0), f64::from(*pair.1));
            let mean = match self.mean {
                ReverseMean::Posterior(mean) => mean.at(x, x_start),
                ReverseMean::Output => output,
            };
            let log_variance = self.log_variance.log(f64::from(channel));
            visit(
                index,
                ReverseElement {
                    x_start,
                    mean,
                    log_variance,
                },
            );
        }
        Ok(())
    }
}
