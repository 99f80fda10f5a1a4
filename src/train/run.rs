//! A run on disk: whatever moment it is stopped at, it can go on.
//!
//! ```text
//! run/
//!   latest                        the name of the newest state
//!   step-00002000/
//!     model.safetensors           the weights
//!     ema_0.999.safetensors       each average
//!     first_moment.safetensors    AdamW's m
//!     second_moment.safetensors   AdamW's v
//!     run.json                    options and progress
//! ```
//!
//! A state is written into a folder of another name, synced, and renamed; then `latest` is replaced. So
//! a state that `latest` names is whole. What a killed save has left, the next one removes.

use std::borrow::ToOwned;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{collections::BTreeMap, format};

use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::engine::{Engine, Slot};
use super::error::TrainError;
use super::trainer::{Progress, Trainer};
use crate::checkpoint::locate::{FIRST_MOMENT, LATEST, SECOND_MOMENT, STATE};
use crate::checkpoint::{Checkpoint, Content, Description, Dtype, Precision, ReadOptions, save};
use crate::diffusion::Weights as Kind;
use crate::unet::Weights;

/// How the name of a folder begins that is not yet a state.
const TEMPORARY: &str = ".fresh-step-";
/// How the name of one begins that is none any more.
const DISCARDED: &str = ".old-step-";
/// What stands for the data among the options of a run.
const EXAMPLES: &str = "examples";
const FORMAT: u32 = 1;

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
}

/// What a state says beside its numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    /// The metadata of a checkpoint.
    model: BTreeMap<String, String>,
    config: TrainConfig,
    /// Examples in the data: their order follows from how many there are.
    examples: usize,
    progress: Progress,
}

/// A state that was read.
#[derive(Debug)]
pub struct SavedRun {
    /// What is trained.
    pub description: Description,
    /// The options.
    pub config: TrainConfig,
    /// How many examples the data had.
    pub examples: usize,
    /// Where the run was.
    pub progress: Progress,
    slots: Vec<(Slot, Vec<f32>)>,
}

impl SavedRun {
    /// Fills an engine with weights, moments and averages.
    ///
    /// # Errors
    /// The engine's.
    pub fn write_to(&self, engine: &mut impl Engine) -> Result<(), TrainError> {
        for (slot, numbers) in &self.slots {
            engine.write(*slot, numbers)?;
        }
        Ok(())
    }

    /// Refuses to go on with other options, or another number of examples, than the run was begun with.
    ///
    /// # Errors
    /// [`TrainError::OtherConfiguration`], with the first that differs.
    pub fn check_same(
        &self,
        description: &Description,
        config: &TrainConfig,
        examples: usize,
    ) -> Result<(), TrainError> {
        let mut begun = values(&self.config);
        begun.extend(metadata(&self.description)?);
        begun.insert(EXAMPLES.into(), self.examples.to_string());
        let mut now = values(config);
        now.extend(metadata(description)?);
        now.insert(EXAMPLES.into(), examples.to_string());
        for (option, begun) in begun {
            let now = now.remove(&option).unwrap_or_default();
            if now != begun {
                return Err(TrainError::OtherConfiguration { option, begun, now });
            }
        }
        Ok(())
    }
}

/// Options by name, as text.
fn values(config: &TrainConfig) -> BTreeMap<String, String> {
    match serde_json::to_value(config) {
        Ok(serde_json::Value::Object(fields)) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, value.to_string()))
                .collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The model's description but for what changes as it is trained.
fn metadata(description: &Description) -> Result<BTreeMap<String, String>, TrainError> {
    let mut begun = description.clone();
    begun.card.step = 0;
    begun.card.weights = Kind::Raw;
    Ok(begun.to_metadata()?)
}

