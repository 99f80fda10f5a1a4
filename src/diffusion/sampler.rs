//! The sampling state machine: a cursor that yields, for each evaluation of the network, the
//! timestep it must see and the numbers that turn its output into the next x.

use super::error::{Error, Slice};
use super::fingerprint::Fingerprint;
use super::linear::{Linear, check_finite, check_length};
use super::log;
use super::math::sqrt;
use super::method::Method;
use super::prediction::Clip;
use super::process::{Process, ProcessView};
use super::schedule::Level;
use super::setting::Setting;
use super::state::SamplerState;
use super::step::Step;
use super::walk::{Resampling, Walk};

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
    setting: Setting<'a>,
    method: Method,
    /// Which steps are taken, and how often.
    walk: Walk,
    position: u32,
}

impl<'a> Sampler<'a> {
    /// Begins a sampling run.
    ///
    /// # Errors
    /// [`Error::Eta`], [`Error::Threshold`]; [`Error::SingleStep`] for the ancestral method.
    pub fn new<S: AsRef<[Level]>>(
        process: &'a Process<S>,
        method: Method,
        clip: Clip,
    ) -> Result<Self, Error> {
        Self::of(process.view(), method, clip)
    }

    /// [`new`](Self::new) of a process that is borrowed already.
    pub(crate) fn of(process: ProcessView<'a>, method: Method, clip: Clip) -> Result<Self, Error> {
        clip.check()?;
        method.check(&process)?;
        let setting = Setting {
            process,
            clip,
            epsilon_mean_square: None,
        };
        Ok(Self {
            walk: Walk::all(process.len()),
            setting,
            method,
            position: 0,
        })
    }

