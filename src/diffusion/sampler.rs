//! The sampling state machine: a cursor that yields, for each evaluation of the network, the
//! timestep it must see and the numbers that turn its output into the next x.

use super::error::{Error, Slice};
use super::fingerprint::Fingerprint;
use super::linear::{Linear, check_length};
use super::log;
use super::math::sqrt;
use super::posterior::Coefficients;
use super::prediction::Clip;
use super::process::{Process, ProcessView, ReverseMean};
use super::schedule::Level;
use super::state::SamplerState;
use super::update::{Mix, NoiseScale, Pixels, Update};

/// How x_{t-1} is made of x_t and the network's output.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Method {
    /// The paper's sampler: draws from p(x_{t-1} | x_t) with the process's variance.
    Ancestral,
    /// DDIM (Song et al. 2021): x_{t-1} = √ᾱ_prev x̂_0 + √(1-ᾱ_prev-σ²) ε̂ + σ z with
    /// σ = η √((1-ᾱ_prev)/(1-ᾱ)) √(1-ᾱ/ᾱ_prev) and ε̂ re-derived from the clipped x̂_0.
    Ddim {
        /// η: 0 is deterministic, 1 has the variance of [`Variance::FixedSmall`](super::Variance).
        eta: f64,
    },
    /// DDIM backwards, η = 0: walks from image to noise, the steps ascending.
    DdimReverse,
    /// DPM-Solver++(2M) (Lu et al. 2022): second order in λ = ln(√ᾱ/√(1-ᾱ)), midpoint form, one
    /// evaluation a step. The first step and the last are of first order. Keeps x̂_0 in the history.
    DpmSolverPlusPlus2M,
    /// Heun's method on the ODE of Karras et al. (2022) in x/√ᾱ and σ = √((1-ᾱ)/ᾱ): second order,
    /// two evaluations a step but one for the last. Keeps ε̂ in the history.
    Heun,
}

impl Method {
    /// Whether a run needs a history slice of D elements beside x.
    pub const fn needs_history(self) -> bool {
        matches!(self, Self::DpmSolverPlusPlus2M | Self::Heun)
    }
}

/// A run over a process: its configuration, borrowed, and a position.
///
/// **For each step, in this order: evaluate the network at [`Step::timestep`], apply the step to x,
/// and only then take the next step or save the state.**
///
/// 1. [`next`](Iterator::next) yields a [`Step`], or `None` at the end.
/// 2. The network sees x and [`Step::timestep`].
/// 3. [`Step::apply`] turns x into the next x.
/// 4. [`state`](Self::state) may now be saved, with x and the history beside it.
///
/// The sampler holds no pixels and draws no randomness. It is `Clone`: a clone is a saved cursor.
///
/// ```
/// use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
/// let model = Diffusion::new(Schedule::Cosine, 4000);
/// let process = InlineProcess::<50>::new(&model, Timesteps::even(50))?;
/// let mut sampler = Sampler::new(&process, Method::Ddim { eta: 0.0 }, Clip::Unit)?;
/// let first = sampler.next().unwrap();
/// assert_eq!(first.timestep(), 999.75);
/// assert_eq!(sampler.len(), 49);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sampler<'a> {
    process: ProcessView<'a>,
    method: Method,
    clip: Clip,
    epsilon_mean_square: Option<&'a [f64]>,
    position: u32,
}

impl<'a> Sampler<'a> {
    /// Begins a run.
    ///
    /// # Errors
    /// [`Error::Eta`], [`Error::Threshold`]; [`Error::ZeroTerminalSnr`] for Heun's method, whose σ
    /// would be infinite.
    pub fn new<S: AsRef<[Level]>>(
        process: &'a Process<S>,
        method: Method,
        clip: Clip,
    ) -> Result<Self, Error> {
        clip.check()?;
        let process = process.view();
        match method {
            Method::Ddim { eta } if !(0.0..=1.0).contains(&eta) => return Err(Error::Eta { eta }),
            Method::Heun => refuse_zero_terminal_snr(process)?,
            _ => {}
        }
        Ok(Self {
            process,
            method,
            clip,
            epsilon_mean_square: None,
            position: 0,
        })
    }

