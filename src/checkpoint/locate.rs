//! The network that a path stands for: a training run, or one of its states, for its newest average.

use std::borrow::ToOwned;
use std::cmp::Ordering;
use std::format;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::description::Content;
use super::error::CheckpointError;
use super::file::io;
use super::header::Header;
use crate::diffusion::Weights;

/// The file of a run that has the name of its newest state.
pub(crate) const LATEST: &str = "latest";
/// The file by which a folder is a state of a run.
pub(crate) const STATE: &str = "run.json";
/// How the names of a run's states begin.
pub(crate) const STEP: &str = "step-";
/// The files of a state that are no networks.
pub(crate) const FIRST_MOMENT: &str = "first_moment.safetensors";
pub(crate) const SECOND_MOMENT: &str = "second_moment.safetensors";

/// Files of a folder that are looked into.
const FILES: usize = 256;
/// Networks that are named.
const NAMED: usize = 8;
/// Bytes of the name of a state.
const NAME: u64 = 256;

/// A file that a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file to open.
    pub path: PathBuf,
    /// Which network of which state that is, in words that the user must see; `None` where the path
    /// was that file.
    pub note: Option<String>,
}

/// The file of a network that a path stands for.
///
/// The folder of a run stands for its newest state, and a state for its average of the highest rate;
/// for the weights themselves where there is no average. Any path that is no folder stands for
/// itself, be there such a file or not.
///
/// ```no_run
/// use iddpm::checkpoint::{Checkpoint, Precision, locate};
/// let located = locate("run")?;
/// if let Some(note) = &located.note {
///     println!("{note}"); // run stands for run/step-00002000/ema_0.999.safetensors, the average …
/// }
/// let checkpoint = Checkpoint::open(&located.path, Precision::AsStored)?;
/// # Ok::<(), iddpm::checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// [`CheckpointError::Folder`] for a folder that is neither; [`CheckpointError::Latest`] for a run
/// whose newest state is not there; [`CheckpointError::Io`]. The error names the folder.
pub fn locate(path: impl AsRef<Path>) -> Result<Located, CheckpointError> {
    let path = path.as_ref();
    if !path.is_dir() {
        return Ok(Located {
            path: path.into(),
            note: None,
        });
    }
    let state = match newest(path).map_err(|error| error.in_file(path.display()))? {
        Some(state) => state,
        None if path.join(STATE).is_file() => path.into(),
        None => return Err(no_network(path)),
    };
    let Some(network) = networks(&state).into_iter().next() else {
        return Err(no_network(&state));
    };
    let which = match network.weights {
        Weights::Ema { rate } => format!("the average of rate {rate}"),
        Weights::Raw => "the weights, of which there is no average,".to_owned(),
    };
    let (folder, file) = (path.display(), state.join(&network.name));
    let (taken, step) = (file.display(), network.step);
    let note = format!("{folder} stands for {taken}, {which} at step {step}");
    Ok(Located {
        path: file,
        note: Some(note),
    })
}

fn no_network(folder: &Path) -> CheckpointError {
    let networks = names_within(folder);
    CheckpointError::Folder { networks }.in_file(folder.display())
}

/// The newest state of a run; `None` where a folder is none.
fn newest(run: &Path) -> Result<Option<PathBuf>, CheckpointError> {
    let path = run.join(LATEST);
    if !path.is_file() {
        return Ok(None);
    }
    let mut name = String::new();
    let read = fs::File::open(&path).and_then(|file| file.take(NAME).read_to_string(&mut name));
    read.map_err(|error| io("reading", &path, &error))?;
    let name = name.trim();
    let state = run.join(name);
    let is_name = name.starts_with(STEP) && !name.contains(std::path::is_separator);
    match is_name && state.is_dir() {
        true => Ok(Some(state)),
        false => Err(CheckpointError::Latest { names: name.into() }),
    }
}

/// A file of a folder that is a network.
struct Network {
    name: String,
    weights: Weights,
    step: u64,
}

/// The networks of a folder: averages first, of them the highest rate.
fn networks(folder: &Path) -> Vec<Network> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "safetensors"));
    let mut networks: Vec<Network> = files
        .take(FILES)
        .filter_map(|path| network(&path))
        .collect();
    networks.sort_by(|a, b| before(a, b).then_with(|| a.name.cmp(&b.name)));
    networks
}

fn network(path: &Path) -> Option<Network> {
    let description = Header::open(path).ok()?.description().ok()?;
    let card = description.card;
    (description.content == Content::Weights).then_some(Network {
        name: path.file_name()?.to_str()?.to_owned(),
        weights: card.weights,
        step: card.step,
    })
}

fn before(a: &Network, b: &Network) -> Ordering {
    let rate = |network: &Network| match network.weights {
        Weights::Ema { rate } => rate,
        Weights::Raw => -1.0,
    };
    rate(b).total_cmp(&rate(a))
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
        Ok(Some(state)) => Some(state),
        Ok(None) | Err(_) => last_state(folder),
    };
    let Some(step) = newest.as_deref().and_then(Path::file_name) else {
        return names(folder);
    };
    let in_state = names(&folder.join(step)).into_iter();
    in_state
        .map(|name| format!("{}/{name}", step.display()))
        .collect()
}

/// The state of the most steps, of a run that does not say which is its newest.
fn last_state(run: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(run).into_iter().flatten().flatten();
    let states = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(STEP)) && path.join(STATE).is_file()
    });
    states.max()
}

fn names(folder: &Path) -> Vec<String> {
    let networks = networks(folder).into_iter().take(NAMED);
    networks.map(|network| network.name).collect()
}
