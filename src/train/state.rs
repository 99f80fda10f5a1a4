//! The file `run.json`: what a state says beside its numbers.
//!
//! | format | what is new |
//! |---|---|
//! | 1 | |
//! | 2 | digests of the state's files, of the data, and of `run.json` itself |

use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::format;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::digest::Digest;
use super::engine::Engine;
use super::error::TrainError;
use super::progress::Progress;
use super::trainer::Trainer;
use crate::checkpoint::description::STEP;
use crate::checkpoint::states::{FIRST_MOMENT, SECOND_MOMENT, STATE};
use crate::checkpoint::{Content, Description};
use crate::diffusion::WeightSet;
use crate::files::read_text;
use crate::files::write_bytes;
use crate::optimizer::Slot;

/// The format that is written; those before it are read.
const FORMAT: u32 = 2;
/// Bytes of a `run.json`. Most of it are the losses of each t, under 0.5 GB for the largest T there is.
const MOST: u64 = 1 << 30;

/// What a state says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    format: u32,
    /// The metadata of a checkpoint.
    pub(super) model: BTreeMap<String, String>,
    pub(super) config: TrainConfig,
    /// Examples in the data: their order follows from how many there are.
    pub(super) examples: usize,
    /// The data's fingerprint; nothing in format 1.
    #[serde(default)]
    pub(super) data: Option<Digest>,
    pub(super) progress: Progress,
    /// Of each file beside this one; none in format 1.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Digest>,
    /// Of all text before it, so it is the last; nothing in format 1.
    #[serde(default)]
    digest: Option<Digest>,
}

/// Where the digest of the text begins.
const DIGEST: &str = "\"digest\"";

/// The format alone: of another one nothing else can be said.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Stored {
    /// Of a trainer, whose state has these files.
    pub(super) fn of<E: Engine>(
        trainer: &Trainer<E>,
        files: BTreeMap<String, Digest>,
    ) -> Result<Self, TrainError> {
        let mut description = trainer.description().clone();
        description.card.step = trainer.progress().step;
        description.card.weights = WeightSet::Raw;
        Ok(Self {
            format: FORMAT,
            model: description.to_metadata()?,
            config: trainer.config().clone(),
            examples: trainer.examples(),
            data: Some(Digest(trainer.fingerprint())),
            progress: trainer.progress().clone(),
            files,
            digest: None,
        })
    }

    /// Reads that of a state.
    pub(super) fn read(state: &Path) -> Result<Self, TrainError> {
        let path = state.join(STATE);
        let text = read_text(&path, MOST)?;
        let wrong = |message| TrainError::Format {
            path: path.clone(),
            message,
        };
        let unread = |error: serde_json::Error| wrong(format!("is not as a run saves it: {error}"));
        let Version { format } = serde_json::from_str(&text).map_err(unread)?;
        if format == 0 || format > FORMAT {
            return Err(wrong(format!(
                "is of format {format}; formats 1 to {FORMAT} are read"
            )));
        }
        let stored: Self = serde_json::from_str(&text).map_err(unread)?;
        if format == 1 {
            return match stored.newer() {
                None => Ok(stored),
                Some(field) => Err(wrong(format!(
                    "says that it is of format 1, and has {field:?}, which there is from format 2 on: it was \
                     changed since it was saved"
                ))),
            };
        }
        if stored.data.is_none() {
            return Err(wrong("has no fingerprint of the data".to_owned()));
        }
        if stored.digest != Some(digest_of(&text)) {
            return Err(TrainError::Changed { path });
        }
        Ok(stored)
    }

    /// What it has that the first format does not know.
    fn newer(&self) -> Option<&'static str> {
        let newer = [
            ("data", self.data.is_some()),
            ("files", !self.files.is_empty()),
            ("digest", self.digest.is_some()),
        ];
        newer.into_iter().find_map(|(name, is)| is.then_some(name))
    }

    /// Writes that of a state.
    pub(super) fn write(mut self, state: &Path) -> Result<(), TrainError> {
        let path = state.join(STATE);
        let unwritten = |error: serde_json::Error| TrainError::Format {
            path: path.clone(),
            message: error.to_string(),
        };
        self.digest = Some(Digest::of(&[]));
        let text = serde_json::to_string_pretty(&self).map_err(unwritten)?;
        self.digest = Some(digest_of(&text));
        let text = serde_json::to_string_pretty(&self).map_err(unwritten)?;
        if text.len() as u64 > MOST {
            let message = format!("would hold {} bytes, at most {MOST} are read", text.len());
            return Err(TrainError::Format { path, message });
        }
        Ok(write_bytes(&path, text.as_bytes())?)
    }

    /// Whether it is of the same run, at whatever step, as far as that is known.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        let of_run = |stored: &Self| {
            let mut model = stored.model.clone();
            model.remove(STEP);
            model
        };
        let data = self.data.is_none() || other.data.is_none() || self.data == other.data;
        (self.config.with_rates_of(&other.config), self.examples)
            == (other.config.clone(), other.examples)
            && of_run(self) == of_run(other)
            && data
    }

    /// Refuses a state one of whose files is not the one that was saved.
    pub(super) fn check_files(&self, state: &Path) -> Result<(), TrainError> {
        let parts = parts(&self.config);
        let mut paths = parts.iter().map(|part| (part.path(state), &part.name));
        paths.try_for_each(|(path, name)| self.check(&path, name))
    }

    /// Refuses a file of the state that is not the one that was saved.
    pub(super) fn check(&self, path: &Path, name: &str) -> Result<(), TrainError> {
        match self.files.get(name) {
            Some(&saved) if Digest::of_file(path)? == saved => Ok(()),
            None if self.format == 1 => Ok(()),
            Some(_) | None => Err(TrainError::Changed { path: path.into() }),
        }
    }
}

/// Of a text, up to where its own digest stands.
fn digest_of(text: &str) -> Digest {
    let before = text.rsplit_once(DIGEST).map_or(text, |(before, _)| before);
    Digest::of(before.as_bytes())
}

/// A file of a state.
pub(super) struct Part {
    pub(super) slot: Slot,
    pub(super) name: String,
    /// Which weights it says it has.
    weights: WeightSet,
    /// What it says its numbers are.
    pub(super) content: Content,
}

impl Part {
    /// What the file says of itself, in a run of this description.
    pub(super) fn description(&self, of_run: &Description, step: u64) -> Description {
        let mut description = of_run.clone();
        description.card.step = step;
        description.card.weights = self.weights;
        description.content = self.content;
        description
    }

    pub(super) fn path(&self, state: &Path) -> PathBuf {
        state.join(&self.name)
    }
}

/// The files of a state but for `run.json`.
pub(super) fn parts(config: &TrainConfig) -> Vec<Part> {
    let part = |slot, name: &str, content| Part {
        slot,
        name: name.to_owned(),
        weights: WeightSet::Raw,
        content,
    };
    let mut parts = Vec::from([
        part(Slot::Weights, "model.safetensors", Content::Weights),
        part(Slot::FirstMoment, FIRST_MOMENT, Content::FirstMoment),
        part(Slot::SecondMoment, SECOND_MOMENT, Content::SecondMoment),
    ]);
    let averages = config.ema_rates.iter().enumerate();
    parts.extend(averages.map(|(at, &rate)| Part {
        slot: Slot::Ema(at),
        name: format!("ema_{rate}.safetensors"),
        weights: WeightSet::Ema { rate },
        content: Content::Weights,
    }));
    parts
}
