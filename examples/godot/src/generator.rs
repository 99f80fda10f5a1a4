//! A sprite over many frames. Nothing of Godot is in it, so that its tests need no engine.

use std::fmt;
use std::mem;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use iddpm::run::DrawError;
use iddpm::{Device, Draw, Images, Model, Run, Studio};

#[cfg(test)]
mod tests;

/// Where a sprite is drawn: a studio is used again where the next is drawn at the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// What the model was read from.
    pub(crate) model: String,
    /// `best`, `cpu`, `gpu`, or a part of a GPU's name.
    pub(crate) device: String,
    /// How many threads the processor works with; 0 for all of its cores.
    pub(crate) threads: u32,
}

impl Place {
    fn device(&self) -> Device {
        let device = Device::from(self.device.as_str());
        match self.threads {
            0 => device,
            threads => device.with_threads(threads as usize),
        }
    }
}

/// One sprite: 8 bits a channel, row after row. Of 2 and of 4 channels the last is alpha, which is straight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sprite {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Sprite {
    fn of(images: &Images) -> Result<Self, iddpm::Error> {
        let (width, height) = images.size();
        Ok(Self {
            width,
            height,
            channels: images.channels(),
            bytes: images.bytes()?,
        })
    }
}

/// What a frame brought.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Nothing is under way, or the device is still being opened.
    Nothing,
    /// The sprite as it will be, by all that is known of it.
    Preview(Sprite),
    /// The sprite, done.
    Finished(Sprite),
}

/// Why there is no sprite.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the library says.
    Library(iddpm::Error),
    /// The file of the model, and what Godot says of it.
    File(String, String),
    /// A mistake in the library, while it opened this device.
    Opening(String),
}

impl From<iddpm::Error> for Failure {
    fn from(error: iddpm::Error) -> Self {
        Self::Library(error)
    }
}

impl From<DrawError> for Failure {
    fn from(error: DrawError) -> Self {
        Self::Library(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::File(path, why) => write!(f, "model {path:?}: {why}"),
            Self::Opening(device) => write!(f, "device {device:?}: a mistake in iddpm ended it"),
        }
    }
}

type Opened = Result<(Studio, Run), iddpm::Error>;

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    /// A thread opens the device, which takes a GPU a second, and begins the run.
    Opening(Place, JoinHandle<Opened>),
    Drawing(Box<Run>),
}

/// Draws one sprite at a time.
#[derive(Debug, Default)]
pub(crate) struct Generator {
    model: Option<(String, Model)>,
    studio: Option<(Place, Studio)>,
    state: State,
}

impl Generator {
    /// The model of this path; its file is read where it is another than the last.
    pub(crate) fn model(
        &mut self,
        path: &str,
        read: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Model, Failure> {
        if let Some((known, model)) = &self.model
            && known == path
        {
            return Ok(model.clone());
        }
        let file = read().map_err(|why| Failure::File(path.into(), why))?;
        let model =
            Model::from_bytes(&file).map_err(|why| Failure::File(path.into(), why.to_string()))?;
        self.model = Some((path.into(), model.clone()));
        Ok(model)
    }

    /// Begins a sprite, in place of one that is under way.
    pub(crate) fn begin(&mut self, model: Model, place: Place, draw: Draw) -> Result<(), Failure> {
        self.cancel();
        draw.labels(&model)?;
        draw.evaluations(&model)?;
        let studio = match self.studio.take() {
            Some((at, studio)) if at == place => Some(studio),
            _ => None,
        };
        let device = place.device();
        let opening = thread::spawn(move || {
            let mut studio = match studio {
                Some(studio) => studio,
                None => model.on(device)?,
            };
            let run = studio.begin(&draw, 1)?;
            Ok((studio, run))
        });
        self.state = State::Opening(place, opening);
        Ok(())
    }

    /// Leaves the sprite that is under way. Where its device is still being opened, that is waited for: the library may
    /// be unloaded next, and no thread may be in it then.
    pub(crate) fn cancel(&mut self) {
        if let State::Opening(place, opening) = mem::take(&mut self.state)
            && let Ok(Ok((studio, _))) = opening.join()
        {
            self.studio = Some((place, studio));
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    /// The share of the work that is done; 0 where no sprite is under way.
    pub(crate) fn fraction(&self) -> f32 {
        match &self.state {
            State::Drawing(run) => run.fraction(),
            State::Idle | State::Opening(..) => 0.0,
        }
    }

    /// Goes on for as long as a frame has to spare, and for one operation of the network at least. After a failure nothing is under way.
    pub(crate) fn frame(&mut self, budget: Duration) -> Result<Frame, Failure> {
        let mut run = match mem::take(&mut self.state) {
            State::Idle => return Ok(Frame::Nothing),
            State::Opening(place, opening) if !opening.is_finished() => {
                self.state = State::Opening(place, opening);
                return Ok(Frame::Nothing);
            }
            State::Opening(place, opening) => {
                let opened = opening.join();
                let (studio, run) =
                    opened.map_err(|_| Failure::Opening(place.device.clone()))??;
                self.studio = Some((place, studio));
                Box::new(run)
            }
            State::Drawing(run) => run,
        };
        run.advance_for(budget)?;
        if run.is_done() {
            return Ok(Frame::Finished(Sprite::of(&run.images()?)?));
        }
        let preview = Sprite::of(&run.preview()?)?;
        self.state = State::Drawing(run);
        Ok(Frame::Preview(preview))
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.cancel();
    }
}
