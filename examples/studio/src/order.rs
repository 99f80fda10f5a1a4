//! What is drawn, whole: a drawing and the picture that it is drawn on.

use iddpm::run::{Canvas, DrawError};
use iddpm::{Draw, Error, Run, Studio};

use super::settings::{Ground, Settings};

/// A drawing of one image, what it was set by, and the picture that it begins from or keeps a part of.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) settings: Settings,
    pub(crate) draw: Draw,
    pub(crate) canvas: Option<Canvas>,
}

impl Order {
    /// What is set, on a picture or on none.
    pub(crate) fn new(
        settings: &Settings,
        on: Ground,
        canvas: Option<Canvas>,
    ) -> Result<Self, DrawError> {
        Ok(Self {
            draw: settings.draw(on)?,
            settings: settings.clone(),
            canvas,
        })
    }

    /// Begins its run. The same order is the same image, as often as it is begun.
    pub(crate) fn begin(&self, studio: &mut Studio) -> Result<Run, Error> {
        match &self.canvas {
            Some(canvas) => studio.begin_on(&self.draw, canvas, 0..1),
            None => studio.begin(&self.draw, 1),
        }
    }
}
