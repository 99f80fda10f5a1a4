//! The saved state of a run, read from disk, which needs no right to write there.

use std::format;
use std::path::{Path, PathBuf};
use std::vec::Vec;

use super::config::TrainConfig;
use super::data::TrainingData;
use super::difference::{Difference, between, between_networks};
use super::digest::Digest;
use super::engine::Engine;
use super::error::TrainError;
use super::progress::Progress;
use super::state::{Part, Stored, parts};
use crate::checkpoint::states::{LATEST, STATE, Unknown, newest};
use crate::checkpoint::{Checkpoint, Description, ReadOptions, WeightType};
use crate::optimizer::Slot;

/// The saved state of a run as it was read from disk.
///
/// ```no_run
/// use iddpm::train::{CpuEngine, SavedRun, graph_of};
/// let state = SavedRun::latest_in("run")?.ok_or("there is no state yet")?;
/// let saved = SavedRun::load(state)?;
/// println!("{} steps are done", saved.progress.step);
///
/// let graph = graph_of(&saved.description, &saved.config)?;
/// let mut engine = CpuEngine::new(&graph, &saved.config.ema_rates, saved.config.half)?;
/// saved.write_to(&mut engine)?;
/// // `Trainer::new` goes on from `saved.progress`.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SavedRun {
    /// The description of the network that is trained.
    pub description: Description,
    /// The options of the run.
    pub config: TrainConfig,
    /// The number of examples the data had.
    pub examples: usize,
    /// The fingerprint of the data. `None` in a state that was saved before there was one: then its files
    /// have no digests either, and what was changed since is not found.
    pub fingerprint: Option<u64>,
    /// The progress that the run had made.
    pub progress: Progress,
    slots: Vec<(Slot, Vec<f32>)>,
}

impl SavedRun {
    /// Finds the newest state in the folder of a run; `None` where there is none yet.
    ///
    /// It is the one that `latest` names; where the first save was killed before it wrote that, the last
    /// state there is.
    ///
    /// # Errors
    /// [`TrainError::File`]; [`TrainError::Format`] where `latest` names no state that is there.
    pub fn latest_in(run: impl AsRef<Path>) -> Result<Option<PathBuf>, TrainError> {
        let run = run.as_ref();
        let (names, last) = match newest(run) {
            Ok(state) => return Ok(state),
            Err(Unknown::File(error)) => return Err(error.into()),
            Err(Unknown::Named { names, last }) => (names, last),
        };
        let message = match last {
            Some(last) => format!(
                "names {names:?}, and there is no such state; the last one there is {}",
                last.display()
            ),
            None => format!("names {names:?}, and there is no state at all"),
        };
        let path = run.join(LATEST);
        Err(TrainError::Format { path, message })
    }

    /// Reads a state, and checks that its files are those that were saved.
    ///
    /// # Errors
    /// [`TrainError::Changed`], [`TrainError::File`], [`TrainError::Format`], [`TrainError::Checkpoint`],
    /// each of which names the file; [`TrainError::Memory`].
    pub fn load(state: impl AsRef<Path>) -> Result<Self, TrainError> {
        let state = state.as_ref();
        let stored = Stored::read(state)?;
        let description = Description::from_metadata(&stored.model)
            .map_err(|error| error.in_file(state.join(STATE).display()))?;
        let mut slots = Vec::new();
        for part in parts(&stored.config) {
            let numbers = numbers(state, &stored, &description, &part)?;
            slots.push((part.slot, numbers));
        }
        Ok(Self {
            description,
            config: stored.config,
            examples: stored.examples,
            fingerprint: stored.data.map(|Digest(digest)| digest),
            progress: stored.progress,
            slots,
        })
    }

    /// Fills an engine with the weights, moments and averages of the state.
    ///
    /// # Errors
    /// The engine's.
    pub fn write_to(&self, engine: &mut impl Engine) -> Result<(), TrainError> {
        for (slot, numbers) in &self.slots {
            engine.write(*slot, numbers)?;
        }
        Ok(())
    }

    /// Refuses to go on with other options, or on other data, than the run was begun with. Learning rate, warm-up and
    /// annealing may be others from here on.
    ///
    /// # Errors
    /// [`TrainError::OtherConfiguration`], with the first field that differs; [`TrainError::OtherData`] for
    /// as many other images; [`TrainError::NotJson`].
    pub fn check_same(
        &self,
        description: &Description,
        config: &TrainConfig,
        data: &TrainingData,
    ) -> Result<(), TrainError> {
        let found = [
            between("", &self.config.with_rates_of(config), config)?,
            between_networks(&self.description, description)?,
            between("examples", &self.examples, &data.len())?,
        ];
        if let Some(Difference { field, one, other }) = found.into_iter().flatten().next() {
            return Err(TrainError::OtherConfiguration {
                field,
                begun: one,
                now: other,
            });
        }
        let now = data.fingerprint();
        match self.fingerprint {
            Some(begun) if begun != now => Err(TrainError::OtherData { begun, now }),
            Some(_) | None => Ok(()),
        }
    }
}

/// Refuses weights that are of another network than one that is to be trained; which average they are, of which step, at
/// which timesteps they were trained, and what their classes are called does not count.
///
/// # Errors
/// [`TrainError::OtherNetwork`], with the first field that differs; [`TrainError::NotJson`].
pub fn check_network(weights: &Description, trained: &Description) -> Result<(), TrainError> {
    let bare = |of: &Description| Description::new(of.unet.clone(), of.size, of.card);
    match between_networks(&bare(weights), &bare(trained))? {
        None => Ok(()),
        Some(Difference { field, one, other }) => Err(TrainError::OtherNetwork {
            field,
            found: one,
            expected: other,
        }),
    }
}

/// The numbers of one file of a state.
fn numbers(
    state: &Path,
    stored: &Stored,
    description: &Description,
    part: &Part,
) -> Result<Vec<f32>, TrainError> {
    let path = part.path(state);
    stored.check(&path, &part.name)?;
    let options = ReadOptions {
        content: part.content,
        precision: WeightType::F32,
        ..ReadOptions::default()
    };
    let checkpoint = Checkpoint::open_with(&path, options)?;
    if *checkpoint.description() != part.description(description, description.card.step) {
        let message = format!("is not the one that {STATE} beside it is of");
        return Err(TrainError::Format { path, message });
    }
    let (_, _, numbers) = checkpoint.into_parts();
    Ok(numbers.into_f32()?)
}
