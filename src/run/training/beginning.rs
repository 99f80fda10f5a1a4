//! The folder of a run, held, and the state in it that goes on.

use std::boxed::Box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checked::Checked;
use super::origin::{Origin, State, network_of};
use super::prepared::Prepared;
use super::recipe::Recipe;
use crate::Error;
use crate::checkpoint::Description;
use crate::data::{self, Classes, DataError, Dataset, Opened, Options};
use crate::train::{RunDirectory, SavedRun, TrainError};

/// The beginning of a training: a folder in which nobody else trains meanwhile, and the state that goes on.
///
/// Its [`classes`](Self::classes) are those that data is to be opened with, so that a class keeps its number.
///
/// ```no_run
/// use iddpm::data::{self, Options};
/// use iddpm::run::{Beginning, Recipe};
/// use iddpm::train::RunDirectory;
/// use iddpm::Device;
/// let recipe = Recipe::default();
/// let beginning = Beginning::resume(RunDirectory::open("runs/pets")?)?;
/// let options = Options { classes: beginning.classes(&recipe), ..Options::default() };
/// let pets = data::open("pets", &options)?;
/// println!("{pets}");
/// let prepared = beginning.prepare(&recipe, pets)?;
/// println!("{} parameters", prepared.cost().parameters);
/// let training = prepared.on(Device::best())?;
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug)]
pub struct Beginning {
    folder: RunDirectory,
    saved: Option<State>,
}

impl Beginning {
    /// Begins a new run in a folder.
    ///
    /// # Errors
    /// [`TrainError::AlreadyBegun`] where a state is there; those of [`RunDirectory::latest`].
    pub fn begin(folder: RunDirectory) -> Result<Self, TrainError> {
        match folder.latest()? {
            Some(state) => Err(TrainError::AlreadyBegun { state }),
            None => Ok(Self {
                folder,
                saved: None,
            }),
        }
    }

    /// Goes on with the run that is in a folder.
    ///
    /// # Errors
    /// [`TrainError::NotBegun`] where no state is there; those of [`SavedRun::load`].
    pub fn resume(folder: RunDirectory) -> Result<Self, TrainError> {
        let path = folder.path().to_path_buf();
        let beginning = Self::begin_or_resume(folder)?;
        match beginning.saved {
            Some(_) => Ok(beginning),
            None => Err(TrainError::NotBegun { path }),
        }
    }

    /// Goes on with the run that is in a folder, or where there is none begins one.
    ///
    /// # Errors
    /// Those of [`SavedRun::load`].
    pub fn begin_or_resume(folder: RunDirectory) -> Result<Self, TrainError> {
        let load = |state: PathBuf| -> Result<_, TrainError> {
            let saved = SavedRun::load(&state)?;
            Ok((state, Box::new(saved)))
        };
        let saved = folder.latest()?.map(load).transpose()?;
        Ok(Self { folder, saved })
    }

    /// The folder.
    pub const fn folder(&self) -> &RunDirectory {
        &self.folder
    }

    /// Where the weights come from by a recipe.
    pub fn origin(&self, recipe: &Recipe) -> Origin {
        Origin::of(self.saved.as_ref(), recipe)
    }

    /// The classes that data is to be opened with by a recipe: those of the network that there is already, by their
    /// names, else the data's own, or none.
    pub fn classes<'a>(&'a self, recipe: &'a Recipe) -> Classes<'a> {
        let network = self.network(recipe);
        match network.map(|network| (network.unet.num_classes, &network.class_names)) {
            _ if !recipe.classes => Classes::None,
            Some((Some(count), names)) => Classes::Network {
                count,
                names: names.as_deref(),
                needed: true,
            },
            Some((None, _)) | None => Classes::Own,
        }
    }

    /// Opens data with these [`classes`](Self::classes), whatever the options say of them; a folder of others than those of
    /// the model that a new run begins with has its own, and of the model's the rows of those that both call alike:
    /// [`ClassRows`](super::ClassRows).
    ///
    /// # Errors
    /// [`DataError`], which names the file.
    pub fn open_data(
        &self,
        recipe: &Recipe,
        path: impl AsRef<Path>,
        options: &Options<'_>,
    ) -> Result<Opened, DataError> {
        let open = |classes| {
            data::open(
                path.as_ref(),
                &Options {
                    classes,
                    ..*options
                },
            )
        };
        match open(self.classes(recipe)) {
            Err(DataError::UnknownClass { .. }) if self.saved.is_none() => open(Classes::Own),
            opened => opened,
        }
    }

    /// Checks that recipe and data go together, with each other and with the network that there is already. All
    /// images are read once.
    ///
    /// # Errors
    /// [`TrainError`]: an option out of its range, data that the network cannot be trained on, a run of other options
    /// or on other data, weights of another network, but for its classes; [`DataError`](crate::data::DataError) of an example that cannot
    /// be read.
    pub fn prepare(
        self,
        recipe: &Recipe,
        data: impl Into<Arc<dyn Dataset>>,
    ) -> Result<Prepared, Error> {
        Ok(Prepared {
            folder: self.folder,
            checked: Checked::of(recipe, data.into(), self.saved)?,
            save_every: recipe.save_every,
            keep: recipe.keep,
        })
    }

    /// The network that there is already: that of the state which goes on, or of the model that a new run begins with.
    pub fn network<'a>(&'a self, recipe: &'a Recipe) -> Option<&'a Description> {
        network_of(self.saved.as_ref(), recipe)
    }
}