impl RunDirectory {
    /// A folder, made where it is not there.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(|error| file(&path, error))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest state; `None` where there is none yet.
    ///
    /// # Errors
    /// [`TrainError::File`]; [`TrainError::Format`] where `latest` names no folder.
    pub fn latest(&self) -> Result<Option<PathBuf>, TrainError> {
        let path = self.path.join(LATEST);
        let name = match fs::read_to_string(&path) {
            Ok(name) => name,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file(&path, error)),
        };
        let state = self.path.join(name.trim());
        if !name.trim().starts_with("step-") || !state.is_dir() {
            let message = format!("names {name:?}, and there is no such state");
            return Err(TrainError::Format { path, message });
        }
        Ok(Some(state))
    }

    /// Writes a state whole or not at all. Of it and those of earlier steps it keeps the newest `keep`; those
    /// of later steps, as of a run that was set back, stay as they are.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Checkpoint`], and [`TrainError::Format`] where another run has
    /// saved this step here: what was saved before is still there.
    pub fn save<E: Engine>(
        &self,
        trainer: &Trainer<E>,
        keep: usize,
    ) -> Result<PathBuf, TrainError> {
        let step = trainer.progress().step;
        let name = format!("step-{step:08}");
        let fresh = self.path.join(format!("{TEMPORARY}{step:08}"));
        let state = self.path.join(&name);
        if state.exists() {
            let (there, now) = (read_stored(&state)?, stored(trainer)?);
            if (there.model, there.config) != (now.model, now.config) {
                let message = "is of another run".to_owned();
                return Err(TrainError::Format {
                    path: state,
                    message,
                });
            }
            // The same step of the same run is the same state: what is named is never written again.
            if self.latest()?.as_ref() == Some(&state) {
                return Ok(state);
            }
        }
        for prefix in [TEMPORARY, DISCARDED] {
            for (_, left) in self.folders(prefix)? {
                fs::remove_dir_all(&left).map_err(|error| file(&left, error))?;
            }
        }
        fs::create_dir(&fresh).map_err(|error| file(&fresh, error))?;
        let written = write_state(&fresh, trainer).and_then(|()| {
            if state.exists() {
                // Left by a run that was killed before `latest` named it.
                self.discard(step)?;
            }
            fs::rename(&fresh, &state).map_err(|error| file(&state, error))?;
            sync(&self.path)?;
            replace(&self.path.join(LATEST), name.as_bytes())
        });
        if written.is_err() {
            // What matters is why it was not written; the next save removes what is left.
            let _ = fs::remove_dir_all(&fresh);
        }
        written?;
        let mut earlier = self.folders("step-")?;
        earlier.retain(|&(saved, _)| saved < step);
        earlier.sort();
        let old = earlier.len().saturating_sub(keep.saturating_sub(1));
        for &(step, _) in earlier.iter().take(old) {
            self.discard(step)?;
        }
        Ok(state)
    }

    /// Removes a state, under another name: what is called a state is whole at any moment.
    fn discard(&self, step: u64) -> Result<(), TrainError> {
        let state = self.path.join(format!("step-{step:08}"));
        let old = self.path.join(format!("{DISCARDED}{step:08}"));
        fs::rename(&state, &old).map_err(|error| file(&state, error))?;
        fs::remove_dir_all(&old).map_err(|error| file(&old, error))
    }

    /// The folders whose name is this and a step, with the step.
    fn folders(&self, prefix: &str) -> Result<Vec<(u64, PathBuf)>, TrainError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| file(&self.path, error))? {
            let entry = entry.map_err(|error| file(&self.path, error))?;
            let name = entry.file_name();
            let step = name.to_str().and_then(|name| name.strip_prefix(prefix));
            if let Some(step) = step.and_then(|step| step.parse().ok()) {
                found.push((step, entry.path()));
            }
        }
        Ok(found)
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Format`], [`TrainError::Checkpoint`].
    pub fn load(state: &Path) -> Result<SavedRun, TrainError> {
        let stored = read_stored(state)?;
        let description = Description::from_metadata(&stored.model)?;
        let mut slots = Vec::new();
        for (slot, name) in files(&stored.config) {
            let path = state.join(name);
            let options = ReadOptions {
                content: content(slot),
                precision: Precision::F32,
                ..ReadOptions::default()
            };
            let checkpoint = Checkpoint::open_with(&path, options)?;
            let mut expected = description.clone();
            expected.card.weights = kind(slot, &stored.config);
            expected.content = content(slot);
            if *checkpoint.description() != expected {
                let message = format!("is not the one that {STATE} beside it is of");
                return Err(TrainError::Format { path, message });
            }
            let weights = match checkpoint.weights() {
                Weights::F32(weights) => weights.to_owned(),
                Weights::F16(_) => Vec::new(),
            };
            slots.push((slot, weights));
        }
        Ok(SavedRun {
            description,
            config: stored.config,
            examples: stored.examples,
            progress: stored.progress,
            slots,
        })
    }
}

/// The files of a state and what they hold.
fn files(config: &TrainConfig) -> Vec<(Slot, String)> {
    let mut files = Vec::from([
        (Slot::Weights, "model.safetensors".to_owned()),
        (Slot::FirstMoment, FIRST_MOMENT.to_owned()),
        (Slot::SecondMoment, SECOND_MOMENT.to_owned()),
    ]);
    let rates = config.ema_rates.iter().enumerate();
    files.extend(rates.map(|(at, rate)| (Slot::Ema(at), format!("ema_{rate}.safetensors"))));
    files
}

/// Which weights a file says it has.
fn kind(slot: Slot, config: &TrainConfig) -> Kind {
    match slot {
        Slot::Ema(at) => Kind::Ema {
            rate: config.ema_rates.get(at).copied().unwrap_or(0.0),
        },
        Slot::Weights | Slot::FirstMoment | Slot::SecondMoment => Kind::Raw,
    }
}

/// What a file says its numbers are.
fn content(slot: Slot) -> Content {
    match slot {
        Slot::FirstMoment => Content::FirstMoment,
        Slot::SecondMoment => Content::SecondMoment,
        Slot::Weights | Slot::Ema(_) => Content::Weights,
    }
}

fn stored<E: Engine>(trainer: &Trainer<E>) -> Result<Stored, TrainError> {
    let mut description = trainer.description().clone();
    description.card.step = trainer.progress().step;
    description.card.weights = Kind::Raw;
    Ok(Stored {
        format: FORMAT,
        model: description.to_metadata()?,
        config: trainer.config().clone(),
        examples: trainer.examples(),
        progress: trainer.progress().clone(),
    })
}

fn read_stored(state: &Path) -> Result<Stored, TrainError> {
    let path = state.join(STATE);
    let text = fs::read_to_string(&path).map_err(|error| file(&path, error))?;
    let wrong = |message| TrainError::Format {
        path: path.clone(),
        message,
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if stored.format != FORMAT {
        let message = format!("is of format {}, {FORMAT} is read", stored.format);
        return Err(wrong(message));
    }
    Ok(stored)
}

fn write_state<E: Engine>(folder: &Path, trainer: &Trainer<E>) -> Result<(), TrainError> {
    let config = trainer.config();
    let mut description = trainer.description().clone();
    description.card.step = trainer.progress().step;
    for (slot, name) in files(config) {
        description.card.weights = kind(slot, config);
        description.content = content(slot);
        let numbers = trainer.read(slot)?;
        save(
            folder.join(name),
            &description,
            Weights::F32(&numbers),
            Dtype::F32,
        )?;
    }
    let path = folder.join(STATE);
    let stored = stored(trainer)?;
    let text = serde_json::to_vec_pretty(&stored).map_err(|error| TrainError::Format {
        path: path.clone(),
        message: error.to_string(),
    })?;
    write_synced(&path, &text)?;
    sync(folder)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let write = || -> io::Result<()> {
        let mut out = File::create(path)?;
        out.write_all(bytes)?;
        out.sync_all()
    };
    write().map_err(|error| file(path, error))
}

/// A small file, whole or as it was.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let fresh = path.with_extension("tmp");
    write_synced(&fresh, bytes)?;
    fs::rename(&fresh, path).map_err(|error| file(path, error))?;
    path.parent().map_or(Ok(()), sync)
}

/// New names survive a loss of power once their folder is synced; where a folder cannot be opened, the
/// system does that itself.
fn sync(folder: &Path) -> Result<(), TrainError> {
    match File::open(folder) {
        Ok(open) => open.sync_all().map_err(|error| file(folder, error)),
        Err(_) => Ok(()),
    }
}

fn file(path: &Path, error: io::Error) -> TrainError {
    TrainError::File {
        path: path.into(),
        error,
    }
}
