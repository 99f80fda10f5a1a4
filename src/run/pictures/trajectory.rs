//! How images came about, as a picture.

use std::format;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec::Vec;

use super::animation;
use super::drawing::{Drawing, MOMENTS};
use super::encode::put_png;
use super::kept::most_kept;
use super::place::{check_look, refused, suffix};
use crate::Error;
use crate::diffusion::Sample;
use crate::files::{FileError, Place};
use crate::memory::copied;
use crate::run::error::DrawError;
use crate::run::images::Images;
use crate::run::model::{Look, Model};

/// What a GIF's 16 bits hold, but for a sheet's outermost gap.
const MOST_GIF_SIDE: usize = u16::MAX as usize - 2;

/// The predictions of a run along its way, on their way to a picture: a strip (`x.png`), with a row for each image
/// and a column for each of some moments, or an animation (`x.gif`), with a frame for each step.
///
/// ```no_run
/// use iddpm::run::Trajectory;
/// use iddpm::{Device, Draw, Model};
/// let model = Model::open("sprites32.safetensors")?;
/// let mut run = model.on(Device::best())?.begin(&Draw::new().class("sword"), 8)?;
/// let mut trajectory = Trajectory::create("swords.gif", &model, 8, run.steps() as usize)?;
/// while run.advance()? {
///     trajectory.add(&run.preview()?)?;
/// }
/// trajectory.finish()?;
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Trajectory {
    path: PathBuf,
    is_animation: bool,
    drawing: Drawing,
    look: Arc<Look>,
    images: usize,
    steps: usize,
    /// 8 bits a value, [N, H, W, C] of each moment.
    moments: Vec<Vec<u8>>,
    /// Of the first moment, and so of all.
    samples: Vec<Sample>,
}

impl Trajectory {
    /// Checks whether one could be put there, before anything is spent on it. Nothing is left behind.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError), for a path that says neither too.
    pub fn check(path: impl AsRef<Path>) -> Result<(), Error> {
        is_animation(path.as_ref())?;
        Ok(Place::of(path)?.check()?)
    }

    /// Begins one of so many images in so many steps; nothing is written before [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`DrawError::Count`] for more images than can be drawn; [`DrawError::NoPicture`]; those of
    /// [`check`](Self::check).
    pub fn create(
        path: impl AsRef<Path>,
        model: &Model,
        images: usize,
        steps: usize,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let is_animation = is_animation(path)?;
        let drawing = Drawing::of(model.look())?;
        let bytes = model.image().elements().saturating_mul(steps);
        let kept = most_kept(bytes);
        let drawn = drawing.most();
        let most = kept.min(match is_animation {
            false => drawn / MOMENTS,
            true => drawn.min(MOST_GIF_SIDE / drawing.cell().1 * drawing.columns()),
        });
        if images > most {
            let of = format!("{} of {steps} steps", path.display());
            return Err(DrawError::Count {
                count: images,
                most,
                of,
            }
            .into());
        }
        Place::of(path)?.check()?;
        Ok(Self {
            path: path.into(),
            is_animation,
            drawing,
            look: Arc::clone(model.look()),
            images,
            steps,
            moments: Vec::new(),
            samples: Vec::new(),
        })
    }

    /// Takes the predictions of a step.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError) for other images than it was made for, or than those of the
    /// first step, or more steps; those of [`Images::bytes`].
    pub fn add(&mut self, preview: &Images) -> Result<(), Error> {
        check_look(&self.path, preview.look(), &self.look)?;
        if preview.len() != self.images {
            let (images, due) = (preview.len(), self.images);
            let why = format!("{images} images, where it is of {due}");
            return Err(refused(&self.path, why).into());
        }
        if self.moments.len() == self.steps {
            return Err(refused(&self.path, format!("more than {} steps", self.steps)).into());
        }
        let moment = preview.bytes()?;
        match self.moments.is_empty() {
            true => self.samples = copied(preview.samples())?,
            false if self.samples != preview.samples() => {
                let why = "images of another noise, number or class than those of its first step";
                return Err(refused(&self.path, why).into());
            }
            false => {}
        }
        self.moments.push(moment);
        Ok(())
    }

    /// Draws them, and writes the picture.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError), where no step was added too.
    pub fn finish(self) -> Result<(), Error> {
        if self.moments.is_empty() {
            return Err(refused(&self.path, "there is no step to draw").into());
        }
        let labels: Vec<_> = self.samples.iter().map(|sample| sample.label).collect();
        let heads = self.drawing.heads(&labels);
        if !self.is_animation {
            let moments = self.moments.iter();
            let moments: Vec<_> = moments
                .map(|moment| self.drawing.pictures(moment))
                .collect();
            return put_png(&self.path, &self.drawing.strip(&moments, &heads), false);
        }
        let frames = self.moments.iter().map(|moment| {
            let pictures = self.drawing.pictures(moment);
            self.drawing
                .sheet(&pictures, &heads, self.drawing.columns())
        });
        animation::write(&self.path, frames, true)
    }
}

fn is_animation(path: &Path) -> Result<bool, FileError> {
    match suffix(path).as_str() {
        "png" => Ok(false),
        "gif" => Ok(true),
        _ => Err(refused(path, "neither .png nor .gif")),
    }
}