    /// Replaces the variance of an ancestral run by the optimal one of Analytic-DPM.
    ///
    /// `epsilon_mean_square[k]` is E‖ε_θ‖²/D at step k of the process, measured on data; see
    /// [`Coefficients::optimal_variance`](super::Coefficients::optimal_variance). Where x̂_0 is clipped, the variance is at most
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
            self.process().len(),
        )?;
        for (index, &value) in epsilon_mean_square.iter().enumerate() {
            self.process()
                .coefficients(index)?
                .optimal_variance(value)?;
        }
        self.setting.epsilon_mean_square = Some(epsilon_mean_square);
        Ok(self)
    }

    /// Takes the last steps of the process alone: the run begins not with noise but with a picture as noisy as x is
    /// there ([`begin_from`](Self::begin_from)). All steps are a run as it is without; none leaves the picture as it is.
    ///
    /// A multistep method begins anew: its first step is of first order.
    ///
    /// # Errors
    /// [`Error::LastSteps`] for more steps than there are; [`Error::KeepMethod`] for DDIM backwards.
    pub fn with_last_steps(mut self, steps: usize) -> Result<Self, Error> {
        let len = self.process().len();
        if steps > len {
            return Err(Error::LastSteps { steps, len });
        }
        if steps < len && self.method == Method::DdimReverse {
            return Err(Error::KeepMethod);
        }
        self.walk.steps = steps;
        Ok(self)
    }

    /// Keeps a part of a picture ([`Step::keep`](super::Step::keep)), and takes steps again so that the rest comes to
    /// agree with it ([`Step::go_back`](super::Step::go_back)).
    ///
    /// # Errors
    /// [`Error::Resampling`]; [`Error::KeepMethod`] for DDIM backwards.
    pub fn keeping(mut self, resampling: Resampling) -> Result<Self, Error> {
        resampling.check()?;
        if self.method == Method::DdimReverse {
            return Err(Error::KeepMethod);
        }
        self.walk.keeping = Some(resampling);
        Ok(self)
    }

    /// Fills `x` with a picture as noisy as x is before the first step; with noise alone where all steps are taken, and
    /// with the picture alone where none is.
    ///
    /// `noise` is D normal deviates of the step number [`Noise::INITIAL`](super::Noise::INITIAL).
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::NotFinite`] where x then is not, naming the picture or the noise where it was not.
    pub fn begin_from(&self, picture: &[f32], noise: &[f32], x: &mut [f32]) -> Result<(), Error> {
        let Walk { steps, .. } = self.walk;
        let of_all = steps == self.process().len();
        let weights = match steps.checked_sub(1) {
            None => Linear { x: 1.0, value: 0.0 },
            Some(_) if of_all => Linear { x: 0.0, value: 1.0 },
            Some(first) => noised(self.process().coefficients(first)?.alpha_bar),
        };
        check_length(Slice::Picture, picture.len(), x.len())?;
        check_length(Slice::Noise, noise.len(), x.len())?;
        weights.fill_unchecked(picture, noise, x)?;
        let causes = [(Slice::Picture, picture), (Slice::Noise, noise)];
        check_finite(Slice::X, x, &causes)
    }

    /// The process that the run walks.
    pub const fn process(&self) -> ProcessView<'a> {
        self.setting.process
    }

    /// The sampling method of the run.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// How x̂_0 is clipped in the run.
    pub const fn clip(&self) -> Clip {
        self.setting.clip
    }

    /// Whether the run keeps a part of a picture.
    pub const fn keeps(&self) -> bool {
        self.walk.keeping.is_some()
    }

    /// The number of evaluations already yielded.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// The number of evaluations in the whole run.
    pub fn evaluations(&self) -> u32 {
        // Fewer than 2^30, by the bounds of a process and of a resampling.
        self.walk.evaluations(self.method) as u32
    }

    /// Returns the cursor as plain data. Save it after a step was applied, with x and the history.
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
        state.check_run(self.fingerprint(), self.evaluations())?;
        self.position = state.position;
        Ok(())
    }

    /// The same sampler before its first step, whatever the cursor.
    pub(super) const fn anew(mut self) -> Self {
        self.position = 0;
        self
    }

    /// Returns the step at a position, whatever the cursor; `None` at the end of the run and beyond.
    pub fn step_at(&self, position: u32) -> Option<Step> {
        let process = self.process();
        let place = self.walk.place(self.method, position)?;
        let index = place.index;
        let coefficients = process.coefficients(index).ok()?;
        let alpha_bar = match (self.method, place.is_halfway) {
            (Method::DdimReverse, _) => coefficients.alpha_bar_next,
            (_, true) => coefficients.alpha_bar,
            (_, false) => coefficients.alpha_bar_prev,
        };
        let back = match place.back_to {
            Some(first) => Some(noised(
                process.coefficients(first).ok()?.alpha_bar / alpha_bar,
            )),
            None => None,
        };
        Some(Step {
            position,
            index,
            timestep: process.model_timestep(index).ok()?,
            clip: self.clip(),
            output_per_element: process.prediction_len(1),
            update: self.method.update(&self.setting, &coefficients, place)?,
            kept: self.walk.keeping.map(|_| noised(alpha_bar)),
            back,
        })
    }

    fn fingerprint(&self) -> u64 {
        let mut print = Fingerprint::new();
        self.process().add_to(&mut print);
        let (kind, parameter) = self.method.code();
        print.add_u64(kind);
        print.add_f64(parameter);
        let (kind, ratio, max) = match self.clip() {
            Clip::None => (0, 0.0, 0.0),
            Clip::Unit => (1, 0.0, 0.0),
            Clip::Dynamic { ratio, max } => (2, ratio, max),
        };
        print.add_u64(kind);
        print.add_f64(ratio);
        print.add_f64(max);
        // Not measured: no values.
        for &value in self.setting.epsilon_mean_square.unwrap_or_default() {
            print.add_f64(value);
        }
        // Before steps were held back there was nothing here: a run without such steps goes on where
        // it was saved, and one with them is another run now.
        match self.method.held_steps(&self.setting) {
            0 => {}
            held => print.add_u64(held as u64),
        }
        // Likewise of what begins with a picture, or keeps of one.
        let Walk { steps, keeping } = self.walk;
        if steps < self.process().len() {
            print.add_bytes(b"last");
            print.add_u64(steps as u64);
        }
        if let Some(Resampling { rounds, jump }) = keeping {
            print.add_bytes(b"keep");
            print.add_u64(u64::from(rounds) << 32 | u64::from(jump));
        }
        print.finish()
    }
}

/// The weights of an image and of noise in one as noisy as ᾱ says: √ᾱ and √(1-ᾱ).
fn noised(alpha_bar: f64) -> Linear {
    Linear {
        x: sqrt(alpha_bar),
        value: sqrt(1.0 - alpha_bar),
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
