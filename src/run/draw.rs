//! What is to be drawn, as a value.

use core::fmt;
use core::str::FromStr;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::between::Between;
use super::error::{DrawError, WORDS};
use super::model::Model;
use super::palette::Palette;
use crate::Error;
use crate::diffusion::{
    Clip, Controls, Diffusion, Guidance, KnownBuf, Method, OwnedProcess, PaletteBuf, Prediction,
    Resampling, Sample, Sampler, Timesteps,
};
use crate::unet::Wrap;

/// The largest scale of guidance.
const MOST_GUIDANCE: f64 = 100.0;

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
        serialize_with = "write_classes",
        deserialize_with = "read_classes"
    )]
    classes: Vec<String>,
    steps: String,
    method: String,
    clip: String,
    #[serde(skip_serializing_if = "is_flat")]
    wrap: String,
    seed: u64,
    #[serde(skip_serializing_if = "is_one")]
    guidance: f64,
    #[serde(skip_serializing_if = "is_one")]
    strength: f64,
    #[serde(skip_serializing_if = "is_once")]
    resample: String,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_text",
        deserialize_with = "read_text"
    )]
    palette: Option<Palette>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_text",
        deserialize_with = "read_text"
    )]
    between: Option<Between>,
}

impl Default for Draw {
    fn default() -> Self {
        Self {
            classes: Vec::new(),
            steps: "50".into(),
            method: Method::Ancestral.to_string(),
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
    /// A drawing of all classes in turn, in 50 steps of the paper's sampler, of seed 0.
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
    /// assert_eq!(draw.to_string(), "class=sword class=axe steps=25 method=ancestral clip=unit seed=0");
    /// assert_eq!("class=sword class=axe steps=25".parse(), Ok(draw));
    /// ```
    #[must_use]
    pub fn classes(mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.classes = classes.into_iter().map(Into::into).collect();
        self
    }

    /// Takes so many steps, or those: `50`, `10,15,20` of each third, `ddim25`, `trailing20`, as
    /// [`Timesteps::parse`] reads them.
    #[must_use]
    pub fn steps(mut self, steps: impl Into<String>) -> Self {
        self.steps = steps.into();
        self
    }

    /// Takes each step by a method: `ancestral`, `ddim`, `dpm`, `heun`, as [`Method`] is named; `ddim:0.5` is DDIM with
    /// η = 0.5, as `Method::Ddim { eta: 0.5 }` is.
    #[must_use]
    pub fn method(mut self, method: impl ToString) -> Self {
        self.method = method.to_string();
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
    /// adds, 0 draws without it. Other than 1 the network is evaluated twice for each image, and it must have been trained
    /// with some labels dropped.
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

    /// Draws in these colours alone.
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
            "steps" => self.steps = value.into(),
            "method" => self.method = value.into(),
            "clip" => self.clip = value.into(),
            "wrap" => self.wrap = value.into(),
            "seed" => {
                self.seed = value.parse().map_err(|_| {
                    let why = std::format!("no whole number from 0 to {}", u64::MAX);
                    wrong("seed", value, why)
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
        let course = self.course(&model.description().card.diffusion, keeps)?;
        Ok(course.sampler()?.evaluations())
    }

    /// The process and the sampler's settings that this is on a diffusion; `keeps` where a part of a picture is kept.
    pub(super) fn course(&self, diffusion: &Diffusion<'_>, keeps: bool) -> Result<Course, Error> {
        let process = process(diffusion, &self.steps)?;
        let method = self.method.parse();
        let method: Method = method.map_err(|error| wrong("method", &self.method, error))?;
        let clip = self.clip.parse();
        let clip: Clip = clip.map_err(|error| wrong("clip", &self.clip, error))?;
        let resampling = self.resample.parse();
        let resampling: Resampling =
            resampling.map_err(|error| wrong("resample", &self.resample, error))?;
        if resampling != Resampling::ONCE && !keeps {
            let why = "there is no mask, outside of which something is kept";
            return Err(wrong("resample", &self.resample, why).into());
        }
        let wrap = self.wrap.parse();
        let wrap: Wrap = wrap.map_err(|error| wrong("wrap", &self.wrap, error))?;
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
                crate::diffusion::Error::Eta { .. } => wrong("method", &self.method, error),
                crate::diffusion::Error::KeepMethod => wrong("method", &self.method, error),
                crate::diffusion::Error::Threshold { .. } => wrong("clip", &self.clip, error),
                _ => wrong("steps", &self.steps, error),
            }
            .into());
        }
        Ok(course)
    }
}

impl Draw {
    /// How many of so many steps are taken: of a strength above 0 one at least.
    fn last_steps(&self, steps: usize) -> Result<usize, DrawError> {
        let Self { strength, .. } = *self;
        if !(0.0..=1.0).contains(&strength) {
            return Err(wrong(
                "strength",
                &strength.to_string(),
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
                Err(wrong("strength", &strength.to_string(), why))
            }
        }
    }

    /// What steers this drawing of so many images beside its steps.
    pub(super) fn controls(
        &self,
        model: &Model,
        samples: &[Sample],
        evaluations: u32,
        known: Option<KnownBuf>,
    ) -> Result<Controls, DrawError> {
        Ok(Controls {
            guidance: self.guided(model, samples)?,
            known,
            palette: self.snapped(model, evaluations)?,
        })
    }

    fn guided(&self, model: &Model, samples: &[Sample]) -> Result<Option<Guidance>, DrawError> {
        let Self { guidance, .. } = self;
        if !(0.0..=MOST_GUIDANCE).contains(guidance) {
            let why = format!("must be within 0 to {MOST_GUIDANCE}");
            return Err(wrong("guidance", &guidance.to_string(), why));
        }
        let images = samples.len();
        if let Some(between) = self.between
            && let Some(last) = self.last_of_row(model, between)?
        {
            let scale = |sample| Ok((1.0 - between.share(sample)?) as f32);
            let scales: Result<_, DrawError> = samples.iter().map(scale).collect();
            return Ok(Some(Guidance {
                scales: scales?,
                others: vec![last; images],
            }));
        }
        match (*guidance, model.description().unet.null_label()) {
            (1.0, _) => Ok(None),
            (scale, Some(null_label)) => Ok(Some(Guidance {
                scales: vec![scale as f32; images],
                others: vec![null_label; images],
            })),
            (scale, None) => {
                let why = "this network was trained with every label; one trained with --drop-labels can be guided";
                Err(wrong("guidance", &scale.to_string(), why))
            }
        }
    }

    /// The class with which a row ends, where it begins with another.
    fn last_of_row(&self, model: &Model, row: Between) -> Result<Option<u32>, DrawError> {
        let labels = self.labels(model)?;
        let why = match (labels.as_slice(), self.guidance) {
            ([_], _) => return Ok(None),
            ([], _) if model.classes() == 0 => return Ok(None),
            ([_, last], 1.0) => return Ok(Some(*last)),
            ([_, _], _) => "a row from a class to another is not guided as well",
            _ => "a row is of one class, or from one to another: name them",
        };
        Err(wrong("between", &row.to_string(), why))
    }

    pub(super) fn snapped(
        &self,
        model: &Model,
        evaluations: u32,
    ) -> Result<Option<PaletteBuf>, DrawError> {
        let Some(palette) = &self.palette else {
            return Ok(None);
        };
        let diffusion = &model.description().card.diffusion;
        let method = self.method.parse();
        if method == Ok(Method::DdimReverse) {
            let why = "ddim_reverse walks to noise, which is of no colours";
            return Err(wrong("palette", &palette.to_string(), why));
        }
        let is_ancestral = method == Ok(Method::Ancestral);
        if is_ancestral && diffusion.prediction == Prediction::PreviousX {
            let why = "ancestral steps of a network that predicts x_{t-1} take no x_0, which has the colours; ddim does";
            return Err(wrong("palette", &palette.to_string(), why));
        }
        let channels = model.image().channels;
        Ok(Some(PaletteBuf {
            colours: palette.planes(channels)?,
            channels,
            // In the second half of the steps, so that those that are left know of it and grounds come out even.
            from: evaluations / 2,
        }))
    }
}

/// A number as a command line or a file has it.
fn number(word: &'static str, value: &str) -> Result<f64, DrawError> {
    value.parse().map_err(|_| wrong(word, value, "no number"))
}

/// The steps of a diffusion that a text names.
pub(super) fn process(diffusion: &Diffusion<'_>, steps: &str) -> Result<OwnedProcess, DrawError> {
    let process = Timesteps::parse(steps).and_then(|kept| diffusion.process(kept));
    process.map_err(|error| wrong("steps", steps, error))
}

fn wrong(word: &'static str, value: &str, why: impl ToString) -> DrawError {
    DrawError::Value {
        word,
        value: value.into(),
        why: why.to_string(),
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            classes,
            steps,
            method,
            clip,
            wrap,
            seed,
            guidance,
            strength,
            resample,
            palette,
            between,
        } = self;
        for class in classes {
            write!(f, "class={} ", Quoted(class))?;
        }
        write!(
            f,
            "steps={} method={} clip={} ",
            Quoted(steps),
            Quoted(method),
            Quoted(clip)
        )?;
        if !is_flat(wrap) {
            write!(f, "wrap={} ", Quoted(wrap))?;
        }
        write!(f, "seed={seed}")?;
        // What is as it is by default is left out: the texts of drawings without it are what they were.
        let usual = Self::default();
        if *guidance != usual.guidance {
            write!(f, " guidance={guidance}")?;
        }
        if *strength != usual.strength {
            write!(f, " strength={strength}")?;
        }
        if *resample != usual.resample {
            write!(f, " resample={}", Quoted(resample))?;
        }
        if let Some(palette) = palette {
            write!(f, " palette={palette}")?;
        }
        match between {
            Some(between) => write!(f, " between={between}"),
            None => Ok(()),
        }
    }
}

/// Whether a wrap is none, as of all drawings before there were others: it is not written.
fn is_flat(wrap: &str) -> bool {
    wrap == Wrap::None.name()
}

/// One class by its name, several as a list, as a file of settings has them.
fn write_classes<S: Serializer>(classes: &[String], to: S) -> Result<S::Ok, S::Error> {
    match classes {
        [] => to.serialize_none(),
        [one] => to.serialize_str(one),
        several => several.serialize(to),
    }
}

fn read_classes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a class, or a list of classes")]
    enum Classes {
        None,
        One(String),
        Several(Vec<String>),
    }
    Ok(match Classes::deserialize(from)? {
        Classes::None => Vec::new(),
        Classes::One(class) => std::vec![class],
        Classes::Several(classes) => classes,
    })
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

fn is_once(resample: &str) -> bool {
    resample == Draw::default().resample
}

/// What there is, as its text.
fn write_text<T: fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

fn read_text<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err = DrawError>,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(from)?;
    let value = text.map(|text| text.parse()).transpose();
    value.map_err(serde::de::Error::custom)
}

/// A value as it is: within quotes where a blank, a quote or nothing is in it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |letter: char| !letter.is_whitespace() && !matches!(letter, '"' | '\\');
        if !self.0.is_empty() && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for letter in self.0.chars() {
            if matches!(letter, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{letter}")?;
        }
        f.write_str("\"")
    }
}

