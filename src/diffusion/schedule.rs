//! Noise schedules: how β_t grows over T training steps (paper §3.2).
//!
//! A schedule is a rule, not a table: [`Schedule::levels`] walks t = 0..T-1 and yields β_t and
//! ᾱ_t = Π_{s≤t} (1-β_s) in f64 without storing anything, so that a 10-step sampler of a
//! 4000-step process needs memory for 10 steps only.

use core::fmt;
use core::str::FromStr;

use super::error::Error;
use super::math::{cos, exp, sqrt};
use super::names::numbers;

/// The largest T that is accepted, so that walking a schedule takes bounded time.
pub const MAX_TIMESTEPS: u32 = 1_000_000;

/// The smallest ᾱ that is accepted other than an exact 0: √(1/ᾱ) must be finite as f32.
pub const MIN_ALPHA_BAR: f64 = 1e-70;

/// β above this is cut in the cosine and sigmoid schedules.
const MAX_BETA: f64 = 0.999;

/// The noise schedule: how β_t is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Schedule<'a> {
    /// The linear schedule: β evenly spaced from 1e-4·s to 0.02·s with s = 1000/T (Ho et al. 2020,
    /// rescaled).
    ///
    /// Needs T ≥ 21: below that the last β reaches 1.
    Linear,
    /// The cosine schedule: ᾱ(u) = cos²((u + 0.008)/1.008 · π/2), β_t = min(1 - ᾱ((t+1)/T)/ᾱ(t/T), 0.999)
    /// (paper, eq. 17).
    Cosine,
    /// The sigmoid schedule: ᾱ(u) falls along a logistic curve (Jabri et al. 2022): with σ the logistic
    /// function, ᾱ(u) = (σ(end/τ) - σ((u(end-start)+start)/τ)) / (σ(end/τ) - σ(start/τ)), β cut at 0.999.
    Sigmoid {
        /// The point at which the logistic curve begins; usually -3.
        start: f64,
        /// The point at which the logistic curve ends; usually 3.
        end: f64,
        /// The temperature τ of the logistic curve; usually 1.
        tau: f64,
    },
    /// A table of the caller's β, one for each of the T timesteps, each in (0, 1).
    ///
    /// A table does not travel in serialised form: serialising this variant is an error.
    #[cfg_attr(feature = "serde", serde(skip))]
    Betas(&'a [f64]),
    /// A table of the caller's ᾱ, one for each of the T timesteps, falling strictly within (0, 1).
    ///
    /// The last may be exactly 0 (zero terminal SNR). Serialising this variant is an error.
    #[cfg_attr(feature = "serde", serde(skip))]
    AlphaBars(&'a [f64]),
}

impl fmt::Display for Schedule<'_> {
    /// `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`; of tables `betas` and `alpha_bars`,
    /// which are not read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::SIGMOID {
            return f.write_str("sigmoid");
        }
        match *self {
            Self::Linear => f.write_str("linear"),
            Self::Cosine => f.write_str("cosine"),
            Self::Sigmoid { start, end, tau } => write!(f, "sigmoid:{start},{end},{tau}"),
            Self::Betas(_) => f.write_str("betas"),
            Self::AlphaBars(_) => f.write_str("alpha_bars"),
        }
    }
}

impl FromStr for Schedule<'_> {
    type Err = Error;

    /// Reads `linear`, `cosine`, `sigmoid` or `sigmoid:START,END,TAU`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "sigmoid:")) {
            ("linear", _) => Ok(Self::Linear),
            ("cosine", _) => Ok(Self::Cosine),
            ("sigmoid", _) => Ok(Self::SIGMOID),
            (_, Some([start, end, tau])) => Ok(Self::Sigmoid { start, end, tau }),
            (_, None) => Err(Error::Unknown {
                what: "schedule",
                known: "linear, cosine, sigmoid, sigmoid:START,END,TAU",
            }),
        }
    }
}

/// The noise level of one timestep.
///
/// It is what a [`Process`](super::process::Process) stores for each step that it keeps; the default
/// one stands in room that levels are to be written to.
// Laid out as C has it: a table is the caller's there.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Level {
    /// The timestep t, counted in the original process of T steps.
    pub timestep: u32,
    /// The variance β of the noise added, relative to the level kept before this one.
    pub beta: f64,
    /// The product ᾱ of 1 - β up to this level, the share of x_0 in the variance of x_t.
    pub alpha_bar: f64,
}

impl<'a> Schedule<'a> {
    /// The sigmoid schedule with its usual parameters: start -3, end 3, τ 1.
    pub const SIGMOID: Self = Self::Sigmoid {
        start: -3.0,
        end: 3.0,
        tau: 1.0,
    };

