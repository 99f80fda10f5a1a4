//! A run on disk that can go on from whatever moment it is stopped at.
//!
//! ```text
//! run/
//!   .lock                         held by the one process that writes here
//!   latest                        the name of the newest state
//!   step-00002000/
//!     model.safetensors           the weights
//!     ema_0.999.safetensors       each average
//!     first_moment.safetensors    AdamW's m
//!     second_moment.safetensors   AdamW's v
//!     run.json                    options, progress, digests of the files
//! ```
//!
//! A state is written into a folder of another name, synced, and renamed; then `latest` is replaced. So
//! a state that `latest` names is whole. What a killed save has left, the next one removes, as does whoever
//! next opens the run.

use std::collections::BTreeMap;
use std::format;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::digest::Digest;
use super::engine::Engine;
use super::error::TrainError;
use super::names::{Left, is_left};
use super::saved::SavedRun;
use super::state::{Stored, parts};
use super::trainer::Trainer;
use crate::checkpoint::states::{LATEST, name_of, names_in, states};
use crate::checkpoint::{Dtype, save_shown};
use crate::diffusion::fingerprint::Fingerprint;
use crate::files::{
    self, FileError, FolderLock, Place, create_folder, remove_empty_folder, remove_folder,
    sync_folder, write_bytes,
};
use crate::unet::Weights;

/// What is called as the state that is to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// That state, which `latest` names.
    Newest,
    /// That state, whole, in a run without `latest`: its save was killed before it wrote that. It may be all
    /// there is, so it is not written anew.
    Unnamed,
    /// Nothing; a state of a run that was set back, or a broken one: another stays whole when it is replaced.
    Other,
}

/// The folder of a run, held against every other writer, in this process and others, until it is dropped.
///
/// To read what is there, use [`SavedRun`]: that needs no such right.
///
/// ```
/// # use std::sync::Arc;
/// # use iddpm::checkpoint::{Description, ImageSize};
/// # use iddpm::data::Images;
/// # use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
/// # use iddpm::train::{Broken, CpuEngine, TrainConfig, Trainer, TrainingData, graph_of};
/// use iddpm::train::{RunDirectory, SavedRun};
/// # use iddpm::unet::UnetConfig;
/// # let unet = UnetConfig::new(1, 32).with_learned_variance();
/// # let diffusion = Diffusion::new(Schedule::Cosine, 100);
/// # let card = ModelCard { diffusion, weights: WeightSet::Raw, step: 0 };
/// # let description = Description::new(unet, ImageSize::square(8), card);
/// # let config = TrainConfig { batch: 2, microbatch: 2, ..TrainConfig::default() };
/// # let images = Images::new(description.image(), vec![128; 4 * 64], None, None)?;
/// # let data = TrainingData::new(Arc::new(images), Broken::Fatal)?;
/// # let engine = CpuEngine::new(&graph_of(&description, &config)?, &config.ema_rates, config.half)?;
/// # let progress = Trainer::<CpuEngine>::beginning(&description, &config)?;
/// # let mut trainer = Trainer::new(engine, description, config, data, Broken::Fatal, progress)?;
/// # let folder = std::env::temp_dir().join(format!("iddpm-run-{}", std::process::id()));
/// // With a `trainer` of a run that is to be kept in `folder`:
/// let mut run = RunDirectory::open(&folder)?;
/// trainer.step()?;
/// let state = run.save(&trainer, 3)?;
/// assert_eq!(run.latest()?.as_ref(), Some(&state));
/// assert_eq!(SavedRun::load(state)?.progress.step, 1);
/// # drop(run);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    lock: Option<FolderLock>,
    /// Folders that were made for it, the innermost first: they go again where nothing was saved.
    made: Vec<PathBuf>,
}

