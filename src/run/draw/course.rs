//! What a drawing is on a diffusion: a process, and how it is walked.

use std::borrow::Cow;
use std::format;
use std::string::ToString;

use super::Draw;
use crate::Error;
use crate::diffusion::{Clip, Diffusion, Method, OwnedProcess, Resampling, Sampler, Timesteps};
use crate::run::error::DrawError;
use crate::text::Number;
use crate::unet::Wrap;

impl Draw {
    /// The process and the sampler's settings that this is on a diffusion; `keeps` where a part of a picture is kept.
    pub(in crate::run) fn course(
        &self,
        diffusion: &Diffusion<'_>,
        keeps: bool,
    ) -> Result<Course, Error> {
        let method = self.method.parse();
        let method: Method =
            method.map_err(|error| DrawError::value("method", &self.method, error))?;
        let steps = match &self.steps {
            Some(steps) => Cow::from(steps),
            None => usual_steps(method)
                .min(diffusion.num_timesteps)
                .to_string()
                .into(),
        };
        let process = process(diffusion, &steps)?;
        let clip = self.clip.parse();
        let clip: Clip = clip.map_err(|error| DrawError::value("clip", &self.clip, error))?;
        let resampling = self.resample.parse();
        let resampling: Resampling =
            resampling.map_err(|error| DrawError::value("resample", &self.resample, error))?;
        if resampling != Resampling::ONCE && !keeps {
            let why = "there is no mask, outside of which something is kept";
            return Err(DrawError::value("resample", &self.resample, why).into());
        }
        let wrap = self.wrap.parse();
        let wrap: Wrap = wrap.map_err(|error| DrawError::value("wrap", &self.wrap, error))?;
        let course = Course {
            steps: self.last_steps(process.len())?,
            process,
            method,
            clip,
            keeping: keeps.then_some(resampling),
            wrap,
        };
        if let Err(error) = course.sampler() {
            return Err(match error {
                crate::diffusion::Error::Eta { .. } => {
                    DrawError::value("method", &self.method, error)
                }
                crate::diffusion::Error::KeepMethod => {
                    DrawError::value("method", &self.method, error)
                }
                crate::diffusion::Error::Threshold { .. } => {
                    DrawError::value("clip", &self.clip, error)
                }
                _ => DrawError::value("steps", &steps, error),
            }
            .into());
        }
        Ok(course)
    }

    /// How many of so many steps are taken: of a strength above 0 one at least.
    fn last_steps(&self, steps: usize) -> Result<usize, DrawError> {
        let Self { strength, .. } = *self;
        if !(0.0..=1.0).contains(&strength) {
            return Err(DrawError::value(
                "strength",
                Number(strength),
                "must be within 0 to 1",
            ));
        }
        let share = (strength * steps as f64).round() as usize;
        match strength {
            0.0 => Ok(0),
            1.0 => Ok(steps),
            // Of a picture something is left.
            _ if steps > 1 => Ok(share.clamp(1, steps - 1)),
            _ => {
                let why = "one step begins with noise alone: take more of them";
                Err(DrawError::value("strength", Number(strength), why))
            }
        }
    }
}

/// How many steps a method wants for images that are as far from real ones as those of 50 ancestral steps: measured on the
/// shipped sprites, whose page (`examples/assets/README.md`) has the distances.
const fn usual_steps(method: Method) -> u32 {
    match method {
        Method::DpmSolverPlusPlus2M => 15,
        Method::Heun => 10,
        Method::Ddim { .. } | Method::DdimReverse => 25,
        Method::Ancestral => 50,
    }
}

/// The steps of a diffusion that a text names.
pub(in crate::run) fn process(
    diffusion: &Diffusion<'_>,
    steps: &str,
) -> Result<OwnedProcess, DrawError> {
    let process = Timesteps::parse(steps).and_then(|kept| diffusion.process(kept));
    process.map_err(|error| DrawError::value("steps", steps, error))
}

/// What a drawing is on a diffusion: a process, and how it is walked.
#[derive(Debug, Clone)]
pub(in crate::run) struct Course {
    process: OwnedProcess,
    method: Method,
    clip: Clip,
    /// How many of the last steps are taken.
    steps: usize,
    keeping: Option<Resampling>,
    wrap: Wrap,
}

impl Course {
    /// Where the images go round.
    pub(in crate::run) const fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// A sampler at the first step.
    pub(in crate::run) fn sampler(&self) -> Result<Sampler<'_>, crate::diffusion::Error> {
        let sampler = Sampler::new(&self.process, self.method, self.clip)?;
        let sampler = sampler.with_last_steps(self.steps)?;
        match self.keeping {
            Some(resampling) => sampler.keeping(resampling),
            None => Ok(sampler),
        }
    }

    /// Refuses steps that add noise, which each of several images would have of its own, and those that lead to noise.
    pub(in crate::run) fn check_adds_no_noise(&self, drawing: &str) -> Result<(), Error> {
        let sampler = self.sampler()?;
        if self.method != Method::DdimReverse && !sampler.clone().any(|step| step.needs_noise()) {
            return Ok(());
        }
        let why = format!("{drawing} is drawn by ddim, dpm or heun, whose steps add no noise");
        Err(DrawError::value("method", self.method, why).into())
    }

    /// Whether a run begins with something of a picture in it.
    pub(in crate::run) fn begins_with_picture(&self) -> bool {
        self.steps < self.process.len()
    }
}
