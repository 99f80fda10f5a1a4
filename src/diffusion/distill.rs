//! Progressive distillation (Salimans & Ho 2022): what a student must predict so that one of its steps lands where several
//! of its teacher's do.
//!
//! From x_t the teacher takes deterministic DDIM steps to x_s. With (α, σ) = (√ᾱ, √(1-ᾱ)), one such step of the student
//! lands there if it predicts
//!
//! ```text
//! x̃ = (x_s - (σ_s/σ_t)·x_t) / (α_s - (σ_s/σ_t)·α_t)
//! ε̃ = (x_t - α_t·x̃) / σ_t
//! ```
//!
//! and (x̃, ε̃) noised to t is x_t again: in place of an image and its noise they are what any network is trained on. The
//! squared error of v is then the paper's weight SNR + 1 of the squared error of x̃.
//!
//! Each x̂_0 of the teacher is clipped to [-1, 1], as where it draws, so that a student learns what its teacher draws. x̃ is
//! a mean of them, and so within [-1, 1] too. The paper's implementation does not clip, and need not: its teachers predict v.
//! One that predicts ε has its error divided by √ᾱ, which is nearly 0 where drawing begins.

use alloc::vec::Vec;

use super::error::Error;
use super::grid::Grid;
use super::linear::Linear;
use super::math::sqrt;
use super::posterior::Coefficients;
use super::process::Diffusion;

/// One step of a student, from its timestep t to its next s, and what the teacher does on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// The timestep t as a network is told of it.
    pub timestep: f32,
    /// The teacher's steps on the way, one at least.
    pub steps: Vec<TeacherStep>,
    sqrt_alpha_bar: f64,
    sqrt_one_minus_alpha_bar: f64,
    /// x̃ of (x_t, x_s).
    x_start: Linear,
}

/// A deterministic DDIM step of a teacher.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TeacherStep {
    /// The timestep as the network is told of it.
    pub timestep: f32,
    /// The map from (x_t, output) to x̂_0.
    x_start: Linear,
    /// The map from (x_t, x̂_0) to the next x.
    next: Linear,
}

impl TeacherStep {
    /// Returns the next x of an element, of x_t and the network's output.
    pub const fn take(&self, x: f64, output: f64) -> f64 {
        let x_start = self.x_start.at(x, output).clamp(-1.0, 1.0);
        self.next.at(x, x_start)
    }
}

/// The map from (x_t, x_0) to x_s by deterministic DDIM, s the step that one leads to.
fn ddim(step: &Coefficients) -> Linear {
    let shrunk = sqrt(1.0 - step.alpha_bar_prev) / step.sqrt_one_minus_alpha_bar;
    Linear {
        x: shrunk,
        value: sqrt(step.alpha_bar_prev) - shrunk * step.sqrt_alpha_bar,
    }
}

impl Lesson {
    /// The lessons of all steps of a student, the last step first; the diffusion is the teacher's.
    ///
    /// ```
    /// use iddpm::diffusion::{Diffusion, Grid, Lesson, Prediction, Schedule};
    /// let diffusion = Diffusion::new(Schedule::Cosine, 1000).with_prediction(Prediction::V);
    /// let teacher = Grid::all(1000)?.thinned(8)?;
    /// let lessons = Lesson::of_all(&diffusion, &teacher, &teacher.thinned(4)?)?;
    /// assert!(lessons.iter().all(|lesson| lesson.steps.len() == 2));
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OffGrid`] where the teacher's timesteps have not all of the student's; those of [`Grid::process`].
    pub fn of_all(
        diffusion: &Diffusion<'_>,
        teacher: &Grid,
        student: &Grid,
    ) -> Result<Vec<Self>, Error> {
        let taught = teacher.process(diffusion)?;
        let learned = student.process(diffusion)?;
        teacher.check(&learned)?;
        let mut rest = 0..taught.len();
        let mut lessons = Vec::new();
        for (index, level) in learned.levels().iter().enumerate() {
            let mut steps = Vec::new();
            for place in rest.by_ref() {
                let step = taught.coefficients(place)?;
                steps.push(TeacherStep {
                    timestep: taught.model_timestep(place)?,
                    x_start: diffusion.prediction.to_x_start(&step)?,
                    next: ddim(&step),
                });
                let timestep = taught.levels().get(place).map(|level| level.timestep);
                if timestep == Some(level.timestep) {
                    break;
                }
            }
            steps.reverse();
            let step = learned.coefficients(index)?;
            let Linear { x, value } = ddim(&step);
            lessons.push(Self {
                timestep: learned.model_timestep(index)?,
                steps,
                sqrt_alpha_bar: step.sqrt_alpha_bar,
                sqrt_one_minus_alpha_bar: step.sqrt_one_minus_alpha_bar,
                x_start: Linear {
                    x: -x / value,
                    value: 1.0 / value,
                },
            });
        }
        Ok(lessons)
    }

    /// Returns x_t of an element.
    pub const fn x(&self, x_start: f64, noise: f64) -> f64 {
        self.sqrt_alpha_bar * x_start + self.sqrt_one_minus_alpha_bar * noise
    }

    /// Returns what the student is to predict of an element: x̃ and ε̃ of x_t and the teacher's x_s.
    pub const fn target(&self, x: f64, landed: f64) -> [f64; 2] {
        let x_start = self.x_start.at(x, landed);
        let noise = (x - self.sqrt_alpha_bar * x_start) / self.sqrt_one_minus_alpha_bar;
        [x_start, noise]
    }
}