impl RunDirectory {
    /// Takes the folder of a run, which is made where it is not there, and removes what killed saves have
    /// left in it.
    ///
    /// Where it is dropped before anything was saved, a folder that was made goes again.
    ///
    /// # Errors
    /// [`TrainError::Busy`] where another holds it: then nothing is touched. [`TrainError::File`] where it
    /// cannot be written to, is no folder, or its file system knows no locks.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let path = path.into();
        if path.exists() && !path.is_dir() {
            return Err(TrainError::File(FileError {
                action: "opening the folder",
                path,
                error: std::io::ErrorKind::NotADirectory.into(),
            }));
        }
        let absent = path.ancestors().take_while(|folder| !folder.exists());
        let made = absent.map(Path::to_path_buf).collect();
        let mut run = Self {
            path,
            lock: None,
            made,
        };
        run.hold()?;
        run.remove_left()?;
        Place::of(run.path.join(LATEST))?.remove_left();
        Ok(run)
    }

    /// Takes the folder, unless it is held and where it was: one that was moved or removed is made anew.
    fn hold(&mut self) -> Result<(), TrainError> {
        if self.lock.as_ref().is_some_and(FolderLock::is_in_place) {
            return Ok(());
        }
        create_folder(&self.path)?;
        self.lock = FolderLock::take(&self.path)?;
        match self.lock {
            Some(_) => Ok(()),
            None => Err(TrainError::Busy {
                here: FolderLock::is_held_here(&self.path),
                path: self.path.clone(),
            }),
        }
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds the newest state of the run; see [`SavedRun::latest_in`].
    ///
    /// # Errors
    /// Those of [`SavedRun::latest_in`].
    pub fn latest(&self) -> Result<Option<PathBuf>, TrainError> {
        SavedRun::latest_in(&self.path)
    }

    /// Saves a state of a trainer whole or not at all. Of it and those of earlier steps it keeps the newest
    /// `keep`; those of later steps, as of a run that was set back, stay as they are.
    ///
    /// A folder that was moved or removed since it was opened is made and taken again.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Checkpoint`], [`TrainError::Memory`]; [`TrainError::Busy`] where it
    /// is another's by now; [`TrainError::Format`] where something else, as another run's state, stands where
    /// this one is to be; [`TrainError::Ended`] for a trainer one of whose steps failed, which is where no run
    /// is. What was saved before is still there.
    pub fn save<E: Engine>(
        &mut self,
        trainer: &Trainer<E>,
        keep: usize,
    ) -> Result<PathBuf, TrainError> {
        trainer.check_not_ended()?;
        self.hold()?;
        let step = trainer.progress().step;
        let state = self.path.join(name_of(step));
        let now = Stored::of(trainer, BTreeMap::new())?;
        // A newest state that is broken is nobody's, and a new one mends that.
        if let Ok(Some(latest)) = self.latest()
            && let Ok(there) = Stored::read(&latest)
        {
            check_run(&latest, &there, &now)?;
        }
        let found = self.find(&now, &state)?;
        if found != Found::Newest {
            self.remove_left()?;
            if found == Found::Unnamed {
                self.name_newest(step)?;
            } else {
                self.write(trainer, &state)?;
            }
            self.made.clear();
        }
        self.remove_old(step, keep)?;
        Ok(state)
    }

    /// Writes a state; nothing is left of one that failed.
    fn write<E: Engine>(&self, trainer: &Trainer<E>, state: &Path) -> Result<(), TrainError> {
        let fresh = self.free(Left::Fresh, trainer.progress().step)?;
        let written = self.write_by_way_of(&fresh, trainer, state);
        if written.is_err() {
            // What matters is why it was not written; the next save removes what is left.
            let _ = remove_folder(&fresh);
        }
        written
    }

    /// Removes states before this step but for the newest that are kept beside it.
    fn remove_old(&self, step: u64, keep: usize) -> Result<(), TrainError> {
        let mut earlier = states(&self.path)?;
        earlier.retain(|&(saved, _)| saved < step);
        let old = earlier.len().saturating_sub(keep.saturating_sub(1));
        for (step, state) in earlier.iter().take(old) {
            remove_folder(self.set_aside(*step, state)?)?;
        }
        Ok(())
    }

    /// What is called as the trainer's state.
    ///
    /// # Errors
    /// [`TrainError::Format`] where it is no state, or another run's.
    fn find(&self, now: &Stored, state: &Path) -> Result<Found, TrainError> {
        if state.symlink_metadata().is_err() {
            return Ok(Found::Other);
        }
        let there = Stored::read(state).map_err(|error| TrainError::Format {
            path: state.into(),
            message: format!("stands where a state is to be, and is none: {error}"),
        })?;
        check_run(state, &there, now)?;
        // The same step of the same run is the same state: one that is whole is never written again.
        if self.path.join(LATEST).exists() {
            return Ok(match self.latest()?.as_deref() == Some(state) {
                true => Found::Newest,
                false => Found::Other,
            });
        }
        let whole = there.progress.step == now.progress.step && there.check_files(state).is_ok();
        Ok(if whole { Found::Unnamed } else { Found::Other })
    }

    /// Writes a state where it does not count yet, and makes it the newest.
    fn write_by_way_of<E: Engine>(
        &self,
        fresh: &Path,
        trainer: &Trainer<E>,
        state: &Path,
    ) -> Result<(), TrainError> {
        create_folder(fresh)?;
        let files = write_parts(fresh, trainer)?;
        Stored::of(trainer, files)?.write(fresh)?;
        sync_folder(fresh)?;
        let step = trainer.progress().step;
        let before = match state.exists() {
            true => Some(self.set_aside(step, state)?),
            false => None,
        };
        files::rename(fresh, state)?;
        self.name_newest(step)?;
        match before {
            Some(before) => Ok(remove_folder(before)?),
            None => Ok(()),
        }
    }

    /// Makes a state that is there the newest.
    fn name_newest(&self, step: u64) -> Result<(), TrainError> {
        sync_folder(&self.path)?;
        Ok(write_bytes(
            self.path.join(LATEST),
            name_of(step).as_bytes(),
        )?)
    }

    /// Gives a state another name, under which it is removed: what is called a state is whole at any moment.
    fn set_aside(&self, step: u64, state: &Path) -> Result<PathBuf, TrainError> {
        let old = self.free(Left::Old, step)?;
        files::rename(state, &old)?;
        Ok(old)
    }

    /// A name that nothing has.
    fn free(&self, left: Left, step: u64) -> Result<PathBuf, TrainError> {
        let mut names = (0..=u32::MAX).map(|attempt| self.path.join(left.name(step, attempt)));
        let free = names.find(|path| path.symlink_metadata().is_err());
        free.ok_or_else(|| TrainError::Format {
            path: self.path.clone(),
            message: "has no name left for what is written".into(),
        })
    }

    /// Removes what killed saves have left.
    fn remove_left(&self) -> Result<(), TrainError> {
        for name in names_in(&self.path)? {
            let path = self.path.join(name);
            if is_left(&path) {
                remove_folder(&path)?;
            }
        }
        Ok(())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if self.made.is_empty() {
            return;
        }
        if let Some(lock) = self.lock.take() {
            lock.remove();
        }
        for folder in &self.made {
            // What is not empty stays.
            let _ = remove_empty_folder(folder);
        }
    }
}

/// Refuses a state that is of another run than a trainer's.
fn check_run(state: &Path, there: &Stored, now: &Stored) -> Result<(), TrainError> {
    match there.is_of(now) {
        true => Ok(()),
        false => Err(TrainError::Format {
            path: state.into(),
            message: "is of another run".into(),
        }),
    }
}

/// Writes the files of a state; their digests.
fn write_parts<E: Engine>(
    folder: &Path,
    trainer: &Trainer<E>,
) -> Result<BTreeMap<String, Digest>, TrainError> {
    let mut digests = BTreeMap::new();
    for part in parts(trainer.config()) {
        let numbers = trainer.read(part.slot)?;
        let description = part.description(trainer.description(), trainer.progress().step);
        let mut digest = Fingerprint::new();
        save_shown(
            &part.path(folder),
            &description,
            Weights::F32(&numbers),
            Dtype::F32,
            |piece| digest.add_bytes(piece),
        )?;
        digests.insert(part.name, Digest(digest.finish()));
    }
    Ok(digests)
}
