//! What is to be drawn, as a value.

use core::fmt;
use core::str::FromStr;
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{DrawError, WORDS};
use super::model::Model;
use crate::Error;
use crate::diffusion::{Clip, Diffusion, Method, OwnedProcess, Sampler, Timesteps};
use crate::unet::Wrap;

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
            _ => return Err(DrawError::Word { word: word.into() }),
        }
        Ok(())
    }

    /// The number of times that the network is evaluated for an image.
    ///
    /// # Errors
    /// [`DrawError::Value`] for steps, a method or a clipping that the model cannot have.
    pub fn evaluations(&self, model: &Model) -> Result<u32, Error> {
        let course = self.course(&model.description().card.diffusion)?;
        Ok(course.sampler()?.evaluations())
    }

    /// The process and the sampler's settings that this is on a diffusion.
    pub(super) fn course(&self, diffusion: &Diffusion<'_>) -> Result<Course, Error> {
        let process = process(diffusion, &self.steps)?;
        let method = self.method.parse();
        let method: Method = method.map_err(|error| wrong("method", &self.method, error))?;
        let clip = self.clip.parse();
        let clip: Clip = clip.map_err(|error| wrong("clip", &self.clip, error))?;
        let wrap = self.wrap.parse();
        let wrap: Wrap = wrap.map_err(|error| wrong("wrap", &self.wrap, error))?;
        let course = Course {
            process,
            method,
            clip,
            wrap,
        };
        if let Err(error) = course.sampler() {
            return Err(match error {
                crate::diffusion::Error::Eta { .. } => wrong("method", &self.method, error),
                crate::diffusion::Error::Threshold { .. } => wrong("clip", &self.clip, error),
                _ => wrong("steps", &self.steps, error),
            }
            .into());
        }
        Ok(course)
    }
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
        write!(f, "seed={seed}")
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
    wrap: Wrap,
}

impl Course {
    /// Where the images go round.
    pub(super) const fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// A sampler at the first step.
    pub(super) fn sampler(&self) -> Result<Sampler<'_>, crate::diffusion::Error> {
        Sampler::new(&self.process, self.method, self.clip)
    }
}
