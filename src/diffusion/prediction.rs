//! The kinds of prediction, how each becomes each other, and how x̂_0 is clipped.

use core::fmt;
use core::str::FromStr;

use super::error::{Error, Slice};
use super::linear::{Linear, check_finite};
use super::math::{clamp, floor};
use super::names::{numbers, plain_names};
use super::posterior::Coefficients;

/// The kind of prediction: what the network's (first half of) output channels mean.
///
/// ```
/// use iddpm::diffusion::{Diffusion, InlineProcess, Prediction, Schedule, Timesteps};
/// let process = InlineProcess::<10>::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(10))?;
/// let step = process.coefficients(5)?;
/// let to_v = Prediction::Epsilon.convert(Prediction::V, &step)?;
/// let back = Prediction::V.convert(Prediction::Epsilon, &step)?;
/// let (x, epsilon) = (0.3, -1.2);
/// assert!((back.at(x, to_v.at(x, epsilon)) - epsilon).abs() < 1e-14);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Prediction {
    /// The network predicts ε, the noise in x_t = √ᾱ x_0 + √(1-ᾱ) ε (the paper's choice).
    Epsilon,
    /// The network predicts the image x_0.
    XStart,
    /// The network predicts the mean of x_{t-1}.
    PreviousX,
    /// The network predicts v = √ᾱ ε - √(1-ᾱ) x_0 (Salimans & Ho 2022).
    V,
}

plain_names! {
    "prediction", Prediction[4]:
    Epsilon = "epsilon", XStart = "x_start", PreviousX = "previous_x", V = "v"
}

impl Prediction {
    /// What the network should return at a step, as weights of x_0, ε and x_t.
    pub(super) const fn target(self, step: &Coefficients) -> [f64; 3] {
        match self {
            Self::Epsilon => [0.0, 1.0, 0.0],
            Self::XStart => [1.0, 0.0, 0.0],
            Self::PreviousX => [step.posterior_mean_coef1, 0.0, step.posterior_mean_coef2],
            Self::V => [-step.sqrt_one_minus_alpha_bar, step.sqrt_alpha_bar, 0.0],
        }
    }

    /// Whether the output is the mean of p(x_{t-1} | x_t) itself.
    pub(super) const fn is_mean(self) -> bool {
        matches!(self, Self::PreviousX)
    }

    /// Returns the map from (x_t, this prediction) to x_0.
    ///
    /// # Errors
    /// [`Error::ZeroTerminalSnr`] for ε where ᾱ = 0.
    pub fn to_x_start(self, step: &Coefficients) -> Result<Linear, Error> {
        if self == Self::Epsilon && step.alpha_bar == 0.0 {
            return Err(Error::ZeroTerminalSnr { index: step.index });
        }
        Ok(match self {
            Self::Epsilon => Linear {
                x: step.sqrt_recip_alpha_bar,
                value: -step.sqrt_recip_m1_alpha_bar,
            },
            Self::XStart => Linear { x: 0.0, value: 1.0 },
            Self::PreviousX => Linear {
                x: -step.posterior_mean_coef2 / step.posterior_mean_coef1,
                value: 1.0 / step.posterior_mean_coef1,
            },
            Self::V => Linear {
                x: step.sqrt_alpha_bar,
                value: -step.sqrt_one_minus_alpha_bar,
            },
        })
    }

    /// Returns the map from (x_t, x_0) to this prediction.
    pub fn from_x_start(self, step: &Coefficients) -> Linear {
        let sigma = step.sqrt_one_minus_alpha_bar;
        match self {
            Self::Epsilon => Linear {
                x: 1.0 / sigma,
                value: -step.sqrt_alpha_bar / sigma,
            },
            Self::XStart => Linear { x: 0.0, value: 1.0 },
            Self::PreviousX => step.posterior_mean(),
            Self::V => Linear {
                x: step.sqrt_alpha_bar / sigma,
                value: -1.0 / sigma,
            },
        }
    }

    /// Returns the map from (x_t, this prediction) to `other`.
    ///
    /// # Errors
    /// [`Error::ZeroTerminalSnr`] for ε where ᾱ = 0.
    pub fn convert(self, other: Self, step: &Coefficients) -> Result<Linear, Error> {
        if self == other {
            return Ok(Linear { x: 0.0, value: 1.0 });
        }
        Ok(other.from_x_start(step).after(self.to_x_start(step)?))
    }
}

/// The clipping of x̂_0 before it is used.
///
/// Its name is `none`, `unit`, `dynamic` or `dynamic:RATIO,MAX`.
///
/// ```
/// use iddpm::diffusion::Clip;
/// assert_eq!("dynamic".parse(), Ok(Clip::DYNAMIC));
/// assert_eq!(Clip::Dynamic { ratio: 0.9, max: 2.5 }.to_string(), "dynamic:0.9,2.5");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Clip {
    /// No clipping.
    None,
    /// Clipping to the range of the data, [-1, 1]: the public implementation's default.
    #[default]
    Unit,
    /// Dynamic thresholding (Saharia et al. 2022): with s the `ratio` quantile of |x̂_0| over the
    /// image (linearly interpolated), kept within [1, max], x̂_0 is clipped to [-s, s] and
    /// divided by s.
    Dynamic {
        /// The quantile of |x̂_0|, in (0, 1]; usually 0.995.
        ratio: f64,
        /// The largest threshold s, at least 1.
        max: f64,
    },
}

impl Clip {
    /// Dynamic thresholding with its usual parameters: ratio 0.995, and s up to 10.
    pub const DYNAMIC: Self = Self::Dynamic {
        ratio: 0.995,
        max: 10.0,
    };

