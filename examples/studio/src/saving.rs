//! Drawings in files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use iddpm::run::Trajectory;
use iddpm::{Error, Images, Run, Studio};

use super::order::Order;
use super::times;

/// Saves a picture by what its path ends in: a PNG pixel by pixel, else as [`Images::save`] does.
pub(crate) fn save(images: &Images, path: &Path) -> Result<(), Error> {
    match is_suffix(path, "png") {
        true => images.save_one(0, path),
        false => images.save(path),
    }
}

/// Whether the steps of a drawing are saved there, as an animation.
pub(crate) fn is_film(path: &Path) -> bool {
    is_suffix(path, "gif")
}

fn is_suffix(path: &Path, suffix: &str) -> bool {
    path.extension()
        .is_some_and(|it| it.eq_ignore_ascii_case(suffix))
}

/// An animation of a drawing's steps on its way to a file: what was ordered is drawn once more, which makes the same
/// image, and each step is looked at.
pub(crate) struct Film {
    run: Run,
    trajectory: Trajectory,
    path: PathBuf,
}

impl Film {
    pub(crate) fn begin(studio: &mut Studio, order: &Order, path: &Path) -> Result<Self, Error> {
        let run = order.begin(studio)?;
        let steps = run.steps() as usize;
        Ok(Self {
            trajectory: Trajectory::create(path, studio.model(), 1, steps)?,
            path: path.into(),
            run,
        })
    }

    /// Where it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes on for so many milliseconds of a frame; `false` where nothing is left.
    pub(crate) fn advance(&mut self, milliseconds: f64) -> Result<bool, Error> {
        let (begun, time) = (Instant::now(), times::of_frame(milliseconds));
        loop {
            let position = self.run.position();
            // As little as can be: more could go beyond a step, whose prediction would be lost.
            let is_left = self.run.advance_for(Duration::ZERO)?;
            if self.run.position() > position {
                self.trajectory.add(&self.run.preview()?)?;
            }
            if !is_left || begun.elapsed() >= time {
                return Ok(is_left);
            }
        }
    }

    /// Writes the file, and says which.
    pub(crate) fn finish(self) -> Result<PathBuf, Error> {
        self.trajectory.finish()?;
        Ok(self.path)
    }
}
