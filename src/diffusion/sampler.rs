//! The sampling state machine: a cursor that yields, for each evaluation of the network, the
//! timestep it must see and the numbers that turn its output into the next x.

use super::error::{Error, Slice};
use super::fingerprint::Fingerprint;
use super::linear::{Linear, check_length};
use super::log;
use super::math::sqrt;
use super::method::{
    Method, ddim, ddim_sigma, dpm_solver, dpm_solver_is_long, epsilon, heun_correction,
    heun_is_held,
};
use super::posterior::Coefficients;
use super::prediction::Clip;
use super::process::{Process, ProcessView, ReverseMean};
use super::schedule::Level;
use super::state::SamplerState;
use super::step::Step;
use super::update::{Mix, NoiseScale, Update};

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
    /// [`Error::Eta`], [`Error::Threshold`]; [`Error::SingleStep`] for the ancestral method.
    pub fn new<S: AsRef<[Level]>>(
        process: &'a Process<S>,
        method: Method,
        clip: Clip,
    ) -> Result<Self, Error> {
        clip.check()?;
        let process = process.view();
        match method {
            Method::Ddim { eta } if !(0.0..=1.0).contains(&eta) => return Err(Error::Eta { eta }),
            Method::Ancestral => process.check_posterior()?,
            Method::Ddim { .. }
            | Method::DdimReverse
            | Method::DpmSolverPlusPlus2M
            | Method::Heun => {}
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
    /// [`Coefficients::optimal_variance`]. Where x̂_0 is clipped, the variance is at most
    /// β̃ + c1², c1 the weight of x_0 in the posterior mean, which is what data anywhere in [-1, 1]
    /// can need (Bao et al. 2022, theorem 2): where ᾱ is nearly 0, a thousandth that is missing from
    /// E‖ε_θ‖²/D would else be a σ of hundreds.
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
        let step = &self.process.coefficients(index).ok()?;
        let mut update = Update {
            x_start: self.process.prediction().to_x_start(step).ok()?,
            mix: Mix::default(),
            history: None,
            noise: NoiseScale::None,
        };
        match self.method {
            Method::Ancestral => {
                update.mix = match self.process.reverse_mean(step) {
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
                update.mix = dpm_solver(step);
                update.history = Some(Linear { x: 0.0, value: 1.0 });
            }
            Method::Heun if halfway => {
                update.mix = heun_correction(step.alpha_bar_next, step);
            }
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
            let (variance, _) = self.optimal_variance(step, measured)?;
            return Some(NoiseScale::Sigma(sqrt(variance)));
        }
        let log_variance = self.process.variance().at(step);
        Some(if self.process.variance().is_learned() {
            NoiseScale::Learned(log_variance)
        } else {
            NoiseScale::Sigma(log_variance.sigma(0.0))
        })
    }

    /// The optimal variance of a step, and whether it is held at what clipped data can need.
    fn optimal_variance(&self, step: &Coefficients, measured: &[f64]) -> Option<(f64, bool)> {
        let variance = step.optimal_variance(*measured.get(step.index)?).ok()?;
        if self.clip == Clip::None {
            return Some((variance, false));
        }
        let c1 = step.posterior_mean_coef1;
        let most = step.posterior_variance + c1 * c1;
        Some((variance.min(most), variance > most))
    }

    /// Steps that the method holds back, as they would leave more noise than there is.
    fn held_steps(&self) -> usize {
        let levels = self.process.levels();
        match (self.method, self.epsilon_mean_square) {
            (Method::Heun, _) => levels.windows(2).filter(heun_is_held).count(),
            (Method::DpmSolverPlusPlus2M, _) => {
                levels.windows(3).filter(dpm_solver_is_long).count()
            }
            (Method::Ancestral, Some(measured)) => {
                let steps = (1..levels.len()).filter_map(|index| Coefficients::of(levels, index));
                let held = |step: &Coefficients| {
                    matches!(self.optimal_variance(step, measured), Some((_, true)))
                };
                steps.filter(held).count()
            }
            (Method::Ancestral, None) | (Method::Ddim { .. } | Method::DdimReverse, _) => 0,
        }
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
        // Not measured: no values.
        for &value in self.epsilon_mean_square.unwrap_or_default() {
            print.add_f64(value);
        }
        // Before steps were held back there was nothing here: a run without such steps goes on where
        // it was saved, and one with them is another run now.
        match self.held_steps() {
            0 => {}
            held => print.add_u64(held as u64),
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
