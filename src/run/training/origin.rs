//! Where a run comes from, and what its network is filled with.

use std::boxed::Box;
use std::path::PathBuf;

use super::class_rows::ClassRows;
use super::recipe::Recipe;
use crate::checkpoint::Description;
use crate::run::Model;
use crate::train::SavedRun;

/// Where the weights of a training come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// They are drawn from the run's seed.
    Drawn,
    /// They are those of a model.
    Model {
        /// The file of the model; `None` where it was in memory.
        path: Option<PathBuf>,
    },
    /// They are those of a saved state of the run.
    Saved {
        /// The folder of the state.
        state: PathBuf,
        /// The number of steps that were done.
        step: u64,
        /// Whether its files and its data were known again by their digests. States that were saved before there
        /// were any have none: of those, what was changed since is not found.
        has_digests: bool,
    },
}

/// A saved state of a run, and its folder.
pub(super) type State = (PathBuf, Box<SavedRun>);

impl Origin {
    /// By a recipe, where this state goes on.
    pub(super) fn of(saved: Option<&State>, recipe: &Recipe) -> Self {
        match (saved, &recipe.init) {
            (Some((state, saved)), _) => Self::Saved {
                state: state.clone(),
                step: saved.progress.step,
                has_digests: saved.fingerprint.is_some(),
            },
            (None, Some(model)) => Self::Model {
                path: model.path().map(Into::into),
            },
            (None, None) => Self::Drawn,
        }
    }
}

/// The network that there is already: that of the state which goes on, or of the model that a new run begins with.
pub(super) fn network_of<'a>(
    saved: Option<&'a State>,
    recipe: &'a Recipe,
) -> Option<&'a Description> {
    match (saved, &recipe.init) {
        (Some((_, saved)), _) => Some(&saved.description),
        (None, Some(model)) => Some(model.description()),
        (None, None) => None,
    }
}

/// What an engine is filled with.
#[derive(Debug)]
pub(super) enum Start {
    /// Weights that are drawn.
    Drawn,
    /// The weights of a model, with other rows of classes where these are others.
    Model(Model, Option<ClassRows>),
    /// The weights of a teacher, of which a student has no variance.
    Teacher(Model),
    /// A state of the run.
    Saved(Box<SavedRun>),
}
