//! What a drawing is on a network's diffusion: a process, and how it is walked.

use std::format;
use std::string::ToString;

use super::Draw;
use crate::Error;
use crate::checkpoint::Description;
use crate::diffusion::{Clip, Method, OwnedProcess, Resampling, Sampler, Timesteps};
use crate::run::error::DrawError;
use crate::text::Number;
use crate::unet::Wrap;

impl Draw {
    /// The process and the sampler's settings that this is of a network; `keeps` where a part of a picture is kept.
    pub(in crate::run) fn course(
        &self,
        network: &Description,
        keeps: bool,
    ) -> Result<Course, Error> {
        let method = self.method_of(network)?;
        let steps = match &self.steps {
            Some(steps) => steps.clone(),
            None => usual_steps(network, method).to_string(),
        };
        let process = process(network, &steps)?;
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
                crate::diffusion::Error::Eta { .. } | crate::diffusion::Error::KeepMethod => {
                    DrawError::value("method", method, error)
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

    /// The method that is said; else the usual one, or of a distilled network the only one.
    pub(super) fn method_of(&self, network: &Description) -> Result<Method, DrawError> {
        let said = self.method.as_ref().map(|method| {
            let wrong = |error| DrawError::value("method", method, error);
            method.parse::<Method>().map_err(wrong)
        });
        match (said.transpose()?, &network.grid) {
            (None, None) => Ok(Method::DpmSolverPlusPlus2M),
            (Some(method), None) => Ok(method),
            (None, Some(_)) => Ok(Self::DISTILLED),
            (Some(method), Some(_)) if method == Self::DISTILLED => Ok(method),
            (Some(method), Some(_)) => {
                let why = "this network was distilled to steps of ddim, and takes no others";
                Err(DrawError::value("method", method, why))
            }
        }
    }

    /// How a distilled network takes its steps.
    const DISTILLED: Method = Method::Ddim { eta: 0.0 };

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
/// shipped sprites, whose page (`examples/assets/README.md`) has the distances. Of a distilled network those that it was
/// distilled to.
fn usual_steps(network: &Description, method: Method) -> usize {
    if let Some(grid) = &network.grid {
        return grid.timesteps().len();
    }
    let wanted = match method {
        Method::DpmSolverPlusPlus2M => 15,
        Method::Heun => 10,
        Method::Ddim { .. } | Method::DdimReverse => 25,
        Method::Ancestral => 50,
    };
    wanted.min(network.card.diffusion.num_timesteps as usize)
}

/// The steps of a network's diffusion that a text names. Of a distilled network a number alone, or `all`, is of those
/// steps that it knows, and what else is named must be of them.
pub(in crate::run) fn process(
    network: &Description,
    steps: &str,
) -> Result<OwnedProcess, DrawError> {
    let diffusion = &network.card.diffusion;
    let text = steps.trim();
    let process = match (&network.grid, text.parse()) {
        (Some(grid), _) if text == "all" => grid.process(diffusion),
        (None, _) => Timesteps::parse(steps).and_then(|kept| diffusion.process(kept)),
        (Some(grid), Ok(count)) => grid.thinned(count).and_then(|grid| grid.process(diffusion)),
        (Some(grid), Err(_)) => Timesteps::parse(steps).and_then(|kept| {
            let process = diffusion.process(kept)?;
            grid.check(&process)?;
            Ok(process)
        }),
    };
    process.map_err(|error| match &network.grid {
        None => DrawError::value("steps", steps, error),
        Some(grid) => {
            let count = grid.timesteps().len();
            let why = format!(
                "{error}; this network was distilled to {count}, {grid}, and takes some of these"
            );
            DrawError::value("steps", steps, why)
        }
    })
}

/// What a drawing is on a network's diffusion: a process, and how it is walked.
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
    /// The steps, and how they are taken.
    pub(super) fn into_steps(self) -> (OwnedProcess, Method) {
        (self.process, self.method)
    }

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
