//! What can be wrong with what is asked of the door.

use core::fmt;
use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::text::OneLine;

/// An error of what is asked: an option of a drawing, a device, a class, a saved run.
///
/// Its text begins with the option's name, so that a command line can put `--` before it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DrawError {
    /// A word that is none of a drawing's.
    Word {
        /// The word.
        word: String,
    },
    /// A value that an option cannot have.
    Value {
        /// The option.
        word: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it, and what it must be.
        why: String,
    },
    /// A class that the network does not have.
    Class {
        /// The name or number.
        class: String,
        /// The classes that there are, by name, and by number where numbers are meant.
        known: Vec<String>,
    },
    /// A class of a network that has none.
    NoClasses,
    /// No adapter of a machine is called so, or there is none.
    Adapter {
        /// The part of a name that was asked for.
        wanted: Option<String>,
        /// The adapters that there are.
        found: Vec<String>,
    },
    /// A GPU that cannot be had.
    NoGpu {
        /// Why not.
        why: String,
    },
    /// Frames of a run that is on the processor.
    NotOnGpu,
    /// A step that is to be taken, or images that are to be seen, while a frame that was recorded has not run.
    FrameNotSubmitted,
    /// A step after one that failed: x is spent.
    Spent,
    /// Threads of the processor, where a GPU runs the network.
    ThreadsOfGpu,
    /// A number of images that is out of bounds.
    Count {
        /// The number.
        count: usize,
        /// The bound.
        most: usize,
        /// What sets it.
        of: String,
    },
    /// Images that are no pictures.
    NoPicture {
        /// Their channels.
        channels: usize,
    },
    /// A network that enlarges images was given none.
    LowResMissing {
        /// Width and height of what it takes.
        size: (usize, usize),
    },
    /// Images to enlarge for a network that takes none.
    LowResUnexpected,
    /// A saved run that is none, or another model's.
    Saved {
        /// The file that it was read from; `None` for bytes in memory.
        file: Option<PathBuf>,
        /// What is wrong with it.
        why: String,
    },
}

/// The words of a drawing, in the order in which they are written.
pub(super) const WORDS: [&str; 11] = [
    "class", "steps", "method", "clip", "wrap", "seed", "guidance", "strength", "resample",
    "palette", "between",
];

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word { word } => write!(
                f,
                "{}: no word of a drawing, which are {}",
                OneLine(word),
                WORDS.join(", ")
            ),
            Self::Value { word, value, why } if value.is_empty() => {
                write!(f, "{word} \"\": {why}")
            }
            Self::Value { word, value, why } => write!(f, "{word} {}: {why}", OneLine(value)),
            Self::Class { class, known } => {
                write!(f, "class {class:?}: this network's classes are ")?;
                list(f, known)
            }
            Self::NoClasses => f.write_str("class: this network has no classes"),
            Self::Adapter { wanted, found } => match (wanted, found.as_slice()) {
                (None, _) => f.write_str("no adapter was found"),
                (Some(wanted), []) => {
                    let wanted = OneLine(wanted);
                    write!(f, "no adapter is named like {wanted}: there is none at all")
                }
                (Some(wanted), found) => {
                    write!(f, "no adapter is named like {}, only ", OneLine(wanted))?;
                    list(f, found)
                }
            },
            Self::NoGpu { why } => f.write_str(why),
            Self::NotOnGpu => {
                f.write_str("the run is on the processor: frames have no part in it, advance_for has")
            }
            Self::FrameNotSubmitted => f.write_str(
                "a frame that was recorded has not run: submit its encoder or drop it first; after one that was \
                 dropped or refused, the next step goes on from the last that was done",
            ),
            Self::Spent => f.write_str(
                "a step of this run failed, and its images are spent: what was saved before goes on",
            ),
            Self::ThreadsOfGpu => {
                f.write_str("threads: a GPU runs the network, and they are the processor's")
            }
            Self::Count { count, most, of } => {
                write!(f, "count {count}: {of} takes at most {most} such images")
            }
            Self::NoPicture { channels } => write!(
                f,
                "images of {channels} channels are no pictures, which have 1 (grey), 2 (grey and alpha), 3 (colours) \
                 or 4 (colours and alpha)"
            ),
            Self::LowResMissing {
                size: (width, height),
            } => write!(
                f,
                "this network enlarges images of {width}x{height}: it must be given them"
            ),
            Self::LowResUnexpected => f.write_str("low-res: this network takes no such image"),
            Self::Saved { file: None, why } => write!(f, "saved run: {why}"),
            Self::Saved {
                file: Some(file),
                why,
            } => write!(f, "saved run {}: {why}", file.display()),
        }
    }
}

impl core::error::Error for DrawError {}

impl DrawError {
    /// A value that an option cannot have, and why.
    pub(super) fn value(word: &'static str, value: impl ToString, why: impl ToString) -> Self {
        Self::Value {
            word,
            value: value.to_string(),
            why: why.to_string(),
        }
    }

    /// The option that the text begins with; `None` where it is none's alone.
    pub fn option(&self) -> Option<&str> {
        match self {
            Self::Word { word } => Some(word),
            Self::Value { word, .. } => Some(word),
            Self::Class { .. } | Self::NoClasses => Some("class"),
            Self::ThreadsOfGpu => Some("threads"),
            Self::Count { .. } => Some("count"),
            Self::LowResUnexpected => Some("low-res"),
            Self::Adapter { .. }
            | Self::NoGpu { .. }
            | Self::NotOnGpu
            | Self::FrameNotSubmitted
            | Self::Spent
            | Self::NoPicture { .. }
            | Self::LowResMissing { .. }
            | Self::Saved { .. } => None,
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    for (at, name) in names.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        write!(f, "{separator}{}", OneLine(name))?;
    }
    Ok(())
}