    /// Replaces the variance of an ancestral run by the optimal one of Analytic-DPM.
    ///
    /// `epsilon_mean_square[k]` is E‖ε_θ‖²/D at step k of the process, measured on data; see
    /// [`Coefficients::optimal_variance`].
    ///
    /// # Errors
    /// [`Error::OptimalVarianceMethod`], [`Error::Length`], [`Error::MeanSquareOutOfRange`];
    /// [`Error::ZeroTerminalSnr`], as ε says nothing of the data where ᾱ = 0.
    pub fn with_optimal_variance(mut self, epsilon_mean_square: &'a [f64]) -> Result<Self, Error> {
        if self.method != Method::Ancestral {
            return Err(Error::OptimalVarianceMethod);
        }
        check_length(
            Slice::PerStep,
            epsilon_mean_square.len(),
            self.process.len(),
        )?;
        for (index, &value) in epsilon_mean_square.iter().enumerate() {
            self.process.coefficients(index)?.optimal_variance(value)?;
        }
        self.epsilon_mean_square = Some(epsilon_mean_square);
        Ok(self)
    }

    /// The process that is walked.
    pub const fn process(&self) -> ProcessView<'a> {
        self.process
    }

    /// The method.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// What is done to x̂_0.
    pub const fn clip(&self) -> Clip {
        self.clip
    }

    /// Evaluations already yielded.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// Evaluations of the whole run.
    pub fn evaluations(&self) -> u32 {
        let steps = self.process.len() as u32;
        match self.method {
            Method::Heun => 2 * steps - 1,
            _ => steps,
        }
    }

    /// The cursor as plain data. Save it after a step was applied, with x and the history.
    pub fn state(&self) -> SamplerState {
        SamplerState {
            fingerprint: self.fingerprint(),
            position: self.position,
        }
    }

    /// Puts the cursor where a saved state was.
    ///
    /// The rest of the run is bit for bit what it would have been.
    ///
    /// # Errors
    /// [`Error::StateMismatch`] where the state is of another process, method, clip or variance;
    /// [`Error::PositionOutOfRange`].
    pub fn resume(&mut self, state: SamplerState) -> Result<(), Error> {
        let expected = self.fingerprint();
        if state.fingerprint != expected {
            return Err(Error::StateMismatch {
                saved: state.fingerprint,
                expected,
            });
        }
        let len = self.evaluations();
        if state.position > len {
            return Err(Error::PositionOutOfRange {
                position: state.position,
                len,
            });
        }
        self.position = state.position;
        Ok(())
    }

    /// The step at a position, whatever the cursor; `None` at the end of the run and beyond.
    pub fn step_at(&self, position: u32) -> Option<Step> {
        let last = self.process.len().checked_sub(1)?;
        let (done, halfway) = match self.method {
            Method::Heun => (position.div_ceil(2), position % 2 == 1),
            _ => (position, false),
        };
        let index = match self.method {
            Method::DdimReverse => (done as usize <= last).then_some(done as usize)?,
            _ => last.checked_sub(done as usize)?,
        };
        Some(Step {
            position,
            index,
            timestep: self.process.model_timestep(index).ok()?,
            clip: self.clip,
            output_per_element: self.process.prediction_len(1),
            update: self.update(index, halfway)?,
        })
    }

    /// The weights of the step evaluated at `index`; `halfway` marks Heun's second evaluation.
    fn update(&self, index: usize, halfway: bool) -> Option<Update> {
        let law = self.process.reverse_law(index).ok()?;
        let step = &law.coefficients;
        let mut update = Update {
            x_start: law.x_start,
            mix: Mix::default(),
            history: None,
            noise: NoiseScale::None,
        };
        match self.method {
            Method::Ancestral => {
                update.mix = match law.mean {
                    ReverseMean::Posterior(mean) => Mix::of(mean),
                    ReverseMean::Output => Mix {
                        output: 1.0,
                        ..Mix::default()
                    },
                };
                update.noise = self.ancestral_noise(step)?;
            }
            Method::Ddim { eta } => {
                let sigma = ddim_sigma(step, eta);
                update.mix = Mix::of(ddim(step, step.alpha_bar_prev, sigma));
                if sigma > 0.0 {
                    update.noise = NoiseScale::Sigma(sigma);
                }
            }
            Method::DdimReverse => update.mix = Mix::of(ddim(step, step.alpha_bar_next, 0.0)),
            Method::DpmSolverPlusPlus2M => {
                update.mix = self.dpm_solver_mix(step);
                update.history = Some(Linear { x: 0.0, value: 1.0 });
            }
            Method::Heun if halfway => update.mix = self.heun_correction(step)?,
            Method::Heun => {
                update.mix = Mix::of(ddim(step, step.alpha_bar_prev, 0.0));
                update.history = Some(epsilon(step));
            }
        }
        Some(update)
    }

    fn ancestral_noise(&self, step: &Coefficients) -> Option<NoiseScale> {
        if step.index == 0 {
            return Some(NoiseScale::None);
        }
        if let Some(measured) = self.epsilon_mean_square {
            let variance = step.optimal_variance(*measured.get(step.index)?).ok()?;
            return Some(NoiseScale::Sigma(sqrt(variance)));
        }
        let log_variance = self.process.variance().at(step);
        Some(if self.process.variance().is_learned() {
            NoiseScale::Learned(log_variance)
        } else {
            NoiseScale::Sigma(log_variance.sigma(0.0))
        })
    }

    /// x' = (σ'/σ) x + (√ᾱ' - √ᾱ σ'/σ) D, D = x̂_0 + (x̂_0 - x̂_0 of the step before)·h/(2 h_before).
    fn dpm_solver_mix(&self, step: &Coefficients) -> Mix {
        let first_order = Mix::of(ddim(step, step.alpha_bar_prev, 0.0));
        if step.index == 0 || step.index + 1 == self.process.len() {
            return first_order;
        }
        let here = log_snr_half(step.alpha_bar);
        let h = log_snr_half(step.alpha_bar_prev) - here;
        let h_before = here - log_snr_half(step.alpha_bar_next);
        let extrapolate = h / (2.0 * h_before);
        Mix {
            x_start: first_order.x_start * (1.0 + extrapolate),
            history: -first_order.x_start * extrapolate,
            ..first_order
        }
    }

    /// x' = x + √ᾱ (σ - σ_before)/2 · (ε̂ - history), with x the Euler step's result.
    fn heun_correction(&self, step: &Coefficients) -> Option<Mix> {
        let before = self.process.levels().get(step.index + 1)?.alpha_bar;
        let half = (step.sqrt_one_minus_alpha_bar
            - step.sqrt_alpha_bar * sqrt((1.0 - before) / before))
            / 2.0;
        let epsilon = epsilon(step);
        Some(Mix {
            x: 1.0 + half * epsilon.x,
            x_start: half * epsilon.value,
            output: 0.0,
            history: -half,
        })
    }

    fn fingerprint(&self) -> u64 {
        let mut print = Fingerprint::new();
        self.process.add_to(&mut print);
        let (kind, parameter) = match self.method {
            Method::Ancestral => (0, 0.0),
            Method::Ddim { eta } => (1, eta),
            Method::DdimReverse => (2, 0.0),
            Method::DpmSolverPlusPlus2M => (3, 0.0),
            Method::Heun => (4, 0.0),
        };
        print.add_u64(kind);
        print.add_f64(parameter);
        let (kind, ratio, max) = match self.clip {
            Clip::None => (0, 0.0, 0.0),
            Clip::Unit => (1, 0.0, 0.0),
            Clip::Dynamic { ratio, max } => (2, ratio, max),
        };
        print.add_u64(kind);
        print.add_f64(ratio);
        print.add_f64(max);
        for &value in self.epsilon_mean_square.unwrap_or_default() {
            print.add_f64(value);
        }
        print.finish()
    }
}

