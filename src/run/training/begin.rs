//! A training in one call: folder or none, recipe, data, device.

use std::path::Path;
use std::sync::Arc;

use super::beginning::Beginning;
use super::checked::Checked;
use super::recipe::Recipe;
use super::training::Training;
use super::training_run::TrainingRun;
use crate::Error;
use crate::data::Dataset;
use crate::run::Device;
use crate::train::RunDirectory;
use crate::waiting::block_on;

impl Training {
    /// Begins a new run in a folder, which then has a state to go on from.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError): a run that is there already
    /// ([`AlreadyBegun`](crate::train::TrainError::AlreadyBegun)), a folder that another holds, options or data that do
    /// not go together; [`DataError`](crate::data::DataError) of an example that cannot be read;
    /// [`DrawError`](crate::run::DrawError) where the device cannot be had.
    pub fn begin(
        folder: impl AsRef<Path>,
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
        device: Device,
    ) -> Result<Self, Error> {
        let beginning = Beginning::begin(open(folder.as_ref())?)?;
        Self::from_beginning(beginning, recipe, data.into(), device)
    }

    /// Goes on with the run that is in a folder, from its newest state.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError): no run that is there
    /// ([`NotBegun`](crate::train::TrainError::NotBegun)), one of other options or on other data, or of which a file is
    /// damaged; else those of [`begin`](Self::begin).
    pub fn resume(
        folder: impl AsRef<Path>,
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
        device: Device,
    ) -> Result<Self, Error> {
        let beginning = Beginning::resume(open(folder.as_ref())?)?;
        Self::from_beginning(beginning, recipe, data.into(), device)
    }

    /// Goes on with the run that is in a folder, or where there is none begins one.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin) and of [`resume`](Self::resume), but for whether a run is there.
    pub fn begin_or_resume(
        folder: impl AsRef<Path>,
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
        device: Device,
    ) -> Result<Self, Error> {
        let beginning = Beginning::begin_or_resume(open(folder.as_ref())?)?;
        Self::from_beginning(beginning, recipe, data.into(), device)
    }

    fn from_beginning(
        beginning: Beginning,
        recipe: &Recipe,
        data: Arc<dyn Dataset>,
        device: Device,
    ) -> Result<Self, Error> {
        let mut training = beginning.prepare(recipe, data)?.on(device)?;
        if training.position() == 0 {
            training.save()?;
        }
        Ok(training)
    }
}

impl TrainingRun {
    /// Begins a run. Of the recipe `save_every` and `keep` do not count.
    ///
    /// # Errors
    /// [`TrainError`](crate::train::TrainError): options or data that do not go together, with each other or with the
    /// model that the run begins with; [`DataError`](crate::data::DataError) of an example that cannot be read;
    /// [`DrawError`](crate::run::DrawError) where the device cannot be had.
    pub fn begin(
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
        device: Device,
    ) -> Result<Self, Error> {
        block_on(Self::begin_async(recipe, data, device))
    }

    /// Begins a run as [`begin`](Self::begin), as a future: in a page nothing may wait.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub async fn begin_async(
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
        device: Device,
    ) -> Result<Self, Error> {
        Checked::of(recipe, data.into(), None)?.on(device).await
    }
}

fn open(folder: &Path) -> Result<RunDirectory, Error> {
    Ok(RunDirectory::open(folder)?)
}