    /// Checks the parameters of the clipping.
    ///
    /// # Errors
    /// [`Error::Threshold`].
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Dynamic { ratio, max }
                if !(ratio > 0.0 && ratio <= 1.0 && max >= 1.0 && max <= f64::from(f32::MAX)) =>
            {
                Err(Error::Threshold { ratio, max })
            }
            _ => Ok(()),
        }
    }

    /// Clips the x̂_0 of one image in place.
    ///
    /// # Errors
    /// [`Error::Threshold`]; [`Error::NotFinite`] where a clipped value is not finite: NaN is none,
    /// and infinity is where it is not clipped, or where the quantile is.
    pub fn apply(self, x_start: &mut [f32]) -> Result<(), Error> {
        self.apply_unchecked(x_start)?;
        check_finite(Slice::XStart, x_start, &[])
    }

    /// [`apply`](Self::apply) where what comes of it is checked later.
    pub(super) fn apply_unchecked(self, x_start: &mut [f32]) -> Result<(), Error> {
        self.check()?;
        let limit = self.limit(x_start.len(), || x_start.iter().copied())?;
        for value in x_start {
            *value = limit.apply(*value);
        }
        Ok(())
    }

    /// The bounds that an image's x̂_0 is clipped to; `x_start` walks it as often as it is called.
    pub(crate) fn limit<I: Iterator<Item = f32>>(
        self,
        len: usize,
        x_start: impl Fn() -> I,
    ) -> Result<Limit, Error> {
        match self {
            Self::None => Ok(Limit {
                bound: f32::INFINITY,
                scale: 1.0,
            }),
            Self::Unit => Ok(Limit {
                bound: 1.0,
                scale: 1.0,
            }),
            Self::Dynamic { ratio, max } => {
                let quantile = quantile_of_magnitude(len, &x_start, ratio);
                if !quantile.is_finite() {
                    let index = x_start().position(|value| !value.is_finite());
                    debug_assert!(
                        index.is_some(),
                        "what lies between finite numbers is finite"
                    );
                    let index = index.unwrap_or(0);
                    return Err(Error::NotFinite {
                        slice: Slice::XStart,
                        index,
                    });
                }
                let bound = quantile.max(1.0).min(max.max(1.0)) as f32;
                Ok(Limit {
                    bound,
                    scale: 1.0 / bound,
                })
            }
        }
    }
}

/// x̂_0 ↦ clamp(x̂_0, ±bound)·scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    bound: f32,
    scale: f32,
}

impl Limit {
    /// Passes NaN through, so that it is found where the result is checked.
    #[inline(always)]
    pub(crate) fn apply(self, value: f32) -> f32 {
        clamp(value, self.bound) * self.scale
    }

    /// The same for likelihoods, which are f64.
    pub(crate) fn apply_f64(self, value: f64) -> f64 {
        let bound = f64::from(self.bound);
        value.clamp(-bound, bound) * f64::from(self.scale)
    }
}

impl fmt::Display for Clip {
    /// `none`, `unit`, `dynamic` of the usual parameters, or `dynamic:RATIO,MAX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::DYNAMIC {
            return f.write_str("dynamic");
        }
        match self {
            Self::None => f.write_str("none"),
            Self::Unit => f.write_str("unit"),
            Self::Dynamic { ratio, max } => write!(f, "dynamic:{ratio},{max}"),
        }
    }
}

impl FromStr for Clip {
    type Err = Error;

    /// Reads `none`, `unit`, `dynamic` or `dynamic:RATIO,MAX`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "dynamic:")) {
            ("none", _) => Ok(Self::None),
            ("unit", _) => Ok(Self::Unit),
            ("dynamic", _) => Ok(Self::DYNAMIC),
            (_, Some([ratio, max])) => Ok(Self::Dynamic { ratio, max }),
            (_, None) => Err(Error::Unknown {
                what: "clip",
                known: "none, unit, dynamic, dynamic:RATIO,MAX",
            }),
        }
    }
}

/// Between which order statistics a quantile lies, of which `last` is the last: the rank of the lower one,
/// and how far it is from that to the next.
pub(crate) fn quantile_place(ratio: f64, last: usize) -> (usize, f64) {
    let position = ratio * last as f64;
    let rank = (floor(position) as usize).min(last);
    (rank, position - rank as f64)
}

/// The `ratio` quantile of |x|, linearly interpolated between order statistics.
///
/// The order statistics are found without storage, by halving the range of bit patterns: the
/// magnitudes of floats are ordered as their bits are. 31 walks over the image.
fn quantile_of_magnitude<I: Iterator<Item = f32>>(
    len: usize,
    x: &impl Fn() -> I,
    ratio: f64,
) -> f64 {
    let Some(last) = len.checked_sub(1) else {
        return 0.0;
    };
    let bits = || x().map(|value| value.abs().to_bits());
    let count_up_to = |bound: u32| bits().filter(|&b| b <= bound).count();
    let (rank, fraction) = quantile_place(ratio, last);
    // The least bit pattern that has more than `rank` magnitudes at or below it.
    let (mut below, mut found) = (0_u32, 0x7FFF_FFFF_u32);
    while below < found {
        let middle = below + (found - below) / 2;
        if count_up_to(middle) > rank {
            found = middle;
        } else {
            below = middle + 1;
        }
    }
    let lower = f64::from(f32::from_bits(found));
    let upper = if rank == last || count_up_to(found) > rank + 1 {
        lower
    } else {
        // There is one more, or `rank` would be the last.
        let above = bits().filter(|&b| b > found).min().unwrap_or(found);
        f64::from(f32::from_bits(above))
    };
    if fraction == 0.0 {
        return lower;
    }
    lower + fraction * (upper - lower)
}
