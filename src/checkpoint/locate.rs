//! The network that a path stands for: a training run, or one of its states, for its newest average.

use std::borrow::ToOwned;
use std::cmp::Ordering;
use std::format;
use std::fs;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::content::Content;
use super::error::CheckpointError;
use super::file::io;
use super::header::Header;
use super::states::{BEST, Unknown, is_state, names_in, newest};
use crate::diffusion::WeightSet;

/// Files of a folder that are looked into, to name the networks in it.
const FILES: usize = 256;
/// Networks that are named.
const NAMED: usize = 8;

/// A file that a path was found to stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The path of the file to open.
    pub path: PathBuf,
    /// A note which network of which state that is, in words that the user must see; `None` where the path
    /// was that file.
    pub note: Option<String>,
}

/// Finds the file of a network that a path stands for.
///
/// The folder of a run stands for its newest state: the one that the file `latest` names, or that of the
/// most steps where there is no such file; or where it was trained with held-out images, for the best network by
/// these, `best.safetensors`. A state stands for its average of the highest rate; for the
/// weights themselves where there is no average. Any path that is no folder stands for itself, be there
/// such a file or not.
///
/// ```no_run
/// use iddpm::checkpoint::{Checkpoint, WeightType, locate};
/// let located = locate("run")?;
/// if let Some(note) = &located.note {
///     println!("{note}"); // run stands for run/step-00002000/ema_0.999.safetensors, the average …
/// }
/// let checkpoint = Checkpoint::open(&located.path, WeightType::AsStored)?;
/// # Ok::<(), iddpm::checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// [`CheckpointError::Folder`] for a folder that is neither; [`CheckpointError::Latest`] for a run
/// whose newest state is not there; [`CheckpointError::Io`]; whatever is wrong with a safetensors file of
/// the state, of which another would be taken otherwise. The error names the folder or the file.
pub fn locate(path: impl AsRef<Path>) -> Result<Located, CheckpointError> {
    let path = path.as_ref();
    if !path.is_dir() {
        return Ok(Located {
            path: path.into(),
            note: None,
        });
    }
    let unknown = |unknown| CheckpointError::from(unknown).in_file(path.display());
    let state = match newest(path).map_err(unknown)? {
        Some(state) => state,
        None if is_state(path) => path.into(),
        None => return Err(no_network(path)),
    };
    let best = path.join(BEST);
    let (network, is_best) = match best.is_file().then(|| network(best)).transpose()?.flatten() {
        Some(best) => (Some(best), ", the best by held-out images"),
        None => (networks(&state)?.into_iter().next(), ""),
    };
    let Some(network) = network else {
        return Err(no_network(&state));
    };
    let which = match network.weights {
        WeightSet::Ema { rate } => format!("the average of rate {rate}"),
        WeightSet::Raw => "the weights, of which there is no average,".to_owned(),
    };
    let (folder, step) = (path.display(), network.step);
    let taken = network.path.display();
    let note = format!("{folder} stands for {taken}, {which} at step {step}{is_best}");
    Ok(Located {
        path: network.path,
        note: Some(note),
    })
}

fn no_network(folder: &Path) -> CheckpointError {
    let networks = names_within(folder);
    CheckpointError::Folder { networks }.in_file(folder.display())
}

/// A file that is a network.
struct Network {
    path: PathBuf,
    weights: WeightSet,
    step: u64,
}

/// The networks of a state: averages first, of them the highest rate.
///
/// # Errors
/// What is wrong with any of its files, by name: it may be the one that is looked for.
fn networks(state: &Path) -> Result<Vec<Network>, CheckpointError> {
    let mut networks = Vec::new();
    for path in files(state)? {
        networks.extend(network(path)?);
    }
    networks.sort_by(before);
    Ok(networks)
}

/// Those networks of a folder that can be read, in the same order.
fn readable(folder: &Path) -> Vec<Network> {
    // In a folder that cannot be read there are none.
    let files = files(folder).unwrap_or_default().into_iter().take(FILES);
    let mut networks: Vec<Network> = files
        .filter_map(|path| network(path).ok().flatten())
        .collect();
    networks.sort_by(before);
    networks
}

/// The safetensors files of a folder by name. Hidden ones, as some systems put beside others, are not
/// looked at.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let failed = |error| io("reading", folder, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, path) = (entry.file_name(), entry.path());
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if !hidden && path.extension().is_some_and(|end| end == "safetensors") {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// What a file has, where that is a network.
fn network(path: PathBuf) -> Result<Option<Network>, CheckpointError> {
    let described = Header::open(&path).and_then(|header| header.description());
    let description = described.map_err(|error| error.in_file(path.display()))?;
    let card = description.card;
    Ok(
        (description.content == Content::Weights).then_some(Network {
            path,
            weights: card.weights,
            step: card.step,
        }),
    )
}

fn before(a: &Network, b: &Network) -> Ordering {
    let rate = |network: &Network| match network.weights {
        WeightSet::Ema { rate } => rate,
        WeightSet::Raw => -1.0,
    };
    rate(b)
        .total_cmp(&rate(a))
        .then_with(|| a.path.cmp(&b.path))
}

/// The names of the networks in the folder of a file, the best first, not all of many.
pub(super) fn names_beside(path: &Path) -> Vec<String> {
    match path.parent() {
        Some(folder) if folder == Path::new("") => names(Path::new(".")),
        Some(folder) => names(folder),
        None => Vec::new(),
    }
}

/// The names of the networks in a folder, or of the newest state in it.
pub(super) fn names_within(folder: &Path) -> Vec<String> {
    let newest = match newest(folder) {
        Ok(state) => state,
        Err(Unknown::Named { last, .. }) => last,
        Err(Unknown::File(_)) => None,
    };
    let Some(step) = newest.as_deref().and_then(Path::file_name) else {
        let names = names(folder);
        return if names.is_empty() {
            runs(folder)
        } else {
            names
        };
    };
    let in_state = names(&folder.join(step)).into_iter();
    in_state
        .map(|name| format!("{}/{name}", step.display()))
        .collect()
}

/// The names of the runs in a folder, as those of students are in that of their chain; not all of many.
fn runs(folder: &Path) -> Vec<String> {
    // In a folder that cannot be read there are none.
    let mut names = names_in(folder).unwrap_or_default();
    names.sort_unstable();
    let is_run = |name: &String| matches!(newest(&folder.join(name)), Ok(Some(_)));
    names
        .into_iter()
        .take(FILES)
        .filter(is_run)
        .take(NAMED)
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let networks = readable(folder).into_iter().take(NAMED);
    let name = |network: Network| Some(network.path.file_name()?.to_string_lossy().into_owned());
    networks.filter_map(name).collect()
}
