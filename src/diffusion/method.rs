//! The sampling methods, how x_{t-1} is made of x_t and the network's output, and the weights of their
//! steps.

use core::fmt;
use core::str::FromStr;

use super::ancestral;
use super::error::Error;
use super::linear::Linear;
use super::math::{ln, sqrt};
use super::names::numbers;
use super::posterior::Coefficients;
use super::prediction::Prediction;
use super::process::ProcessView;
use super::schedule::Level;
use super::setting::Setting;
use super::update::{Mix, NoiseScale, Update};

/// The sampling method: how x_{t-1} is made of x_t and the network's output.
///
/// Its name is `ancestral`, `ddim` or `ddim:ETA`, `ddim_reverse`, `dpm` or `heun`.
///
/// ```
/// use iddpm::diffusion::Method;
/// let method: Method = "ddim:0.5".parse()?;
/// assert_eq!(method, Method::Ddim { eta: 0.5 });
/// assert_eq!(method.to_string(), "ddim:0.5");
/// assert_eq!("dpm".parse(), Ok(Method::DpmSolverPlusPlus2M));
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Method {
    /// The paper's sampler: draws from p(x_{t-1} | x_t) with the process's variance. Needs two steps
    /// or more.
    Ancestral,
    /// DDIM (Song et al. 2021): x_{t-1} = √ᾱ_prev x̂_0 + √(1-ᾱ_prev-σ²) ε̂ + σ z with
    /// σ = η √((1-ᾱ_prev)/(1-ᾱ)) √(1-ᾱ/ᾱ_prev) and ε̂ re-derived from the clipped x̂_0.
    Ddim {
        /// The amount of noise η: 0 is deterministic, 1 has the variance of
        /// [`Variance::FixedSmall`](super::Variance).
        eta: f64,
    },
    /// DDIM backwards, η = 0: walks from image to noise, the steps ascending.
    DdimReverse,
    /// DPM-Solver++(2M) (Lu et al. 2022): second order in λ = ln(√ᾱ/√(1-ᾱ)), midpoint form, one
    /// evaluation a step. Keeps x̂_0 in the history.
    ///
    /// The first step and the last are of first order, and so is one that is more than twice as long
    /// in λ as the one before it: x̂_0 is bounded, the line through two of them is not. Spacings that
    /// keep t = 0 end with a long step; of the named schedules
    /// [`trailing`](super::Timesteps::trailing) makes none.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "dpm", alias = "dpm_solver_plus_plus2_m")
    )]
    DpmSolverPlusPlus2M,
    /// Heun's method on the ODE of Karras et al. (2022) in y = x/√ᾱ and σ = √((1-ᾱ)/ᾱ): second order,
    /// two evaluations a step but one for the last. Keeps ε̂ in the history.
    ///
    /// With x̂_0' what the network says of Euler's result y_E at σ', the mean of the two slopes is
    /// y' = y_E + w (x̂_0' - x̂_0), w = (σ/σ' - 1)/2. Where σ falls to less than half, w is held at ½,
    /// which is √ᾱ' (x̂_0 + x̂_0')/2 + √(1-ᾱ') ε̂: the first noise under the mean of the two images.
    ///
    /// For normal data of deviation s ≪ σ, y = σz, Euler leaves σ'z, the truth is √(σ'² + s²) z, and
    /// the correction makes it (1 + w s²/(σ'² + s²)) σ'z. To first order in s²/σ'² that is more than
    /// the truth unless w ≤ ½, and with the w of the two slopes it is σz/2 for s ≫ σ': half of the
    /// noise, which no later step takes out. At w ≤ ½ a step leaves at most 1.029 times what it
    /// should, for any s and σ, and never less than DDIM's.
    Heun,
}

/// Where a run is at one of its evaluations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The step.
    pub(super) index: usize,
    /// Whether it is the second evaluation of Heun's.
    pub(super) is_halfway: bool,
    /// Whether the history is of no use: x comes from a picture, or has gone back.
    pub(super) is_fresh: bool,
    /// The step whose noise x goes back to afterwards.
    pub(super) back_to: Option<usize>,
}

