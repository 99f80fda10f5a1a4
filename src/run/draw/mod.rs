//! What is to be drawn, as a value.

mod controls;
mod course;
mod text;

use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::between::Between;
use super::error::DrawError;
use super::model::Model;
use super::palette::Palette;
use crate::Error;
use crate::diffusion::{Clip, Method, OwnedProcess, Resampling};
use crate::unet::Wrap;
pub(super) use course::Course;
#[cfg(feature = "data")]
pub(super) use course::process;

/// A drawing: what is to be drawn, and how. It can be kept, sent and written down.
///
/// ```
/// use iddpm::Draw;
/// let draw = Draw::new().class("sword").steps("ddim25").method("ddim").seed(7);
/// assert_eq!(draw.to_string(), "class=sword steps=ddim25 method=ddim clip=unit seed=7");
/// assert_eq!(draw.to_string().parse(), Ok(draw));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draw {
    #[serde(
        rename = "class",
        serialize_with = "text::write_classes",
        deserialize_with = "text::read_classes"
    )]
    classes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    clip: String,
    #[serde(skip_serializing_if = "text::is_flat")]
    wrap: String,
    seed: u64,
    #[serde(skip_serializing_if = "text::is_one")]
    guidance: f64,
    #[serde(skip_serializing_if = "text::is_one")]
    strength: f64,
    #[serde(skip_serializing_if = "text::is_once")]
    resample: String,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "text::write_text",
        deserialize_with = "text::read_text"
    )]
    palette: Option<Palette>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "text::write_text",
        deserialize_with = "text::read_text"
    )]
    between: Option<Between>,
}

impl Default for Draw {
    fn default() -> Self {
        Self {
            classes: Vec::new(),
            steps: None,
            method: None,
            clip: Clip::Unit.to_string(),
            wrap: Wrap::None.to_string(),
            seed: 0,
            guidance: 1.0,
            strength: 1.0,
            resample: Resampling::ONCE.to_string(),
            palette: None,
            between: None,
        }
    }
}

impl Draw {
    /// A drawing of all classes in turn, in 15 steps of DPM-Solver++, of seed 0. Of the shipped sprites these cannot be
    /// told from 50 steps of the paper's sampler (`method("ancestral")`), neither by a classifier nor by the Fréchet
    /// distance of its features. A distilled network draws in the steps that it was distilled to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws one class, by its name or number, in place of those that were named before: [`classes`](Self::classes)
    /// names several, [`set`](Self::set) one more.
    #[must_use]
    pub fn class(self, class: impl Into<String>) -> Self {
        self.classes([class])
    }

