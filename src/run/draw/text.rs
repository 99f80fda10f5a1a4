//! Drawings as text, and as serde's data.

use core::fmt;
use core::str::FromStr;
use std::string::String;
use std::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Draw;
use crate::run::error::{DrawError, WORDS};
use crate::unet::Wrap;

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
        if let Some(steps) = steps {
            write!(f, "steps={} ", Quoted(steps))?;
        }
        if let Some(method) = method {
            write!(f, "method={} ", Quoted(method))?;
        }
        write!(f, "clip={} ", Quoted(clip))?;
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
pub(super) fn is_flat(wrap: &str) -> bool {
    wrap == Wrap::None.name()
}

/// One class by its name, several as a list, as a file of settings has them.
pub(super) fn write_classes<S: Serializer>(classes: &[String], to: S) -> Result<S::Ok, S::Error> {
    match classes {
        [] => to.serialize_none(),
        [one] => to.serialize_str(one),
        several => several.serialize(to),
    }
}

pub(super) fn read_classes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
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

pub(super) fn is_one(value: &f64) -> bool {
    *value == 1.0
}

pub(super) fn is_once(resample: &str) -> bool {
    resample == Draw::default().resample
}

/// What there is, as its text.
pub(super) fn write_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

pub(super) fn read_text<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
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
                return Err(DrawError::value(
                    word,
                    &value,
                    "it was said before, and is said once",
                ));
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
    Err(DrawError::value(word, text, "its quote is not closed"))
}