    /// Walks the levels of t = 0..T-1 in order.
    ///
    /// With `zero_terminal_snr`, √ᾱ is shifted so that its last value is 0 and scaled so that its
    /// first is unchanged (Lin et al. 2024, algorithm 1); the last β is then 1.
    ///
    /// # Errors
    /// T too small or too large for the schedule, parameters that give no schedule, a table of
    /// another length than T or with an entry that is NaN, out of range or out of order.
    ///
    /// ```
    /// use iddpm::diffusion::Schedule;
    /// let last = Schedule::Cosine.levels(1000, false)?.last().unwrap();
    /// assert_eq!(last.beta, 0.999);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    pub fn levels(self, num_timesteps: u32, zero_terminal_snr: bool) -> Result<Levels<'a>, Error> {
        self.check_length(num_timesteps)?;
        let walk = Walk::new(self, num_timesteps);
        self.check_walk(walk)?;
        let mut levels = Levels {
            walk,
            rescale: Rescale::IDENTITY,
            previous: 1.0,
        };
        if zero_terminal_snr {
            levels.rescale = Rescale::to_zero_terminal_snr(walk);
            // ᾱ that differ in their last places may be shifted to 0 together.
            check_levels(levels.clone(), true)?;
        }
        Ok(levels)
    }

    fn check_length(self, num_timesteps: u32) -> Result<(), Error> {
        let min = match self {
            // The last β is 0.02 · 1000/T, which is below 1 from T = 21 on.
            Self::Linear => 21,
            _ => 2,
        };
        if num_timesteps < min {
            return Err(Error::TooFewTimesteps { num_timesteps, min });
        }
        if num_timesteps > MAX_TIMESTEPS {
            return Err(Error::TooManyTimesteps {
                num_timesteps,
                max: MAX_TIMESTEPS,
            });
        }
        match self {
            Self::Betas(table) | Self::AlphaBars(table)
                if table.len() != num_timesteps as usize =>
            {
                Err(Error::TableLength {
                    len: table.len(),
                    num_timesteps,
                })
            }
            _ => Ok(()),
        }
    }

    /// Looks at every level where the input decides whether it is one; linear and cosine are
    /// sound by construction.
    fn check_walk(self, walk: Walk<'a>) -> Result<(), Error> {
        match self {
            Self::Linear | Self::Cosine => Ok(()),
            Self::Sigmoid { start, end, tau } => {
                let error = Error::SigmoidParameters { start, end, tau };
                let sound =
                    start < end && tau > 0.0 && (end - start).is_finite() && tau.is_finite();
                if !sound {
                    return Err(error);
                }
                check_levels(walk, false).map_err(|_| error)
            }
            Self::Betas(table) => {
                // What the caller gave comes before the ᾱ that follows from it. NaN is not within.
                let outside = |beta: &f64| !(*beta > 0.0 && *beta < 1.0);
                match table.iter().position(outside) {
                    Some(index) => Err(Error::BetaOutOfRange {
                        index,
                        beta: entry(table, index as u32),
                    }),
                    None => check_levels(walk, false),
                }
            }
            Self::AlphaBars(_) => check_levels(walk, true),
        }
    }
}

/// Checks that levels are those of a process: β in (0, 1), ᾱ falling strictly within (0, 1).
///
/// Where `zero_last` is set, the last level alone may have ᾱ = 0 and so β = 1.
pub(crate) fn check_levels(
    levels: impl Iterator<Item = Level>,
    zero_last: bool,
) -> Result<(), Error> {
    let mut previous = 1.0;
    let mut levels = levels.enumerate().peekable();
    while let Some((index, level)) = levels.next() {
        let Level {
            beta, alpha_bar, ..
        } = level;
        let may_end = zero_last && levels.peek().is_none();
        let ends_at_zero = may_end && alpha_bar == 0.0;
        // A β that rounds to 0 or 1 in ᾱ leaves nothing to divide by. Written so that NaN fails.
        let beta_fits = 1.0 - beta < 1.0 && (beta < 1.0 || (ends_at_zero && beta == 1.0));
        let alpha_bar_fits = alpha_bar < 1.0 && (alpha_bar >= MIN_ALPHA_BAR || ends_at_zero);
        if !alpha_bar_fits {
            return Err(Error::AlphaBarOutOfRange { index, alpha_bar });
        }
        if alpha_bar >= previous {
            return Err(Error::AlphaBarNotDecreasing {
                index,
                alpha_bar,
                previous,
            });
        }
        if !beta_fits {
            return Err(Error::BetaOutOfRange { index, beta });
        }
        // A β that is all but 1 leaves more than nothing of the signal.
        if ends_at_zero && beta < 1.0 {
            return Err(Error::TableInconsistent {
                index,
                alpha_bar,
                expected: previous * (1.0 - beta),
            });
        }
        previous = alpha_bar;
    }
    Ok(())
}

/// The levels of a schedule, t = 0 first. Made by [`Schedule::levels`].
#[derive(Debug, Clone)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Levels<'a> {
    walk: Walk<'a>,
    rescale: Rescale,
    previous: f64,
}

