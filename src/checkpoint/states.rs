//! The states in the folder of a training run: what each is called, and which is the newest.

use std::format;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;

use super::error::CheckpointError;
use crate::files::{FileError, read_text};

/// The file of a run that has the name of its newest state.
pub(crate) const LATEST: &str = "latest";
/// The file by which a folder is a state of a run.
pub(crate) const STATE: &str = "run.json";
/// The file of a run that is its best network by held-out images.
pub(crate) const BEST: &str = "best.safetensors";
/// The files of a state that are no networks.
pub(crate) const FIRST_MOMENT: &str = "first_moment.safetensors";
pub(crate) const SECOND_MOMENT: &str = "second_moment.safetensors";

/// How the names of a run's states begin.
const STEP: &str = "step-";
/// Bytes of the file that has the name of a state.
const NAME: u64 = 256;

/// The name of the state of a step.
pub(crate) fn name_of(step: u64) -> String {
    format!("{STEP}{step:08}")
}

/// The step of the state that is called so, exactly as [`name_of`] calls it.
pub(crate) fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix(STEP)?.parse().ok()?;
    (name_of(step) == name).then_some(step)
}

/// Why it is not known which state of a run is the newest.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// Something could not be read.
    File(FileError),
    /// `latest` names no state that is there.
    Named {
        /// What it names.
        names: String,
        /// The state of the most steps.
        last: Option<PathBuf>,
    },
}

impl From<FileError> for Unknown {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<Unknown> for CheckpointError {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::File(error) => error.into(),
            Unknown::Named { names, .. } => Self::Latest { names },
        }
    }
}

/// The newest state of a run: the one that `latest` names; where the first save was killed before it wrote
/// that, the state of the most steps. `None` where a folder has no state.
pub(crate) fn newest(run: &Path) -> Result<Option<PathBuf>, Unknown> {
    let last = || Ok::<_, FileError>(states(run)?.pop().map(|(_, state)| state));
    let text = match read_text(run.join(LATEST), NAME) {
        Ok(text) => text,
        Err(error) => {
            return match (error.error.kind(), last()?) {
                (ErrorKind::NotFound, last) => Ok(last),
                // A folder that is called so, in one that is no run.
                (ErrorKind::IsADirectory, None) => Ok(None),
                _ => Err(error.into()),
            };
        }
    };
    let names = text.trim();
    let state = run.join(names);
    if step_of(names).is_some() && is_state(&state) {
        return Ok(Some(state));
    }
    let (names, last) = (names.into(), last()?);
    Err(Unknown::Named { names, last })
}

/// The states in the folder of a run, the earliest first. A folder that is called as one and is none, for
/// want of a `run.json`, is left alone.
pub(crate) fn states(run: &Path) -> Result<Vec<(u64, PathBuf)>, FileError> {
    let mut states = Vec::new();
    for name in names_in(run)? {
        let state = run.join(&name);
        if let Some(step) = step_of(&name)
            && is_state(&state)
        {
            states.push((step, state));
        }
    }
    states.sort_unstable();
    Ok(states)
}

/// Whether a folder is a state of a run.
pub(super) fn is_state(folder: &Path) -> bool {
    folder.join(STATE).is_file()
}

/// What is in a folder, but for names that are no text; nothing where there is no folder.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>, FileError> {
    let failed = |error| FileError::of("reading", folder)(error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_one_step_as_they_are_written() {
        for step in [0, 7, 12_345_678, 123_456_789, u64::MAX] {
            assert_eq!(step_of(&name_of(step)), Some(step));
        }
        for other in [
            "step-0",
            "step-",
            "step-+0000007",
            "step-000000007",
            "step-0000000a",
            "Step-00000001",
            "step-00000001 ",
            "step-99999999999999999999",
            "astep-00000001",
        ] {
            assert_eq!(step_of(other), None, "{other}");
        }
    }
}