impl fmt::Display for Method {
    /// `ancestral`, `ddim` where η is 0 and `ddim:ETA` where not, `ddim_reverse`, `dpm` or `heun`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ancestral => f.write_str("ancestral"),
            // -0 is another number, and read back as that.
            Self::Ddim { eta } if eta.to_bits() == 0 => f.write_str("ddim"),
            Self::Ddim { eta } => write!(f, "ddim:{eta}"),
            Self::DdimReverse => f.write_str("ddim_reverse"),
            Self::DpmSolverPlusPlus2M => f.write_str("dpm"),
            Self::Heun => f.write_str("heun"),
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    /// Reads `ancestral`, `ddim` (η = 0), `ddim:ETA`, `ddim_reverse`, `dpm` or `heun`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match (name, numbers(name, "ddim:")) {
            ("ancestral", _) => Ok(Self::Ancestral),
            ("ddim", _) => Ok(Self::Ddim { eta: 0.0 }),
            ("ddim_reverse", _) => Ok(Self::DdimReverse),
            ("dpm", _) => Ok(Self::DpmSolverPlusPlus2M),
            ("heun", _) => Ok(Self::Heun),
            (_, Some([eta])) => Ok(Self::Ddim { eta }),
            (_, None) => Err(Error::Unknown {
                what: "method",
                known: "ancestral, ddim, ddim:ETA, ddim_reverse, dpm, heun",
            }),
        }
    }
}

impl Method {
    /// Whether a run needs a history slice of D elements beside x.
    pub const fn needs_history(self) -> bool {
        matches!(self, Self::DpmSolverPlusPlus2M | Self::Heun)
    }

    /// Whether it can walk a process.
    ///
    /// # Errors
    /// [`Error::Eta`]; [`Error::SingleStep`] for the ancestral method.
    pub(super) fn check(self, process: &ProcessView<'_>) -> Result<(), Error> {
        match self {
            Self::Ddim { eta } if !(0.0..=1.0).contains(&eta) => Err(Error::Eta { eta }),
            Self::Ancestral => process.check_posterior(),
            Self::Ddim { .. } | Self::DdimReverse | Self::DpmSolverPlusPlus2M | Self::Heun => {
                Ok(())
            }
        }
    }

    /// The evaluations that a step takes, but for the last.
    pub(super) const fn evaluations_of_a_step(self) -> u64 {
        match self {
            Self::Heun => 2,
            Self::Ancestral | Self::Ddim { .. } | Self::DdimReverse | Self::DpmSolverPlusPlus2M => {
                1
            }
        }
    }

    /// The evaluations that so many steps take.
    pub(super) const fn evaluations(self, steps: u32) -> u32 {
        match self {
            Self::Heun => (2 * steps).saturating_sub(1),
            Self::Ancestral | Self::Ddim { .. } | Self::DdimReverse | Self::DpmSolverPlusPlus2M => {
                steps
            }
        }
    }

    /// The index of the step that an evaluation is of, and whether that is the second of its step; `None`
    /// beyond the last.
    pub(super) fn place(self, evaluation: u32, last: usize) -> Option<(usize, bool)> {
        let downwards = |done: u32| last.checked_sub(done as usize);
        match self {
            Self::Heun => Some((
                downwards(evaluation.div_ceil(2))?,
                !evaluation.is_multiple_of(2),
            )),
            Self::DdimReverse => {
                let index = evaluation as usize;
                (index <= last).then_some((index, false))
            }
            Self::Ancestral | Self::Ddim { .. } | Self::DpmSolverPlusPlus2M => {
                Some((downwards(evaluation)?, false))
            }
        }
    }

    /// The weights of the step at a place.
    pub(super) fn update(
        self,
        setting: &Setting<'_>,
        step: &Coefficients,
        place: Place,
    ) -> Option<Update> {
        let mut update = Update {
            x_start: setting.process.prediction().to_x_start(step).ok()?,
            mix: Mix::default(),
            history: None,
            noise: NoiseScale::None,
        };
        match self {
            Self::Ancestral => {
                update.mix = ancestral::mix(setting, step);
                update.noise = ancestral::noise(setting, step)?;
            }
            Self::Ddim { eta } => {
                let sigma = ddim_sigma(step, eta);
                update.mix = Mix::of(ddim(step, step.alpha_bar_prev, sigma));
                if sigma > 0.0 {
                    update.noise = NoiseScale::Sigma(sigma);
                }
            }
            Self::DdimReverse => update.mix = Mix::of(ddim(step, step.alpha_bar_next, 0.0)),
            Self::DpmSolverPlusPlus2M => {
                update.mix = dpm_solver(step, place.is_fresh);
                update.history = Some(Linear { x: 0.0, value: 1.0 });
            }
            Self::Heun if place.is_halfway => {
                update.mix = heun_correction(step.alpha_bar_next, step)
            }
            Self::Heun => {
                update.mix = Mix::of(ddim(step, step.alpha_bar_prev, 0.0));
                update.history = Some(epsilon(step));
            }
        }
        Some(update)
    }

    /// The number of steps that it holds back, as they would leave more noise than there is.
    pub(super) fn held_steps(self, setting: &Setting<'_>) -> usize {
        let levels = setting.process.levels();
        match self {
            Self::Heun => levels.windows(2).filter(heun_is_held).count(),
            Self::DpmSolverPlusPlus2M => levels.windows(3).filter(dpm_solver_is_long).count(),
            Self::Ancestral => ancestral::held_steps(setting),
            Self::Ddim { .. } | Self::DdimReverse => 0,
        }
    }