    /// Draws these classes in turn, an image each, by their names or numbers; all there are where none is named.
    ///
    /// ```
    /// use iddpm::Draw;
    /// let draw = Draw::new().classes(["sword", "axe"]).steps("25");
    /// assert_eq!(draw.to_string(), "class=sword class=axe steps=25 clip=unit seed=0");
    /// assert_eq!("class=sword class=axe steps=25".parse(), Ok(draw));
    /// ```
    #[must_use]
    pub fn classes(mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.classes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// Takes so many steps, or those: `50`, `10,15,20` of each third, `ddim25`, `trailing20`, as
    /// [`Timesteps::parse`](crate::diffusion::Timesteps::parse) reads them. Where none are said they are as many as the
    /// method wants: 15 of `dpm`, 10 of `heun`, 25 of `ddim`, 50 of `ancestral`, or all there are. A distilled network
    /// takes those that it was distilled to, or as many of them as are said.
    #[must_use]
    pub fn steps(mut self, steps: impl Into<String>) -> Self {
        self.steps = Some(steps.into());
        self
    }

    /// Takes each step by a method: `ancestral`, `ddim`, `dpm`, `heun`, as [`Method`](crate::diffusion::Method) is named;
    /// `ddim:0.5` is DDIM with η = 0.5, as `Method::Ddim { eta: 0.5 }` is. Where none is said it is `dpm`, and `ddim` of a
    /// distilled network, which takes no other.
    #[must_use]
    pub fn method(mut self, method: impl ToString) -> Self {
        self.method = Some(method.to_string());
        self
    }

    /// Clips each prediction of the image: `unit`, `none`, `dynamic`, as [`Clip`] is named.
    #[must_use]
    pub fn clip(mut self, clip: impl ToString) -> Self {
        self.clip = clip.to_string();
        self
    }

    /// Draws images that go round: `x` from left to right, `y` from top to bottom, `xy` both, as [`Wrap`] is named.
    /// Laid side by side, copies of one have no seams.
    ///
    /// ```
    /// use iddpm::Draw;
    /// let draw: Draw = "class=shield wrap=xy".parse()?;
    /// assert_eq!(draw, Draw::new().class("shield").wrap("xy"));
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    #[must_use]
    pub fn wrap(mut self, wrap: impl ToString) -> Self {
        self.wrap = wrap.to_string();
        self
    }

    /// Draws with the noise of a seed: the same seed, the same image.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Guides towards the class (Ho & Salimans 2022): 1 draws as the network learnt it, more exaggerates what the class
    /// adds, up to 100; 0 draws without it, but for a variance that is learnt, which stays the class's. Other than 1 the
    /// network is evaluated twice for each image, and it must have been trained with some labels dropped.
    #[must_use]
    pub const fn guidance(mut self, scale: f64) -> Self {
        self.guidance = scale;
        self
    }

    /// How far a drawing on a picture ([`Studio::begin_on`](super::Studio::begin_on)) goes from it: 0 leaves it, 1 begins
    /// with noise alone, in between the last of the steps are taken from the picture under as much noise.
    #[must_use]
    pub const fn strength(mut self, strength: f64) -> Self {
        self.strength = strength;
        self
    }

    pub(super) const fn picture_strength(&self) -> f64 {
        self.strength
    }

    /// How often steps are taken again so that what is drawn within a mask comes to agree with what is outside: `10`, or
    /// `5,10` in stretches of 10 steps, as [`Resampling`] is named.
    #[must_use]
    pub fn resample(mut self, resampling: impl ToString) -> Self {
        self.resample = resampling.to_string();
        self
    }

    /// Draws in these colours alone. Beside them, what a mask keeps of a picture has its own, and what it mixes lies between
    /// both. A PNG lists all the colours that are in it where they are at most 256, and is written without a list else.
    #[must_use]
    pub fn palette(mut self, palette: Palette) -> Self {
        self.palette = Some(palette);
        self
    }

    /// Draws a row of so many images from the noise of this drawing's seed to that of another, each a little further; of
    /// two classes, from the first to the second. The method must add no noise: `ddim`, `dpm`, `heun`.
    ///
    /// # Errors
    /// [`DrawError::Value`] for a row of less than 2 or of more than 10,000 images.
    pub fn between(mut self, seed: u64, frames: u64) -> Result<Self, DrawError> {
        self.between = Some(Between::new(seed, frames)?);
        Ok(self)
    }

    pub(super) const fn row(&self) -> Option<Between> {
        self.between
    }

    /// The colours that are drawn in, where it is not all of them.
    pub const fn only_colours(&self) -> Option<&Palette> {
        self.palette.as_ref()
    }

    /// The classes that are drawn in turn, as they were named; none for all of the network's.
    pub fn only_classes(&self) -> &[String] {
        &self.classes
    }

    /// Finds the classes that are drawn in turn by their numbers; none for all of the network's.
    ///
    /// # Errors
    /// [`DrawError::Class`], [`DrawError::NoClasses`].
    pub fn labels(&self, model: &Model) -> Result<Vec<u32>, DrawError> {
        let found = self.classes.iter().map(|class| model.class(class));
        found.collect()
    }

    /// The number that all noise follows from.
    pub const fn noise_seed(&self) -> u64 {
        self.seed
    }

    /// Sets an option by its word, as a command line or a file has it. A class is drawn beside those that were named
    /// before. Which classes, steps, methods, clippings and wraps there are is the model's to say, where the drawing meets one.
    ///
    /// # Errors
    /// [`DrawError::Word`]; [`DrawError::Value`] for a seed that is no number.
    pub fn set(&mut self, word: &str, value: &str) -> Result<(), DrawError> {
        match word {
            "class" => self.classes.push(value.into()),
            "steps" => self.steps = Some(value.into()),
            "method" => self.method = Some(value.into()),
            "clip" => self.clip = value.into(),
            "wrap" => self.wrap = value.into(),
            "seed" => {
                self.seed = value.parse().map_err(|_| {
                    let why = std::format!("no whole number from 0 to {}", u64::MAX);
                    DrawError::value("seed", value, why)
                })?
            }
            "guidance" => self.guidance = number("guidance", value)?,
            "strength" => self.strength = number("strength", value)?,
            "resample" => self.resample = value.into(),
            "palette" => self.palette = Some(value.parse()?),
            "between" => self.between = Some(value.parse()?),
            _ => return Err(DrawError::Word { word: word.into() }),
        }
        Ok(())
    }

    /// The number of times that the network is evaluated for an image.
    ///
    /// # Errors
    /// [`DrawError::Value`] for steps, a method or a clipping that the model cannot have.
    pub fn evaluations(&self, model: &Model) -> Result<u32, Error> {
        let keeps = self.resample != Resampling::ONCE.to_string();
        let course = self.course(model.description(), keeps)?;
        Ok(course.sampler()?.evaluations())
    }

    /// The steps that this takes of a model's diffusion, and how it takes them: for what walks them itself, as a
    /// microcontroller does with a table of them.
    ///
    /// # Errors
    /// Those of [`evaluations`](Self::evaluations).
    pub fn steps_on(&self, model: &Model) -> Result<(OwnedProcess, Method), Error> {
        Ok(self.course(model.description(), false)?.into_steps())
    }
}

/// A number as a command line or a file has it.
fn number(word: &'static str, value: &str) -> Result<f64, DrawError> {
    value
        .parse()
        .map_err(|_| DrawError::value(word, value, "no number"))
}