impl Iterator for Sampler<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let step = self.step_at(self.position)?;
        self.position += 1;
        log::step(step.position, step.index, step.timestep);
        Some(step)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.evaluations().saturating_sub(self.position) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Sampler<'_> {}

impl Mix {
    const fn of(map: Linear) -> Self {
        Self {
            x: map.x,
            x_start: map.value,
            output: 0.0,
            history: 0.0,
        }
    }
}

fn refuse_zero_terminal_snr(process: ProcessView<'_>) -> Result<(), Error> {
    let ends_at_zero = |level: &Level| level.alpha_bar == 0.0;
    match process.levels().iter().position(ends_at_zero) {
        None => Ok(()),
        Some(index) => Err(Error::ZeroTerminalSnr { index }),
    }
}

/// ε̂ = (x - √ᾱ x̂_0)/√(1-ᾱ), from (x, x̂_0).
fn epsilon(step: &Coefficients) -> Linear {
    super::Prediction::Epsilon.from_x_start(step)
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

/// λ = ln(√ᾱ/√(1-ᾱ)); -∞ at ᾱ = 0.
fn log_snr_half(alpha_bar: f64) -> f64 {
    0.5 * super::math::ln(alpha_bar / (1.0 - alpha_bar))
}

/// One evaluation of the network: when, and what to do with the result.
#[must_use = "a step that is not applied leaves x where it was while the cursor moves on"]
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Step {
    position: u32,
    index: usize,
    timestep: f32,
    clip: Clip,
    output_per_element: usize,
    update: Update,
}

impl Step {
    /// Which evaluation of the run this is, from 0. It is the step number of the noise.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// Which step of the process the network is evaluated at.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The timestep the network must see, possibly fractional.
    pub const fn timestep(&self) -> f32 {
        self.timestep
    }

    /// Whether the step adds noise.
    pub fn needs_noise(&self) -> bool {
        self.update.noise != NoiseScale::None
    }

    /// What is done to x̂_0.
    pub const fn clip(&self) -> Clip {
        self.clip
    }

    /// The step as numbers, for a kernel to apply.
    pub const fn update(&self) -> &Update {
        &self.update
    }

    /// Turns the x of one image into the next x. `output` is the network's, `noise` D normal
    /// deviates (or empty where [`needs_noise`](Self::needs_noise) is false).
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`], as [`Update::apply`]; a method that
    /// [needs a history](Method::needs_history) wants [`apply_with_history`](Self::apply_with_history).
    pub fn apply(&self, x: &mut [f32], output: &[f32], noise: &[f32]) -> Result<(), Error> {
        self.apply_with_history(x, output, noise, &mut [])
    }

    /// As [`apply`](Self::apply), for methods that keep something between steps.
    ///
    /// `history` has D elements, of any value before the first step; it belongs to the run's state.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_with_history(
        &self,
        x: &mut [f32],
        output: &[f32],
        noise: &[f32],
        history: &mut [f32],
    ) -> Result<(), Error> {
        let pixels = self.pixels(x, output, noise, history)?;
        self.update.apply(self.clip, pixels)
    }

    /// Fills `x_start` with the clipped x̂_0: a preview of the image, as it looks from here.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`].
    pub fn x_start(&self, x: &[f32], output: &[f32], x_start: &mut [f32]) -> Result<(), Error> {
        self.check_output(x.len(), output)?;
        self.update.predict_x_start(x, output, x_start)?;
        self.clip.apply(x_start)
    }

    /// As [`apply_with_history`](Self::apply_with_history), with a hook of the caller's that may
    /// change x̂_0 before it is clipped (guidance, inpainting); `x_start` is the scratch it is
    /// handed in, and holds the clipped x̂_0 afterwards.
    ///
    /// An ancestral step of a network that predicts x_{t-1} does not use x̂_0: there the hook and the
    /// clipping change nothing.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_with_hook(
        &self,
        x: &mut [f32],
        output: &[f32],
        noise: &[f32],
        history: &mut [f32],
        x_start: &mut [f32],
        hook: impl FnOnce(&mut [f32]),
    ) -> Result<(), Error> {
        let pixels = self.pixels(x, output, noise, history)?;
        self.update.check(&pixels)?;
        self.update.predict_x_start(pixels.x, output, x_start)?;
        hook(x_start);
        self.clip.apply(x_start)?;
        self.update.apply_x_start(x_start, pixels)
    }

    fn check_output(&self, elements: usize, output: &[f32]) -> Result<(), Error> {
        check_length(
            Slice::Prediction,
            output.len(),
            self.output_per_element * elements,
        )
    }

    fn pixels<'p>(
        &self,
        x: &'p mut [f32],
        output: &'p [f32],
        noise: &'p [f32],
        history: &'p mut [f32],
    ) -> Result<Pixels<'p>, Error> {
        self.check_output(x.len(), output)?;
        Ok(Pixels {
            x,
            output,
            noise,
            history,
        })
    }
}