    /// Its number and its parameter in the fingerprint of a run.
    pub(super) const fn code(self) -> (u64, f64) {
        match self {
            Self::Ancestral => (0, 0.0),
            Self::Ddim { eta } => (1, eta),
            Self::DdimReverse => (2, 0.0),
            Self::DpmSolverPlusPlus2M => (3, 0.0),
            Self::Heun => (4, 0.0),
        }
    }
}

/// ε̂ = (x - √ᾱ x̂_0)/√(1-ᾱ), from (x, x̂_0).
fn epsilon(step: &Coefficients) -> Linear {
    Prediction::Epsilon.from_x_start(step)
}

/// √ᾱ' x̂_0 + √(1-ᾱ'-σ²) ε̂, from (x, x̂_0).
fn ddim(step: &Coefficients, alpha_bar_to: f64, sigma: f64) -> Linear {
    // 1-ᾱ'-σ² is not negative, but may round below 0 where η = 1.
    let direction = sqrt((1.0 - alpha_bar_to - sigma * sigma).max(0.0));
    let epsilon = epsilon(step);
    Linear {
        x: direction * epsilon.x,
        value: sqrt(alpha_bar_to) + direction * epsilon.value,
    }
}

fn ddim_sigma(step: &Coefficients, eta: f64) -> f64 {
    let (here, to) = (step.alpha_bar, step.alpha_bar_prev);
    eta * sqrt((1.0 - to) / (1.0 - here)) * sqrt(1.0 - here / to)
}

/// x' = (σ'/σ) x + (√ᾱ' - √ᾱ σ'/σ) D, D = x̂_0 + (x̂_0 - x̂_0 of the step before)·h/(2 h_before).
///
/// Of first order where there is no step before: at the ends of the process, and where x is fresh.
fn dpm_solver(step: &Coefficients, is_fresh: bool) -> Mix {
    let first_order = Mix::of(ddim(step, step.alpha_bar_prev, 0.0));
    let around = [step.alpha_bar_next, step.alpha_bar, step.alpha_bar_prev];
    // λ is infinite before the first step and after the last.
    let at_end = step.alpha_bar_next == 0.0 || step.alpha_bar_prev == 1.0;
    if is_fresh || at_end || is_long(around) {
        return first_order;
    }
    let [h_before, h] = lengths(around);
    let extrapolate = h / (2.0 * h_before);
    Mix {
        x_start: first_order.x_start * (1.0 + extrapolate),
        history: -first_order.x_start * extrapolate,
        ..first_order
    }
}

/// Whether the step from the second of three neighbouring levels to the first is of first order
/// for its length.
fn dpm_solver_is_long(levels: &&[Level]) -> bool {
    match levels {
        [to, here, before] => is_long([before.alpha_bar, here.alpha_bar, to.alpha_bar]),
        _ => false,
    }
}

/// Whether the second of two steps through these ᾱ is over twice as long in λ as the first.
fn is_long(alpha_bars: [f64; 3]) -> bool {
    let [h_before, h] = lengths(alpha_bars);
    h > 2.0 * h_before
}

/// h_before and h: how far λ rises from the first ᾱ to the second, and on to the third.
fn lengths(alpha_bars: [f64; 3]) -> [f64; 2] {
    let [before, here, to] = alpha_bars.map(log_snr_half);
    [here - before, to - here]
}

/// λ = ln(√ᾱ/√(1-ᾱ)); -∞ at ᾱ = 0.
fn log_snr_half(alpha_bar: f64) -> f64 {
    0.5 * ln(alpha_bar / (1.0 - alpha_bar))
}

/// x' = x + √ᾱ (σ - σ_before)/2 · (ε̂ - history), with x the Euler step's result; see [`Method::Heun`].
fn heun_correction(before: f64, step: &Coefficients) -> Mix {
    let (half, _) = heun_weight(before, step.alpha_bar);
    let epsilon = epsilon(step);
    Mix {
        x: 1.0 + half * epsilon.x,
        x_start: half * epsilon.value,
        output: 0.0,
        history: -half,
    }
}

/// Whether the correction of the step to the first of two neighbouring levels is held.
fn heun_is_held(levels: &&[Level]) -> bool {
    match levels {
        [to, before] => heun_weight(before.alpha_bar, to.alpha_bar).1,
        _ => false,
    }
}

/// √ᾱ (σ - σ_before)/2, but at least -√(1-ᾱ)/2, and whether it is held there.
fn heun_weight(before: f64, here: f64) -> (f64, bool) {
    let noise = sqrt(1.0 - here);
    let half = (noise - sqrt(here) * sqrt((1.0 - before) / before)) / 2.0;
    let least = -noise / 2.0;
    (half.max(least), half < least)
}
