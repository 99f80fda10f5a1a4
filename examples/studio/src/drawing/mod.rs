//! A run on its way within the window's frames.

mod frames;
pub(super) mod sprite;

use std::fmt;
use std::time::{Duration, Instant};

use eframe::egui;
use iddpm::{Error, Images, Run};

use super::host::Host;
use super::order::Order;
use super::picture::{Picture, Pixels};
use super::times::{self, Times};
use frames::Frames;

/// A run on its way: a part of it in each frame.
pub(crate) struct Drawing {
    pub(crate) order: Order,
    run: Run,
    way: Way,
    pub(crate) times: Times,
    begun: Instant,
    /// From the beginning until the first step was taken, or recorded whole.
    first_step: Option<Duration>,
}

/// How it gets on.
enum Way {
    /// By parts of steps that the window waits for.
    Parts(Pixels),
    /// By work that is recorded for the window's device, which nobody waits for.
    Frames(Box<Frames>),
}

/// What came of a drawing.
pub(crate) struct Drawn {
    pub(crate) order: Order,
    pub(crate) images: Images,
    pub(crate) times: Times,
    pub(crate) steps: u32,
    pub(crate) took: Duration,
    pub(crate) first_step: Duration,
}

impl Drawing {
    /// A drawing by a run that has begun, on the window's device where that is the run's.
    pub(crate) fn new(
        order: Order,
        run: Run,
        size: (usize, usize),
        host: Option<&Host>,
        begun: Instant,
    ) -> Self {
        let way = match host {
            Some(host) => Way::Frames(Box::new(Frames::new(host, size))),
            None => Way::Parts(Pixels::default()),
        };
        Self {
            order,
            run,
            way,
            times: Times::default(),
            begun,
            first_step: None,
        }
    }

    /// Goes on for so many milliseconds of a frame; `false` where nothing was left.
    pub(crate) fn advance(&mut self, milliseconds: f64) -> Result<bool, Error> {
        let was_left = match &mut self.way {
            Way::Parts(_) => {
                let begun = Instant::now();
                let was_left = self.run.advance_for(times::of_frame(milliseconds))?;
                self.times.add(1e3 * begun.elapsed().as_secs_f64());
                was_left
            }
            Way::Frames(frames) => frames.advance(&mut self.run, milliseconds, &mut self.times)?,
        };
        if self.run.position() > 0 {
            self.first_step.get_or_insert_with(|| self.begun.elapsed());
        }
        Ok(was_left)
    }

    /// The image as it is predicted, and itself in the end.
    pub(crate) fn picture(&mut self, context: &egui::Context) -> Result<Picture, Error> {
        match &mut self.way {
            Way::Parts(pixels) => {
                let preview = self.run.preview()?;
                pixels.show(context, preview.size(), &preview.rgba(0)?);
                Ok(Picture::Pixels(pixels.clone()))
            }
            Way::Frames(frames) => Ok(Picture::Sprite(frames.sprite())),
        }
    }

    /// The share of its steps that were taken.
    pub(crate) fn fraction(&self) -> f32 {
        self.run.fraction()
    }

    /// Steps taken, and steps in all.
    pub(crate) const fn steps(&self) -> (u32, u32) {
        (self.run.position(), self.run.steps())
    }

    /// What came of it, once nothing is left.
    pub(crate) fn finish(self) -> Result<Drawn, Error> {
        let took = self.begun.elapsed();
        Ok(Drawn {
            images: self.run.images()?,
            steps: self.run.steps(),
            order: self.order,
            times: self.times,
            first_step: self.first_step.unwrap_or(took),
            took,
        })
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, all) = (self.first_step.as_secs_f64(), self.took.as_secs_f64());
        let Self {
            order,
            steps,
            times,
            ..
        } = self;
        write!(
            f,
            "{}: {steps} steps in {} frames, the first after {first:.2} s, all in {all:.2} s",
            order.draw,
            times.len()
        )
    }
}
