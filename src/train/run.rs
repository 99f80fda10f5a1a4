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
//! a state that `latest` names is whole.

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
use crate::checkpoint::{Checkpoint, Description, Dtype, Precision, save};
use crate::diffusion::Weights as Kind;
use crate::unet::Weights;

const LATEST: &str = "latest";
const STATE: &str = "run.json";
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
    progress: Progress,
}

/// A state that was read.
#[derive(Debug)]
pub struct SavedRun {
    /// What is trained.
    pub description: Description,
    /// The options.
    pub config: TrainConfig,
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

    /// Refuses to go on with other options than the run was begun with.
    ///
    /// # Errors
    /// [`TrainError::OtherConfiguration`], with the first that differs.
    pub fn check_same(
        &self,
        description: &Description,
        config: &TrainConfig,
    ) -> Result<(), TrainError> {
        let mut begun = values(&self.config);
        begun.extend(metadata(&self.description)?);
        let mut now = values(config);
        now.extend(metadata(description)?);
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

    /// Writes a state whole or not at all, and removes all but the newest `keep` of them.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Checkpoint`]: what was saved before is still there.
    pub fn save<E: Engine>(
        &self,
        trainer: &Trainer<E>,
        keep: usize,
    ) -> Result<PathBuf, TrainError> {
        let step = trainer.progress().step;
        let name = format!("step-{step:08}");
        let fresh = self.path.join(format!(".{name}.tmp"));
        let state = self.path.join(&name);
        // The same step of the same run is the same state: it is never taken away to be written again.
        if self.latest()?.as_ref() == Some(&state) {
            return Ok(state);
        }
        match fs::remove_dir_all(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file(&fresh, error));
            }
            _ => {}
        }
        fs::create_dir(&fresh).map_err(|error| file(&fresh, error))?;
        let written = write_state(&fresh, trainer).and_then(|()| {
            if state.exists() {
                // Left by a run that was killed before `latest` named it.
                fs::remove_dir_all(&state).map_err(|error| file(&state, error))?;
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
        self.prune(keep.max(1))?;
        Ok(state)
    }

    fn prune(&self, keep: usize) -> Result<(), TrainError> {
        let mut states = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| file(&self.path, error))? {
            let entry = entry.map_err(|error| file(&self.path, error))?;
            if entry.file_name().to_string_lossy().starts_with("step-") {
                states.push(entry.path());
            }
        }
        states.sort();
        let old = states.len().saturating_sub(keep);
        for state in states.iter().take(old) {
            fs::remove_dir_all(state).map_err(|error| file(state, error))?;
        }
        Ok(())
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Format`], [`TrainError::Checkpoint`].
    pub fn load(state: &Path) -> Result<SavedRun, TrainError> {
        let path = state.join(STATE);
        let text = fs::read_to_string(&path).map_err(|error| file(&path, error))?;
        let stored: Stored = serde_json::from_str(&text).map_err(|error| TrainError::Format {
            path: path.clone(),
            message: error.to_string(),
        })?;
        if stored.format != FORMAT {
            let message = format!("is of format {}, {FORMAT} is read", stored.format);
            return Err(TrainError::Format { path, message });
        }
        let mut slots = Vec::new();
        for (slot, name) in files(&stored.config) {
            let checkpoint = Checkpoint::open(state.join(name), Precision::F32)?;
            let weights = match checkpoint.weights() {
                Weights::F32(weights) => weights.to_owned(),
                Weights::F16(_) => Vec::new(),
            };
            slots.push((slot, weights));
        }
        Ok(SavedRun {
            description: Description::from_metadata(&stored.model)?,
            config: stored.config,
            progress: stored.progress,
            slots,
        })
    }
}

/// The files of a state and what they hold.
fn files(config: &TrainConfig) -> Vec<(Slot, String)> {
    let mut files = Vec::from([
        (Slot::Weights, "model.safetensors".to_owned()),
        (Slot::FirstMoment, "first_moment.safetensors".to_owned()),
        (Slot::SecondMoment, "second_moment.safetensors".to_owned()),
    ]);
    let rates = config.ema_rates.iter().enumerate();
    files.extend(rates.map(|(at, rate)| (Slot::Ema(at), format!("ema_{rate}.safetensors"))));
    files
}

fn write_state<E: Engine>(folder: &Path, trainer: &Trainer<E>) -> Result<(), TrainError> {
    let (config, progress) = (trainer.config(), trainer.progress());
    let mut description = trainer.description().clone();
    description.card.step = progress.step;
    for (slot, name) in files(config) {
        description.card.weights = match slot {
            Slot::Ema(at) => Kind::Ema {
                rate: config.ema_rates.get(at).copied().unwrap_or(0.0),
            },
            Slot::Weights | Slot::FirstMoment | Slot::SecondMoment => Kind::Raw,
        };
        let numbers = trainer.read(slot)?;
        save(
            folder.join(name),
            &description,
            Weights::F32(&numbers),
            Dtype::F32,
        )?;
    }
    description.card.weights = Kind::Raw;
    let stored = Stored {
        format: FORMAT,
        model: description.to_metadata()?,
        config: config.clone(),
        progress: progress.clone(),
    };
    let path = folder.join(STATE);
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