impl FromStr for Draw {
    type Err = DrawError;

    /// Reads words and values, `class="sea lion" steps=25`, in any order and but for `class` once; what is not said is
    /// the default.
    fn from_str(text: &str) -> Result<Self, DrawError> {
        let mut draw = Self::default();
        let mut rest = text.trim_start();
        let mut said = Vec::new();
        while !rest.is_empty() {
            let Some((word, after)) = rest.split_once('=') else {
                return Err(DrawError::Word { word: rest.into() });
            };
            let Some(&word) = WORDS.iter().find(|&&known| known == word) else {
                return Err(DrawError::Word { word: word.into() });
            };
            let (value, after) = value(word, after)?;
            if word != "class" && said.contains(&word) {
                return Err(wrong(word, &value, "it was said before, and is said once"));
            }
            said.push(word);
            draw.set(word, &value)?;
            rest = after.trim_start();
        }
        Ok(draw)
    }
}

/// A value at the beginning of a text, and what follows.
fn value<'a>(word: &'static str, text: &'a str) -> Result<(String, &'a str), DrawError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return Ok((value.into(), after));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, quoted.split_at(at + 1).1)),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(wrong(word, text, "its quote is not closed"))
}

/// What a drawing is on a diffusion: a process, and how it is walked.
#[derive(Debug, Clone)]
pub(super) struct Course {
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
    pub(super) const fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// A sampler at the first step.
    pub(super) fn sampler(&self) -> Result<Sampler<'_>, crate::diffusion::Error> {
        let sampler = Sampler::new(&self.process, self.method, self.clip)?;
        let sampler = sampler.with_last_steps(self.steps)?;
        match self.keeping {
            Some(resampling) => sampler.keeping(resampling),
            None => Ok(sampler),
        }
    }

    /// Whether a run begins with something of a picture in it.
    pub(super) fn begins_with_picture(&self) -> bool {
        self.steps < self.process.len()
    }
}