impl Iterator for Levels<'_> {
    type Item = Level;

    fn next(&mut self) -> Option<Level> {
        let level = self.walk.next()?;
        let level = self.rescale.apply(level, self.previous);
        self.previous = level.alpha_bar;
        Some(level)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.walk.size_hint()
    }
}

impl ExactSizeIterator for Levels<'_> {}

/// √ᾱ ↦ (√ᾱ - shift)·scale.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Rescale {
    shift: f64,
    scale: f64,
}

impl Rescale {
    const IDENTITY: Self = Self {
        shift: 0.0,
        scale: 1.0,
    };

    fn to_zero_terminal_snr(walk: Walk<'_>) -> Self {
        let ends = walk.fold((1.0, 1.0), |(first, _), level| {
            let first = if level.timestep == 0 {
                level.alpha_bar
            } else {
                first
            };
            (first, level.alpha_bar)
        });
        let (first, last) = (sqrt(ends.0), sqrt(ends.1));
        Self {
            shift: last,
            scale: first / (first - last),
        }
    }

    fn apply(self, level: Level, previous: f64) -> Level {
        if self.shift == 0.0 {
            return level;
        }
        let root = (sqrt(level.alpha_bar) - self.shift) * self.scale;
        let alpha_bar = root * root;
        Level {
            beta: 1.0 - alpha_bar / previous,
            alpha_bar,
            ..level
        }
    }
}

/// The levels of a schedule before any rescaling and any check.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Walk<'a> {
    schedule: Schedule<'a>,
    num_timesteps: u32,
    timestep: u32,
    alpha_bar: f64,
    /// The schedule's own ᾱ(t/T), without the cut at 0.999.
    curve: f64,
}

impl<'a> Walk<'a> {
    fn new(schedule: Schedule<'a>, num_timesteps: u32) -> Self {
        Self {
            schedule,
            num_timesteps,
            timestep: 0,
            alpha_bar: 1.0,
            curve: curve(schedule, 0.0),
        }
    }

    /// β_t and ᾱ_t of the current timestep; NaN where a table has no such entry.
    fn level(&mut self) -> (f64, f64) {
        let t = self.timestep;
        let beta = match self.schedule {
            Schedule::Linear => linear_beta(t, self.num_timesteps),
            Schedule::Betas(table) => entry(table, t),
            Schedule::AlphaBars(table) => {
                let alpha_bar = entry(table, t);
                return (1.0 - alpha_bar / self.alpha_bar, alpha_bar);
            }
            Schedule::Cosine | Schedule::Sigmoid { .. } => {
                let here = self.curve;
                self.curve = curve(
                    self.schedule,
                    f64::from(t + 1) / f64::from(self.num_timesteps),
                );
                let beta = 1.0 - self.curve / here;
                // Not `min`, which would turn a NaN into 0.999.
                if beta > MAX_BETA { MAX_BETA } else { beta }
            }
        };
        (beta, self.alpha_bar * (1.0 - beta))
    }
}

impl Iterator for Walk<'_> {
    type Item = Level;

    fn next(&mut self) -> Option<Level> {
        if self.timestep >= self.num_timesteps {
            return None;
        }
        let (beta, alpha_bar) = self.level();
        let level = Level {
            timestep: self.timestep,
            beta,
            alpha_bar,
        };
        self.alpha_bar = alpha_bar;
        self.timestep += 1;
        Some(level)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.num_timesteps - self.timestep) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Walk<'_> {}

/// NaN, which no check lets pass, where there is none.
fn entry(table: &[f64], timestep: u32) -> f64 {
    table.get(timestep as usize).copied().unwrap_or(f64::NAN)
}

/// `linspace(1e-4·s, 0.02·s, T)[t]`, the last value exact.
fn linear_beta(timestep: u32, num_timesteps: u32) -> f64 {
    let scale = 1000.0 / f64::from(num_timesteps);
    let (first, last) = (scale * 0.0001, scale * 0.02);
    if timestep + 1 == num_timesteps {
        return last;
    }
    let step = (last - first) / f64::from(num_timesteps - 1);
    f64::from(timestep) * step + first
}

/// ᾱ as a function of u = t/T, up to a factor that cancels in β.
fn curve(schedule: Schedule<'_>, u: f64) -> f64 {
    match schedule {
        Schedule::Cosine => {
            let c = cos((u + 0.008) / 1.008 * core::f64::consts::PI / 2.0);
            c * c
        }
        Schedule::Sigmoid { start, end, tau } => {
            let logistic = |x: f64| 1.0 / (1.0 + exp(-x / tau));
            logistic(end) - logistic(u * (end - start) + start)
        }
        Schedule::Linear | Schedule::Betas(_) | Schedule::AlphaBars(_) => 1.0,
    }
}
