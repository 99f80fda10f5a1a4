//! What a run's folder has beside its states.

use std::path::{Path, PathBuf};

use iddpm::files::{FileError, Place, remove_file};

/// Where log, plot, options and grids of samples lie.
pub(crate) struct Files {
    folder: PathBuf,
    options: PathBuf,
}

const LOG: &str = "log.jsonl";
/// TensorBoard takes files with `tfevents` in their names.
const EVENTS: &str = "events.out.tfevents.iddpm";
const PLOT: &str = "loss.svg";
/// The options that a run goes on with.
pub(crate) const OPTIONS: &str = "options.toml";

impl Files {
    /// Those of a folder whose one writer this is, but for the options, which are kept in `run`. What a killed run has
    /// left of them is removed, and each is tried, so that nothing is trained that cannot be told of.
    pub(crate) fn of(folder: &Path, run: &Path, grids: bool) -> Result<Self, FileError> {
        let files = Self {
            folder: folder.into(),
            options: run.join(OPTIONS),
        };
        files.remove_left();
        for path in [
            &files.log(),
            &files.events(),
            &files.plot(),
            files.options(),
        ] {
            Place::of(path)?.check()?;
        }
        if grids {
            Place::of(files.grid(0))?.check()?;
        }
        Ok(files)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// The same numbers for TensorBoard.
    pub(crate) fn events(&self) -> PathBuf {
        self.folder.join(EVENTS)
    }

    pub(crate) fn plot(&self) -> PathBuf {
        self.folder.join(PLOT)
    }

    pub(crate) fn options(&self) -> &Path {
        &self.options
    }

    pub(crate) fn grid(&self, step: u64) -> PathBuf {
        self.folder.join(grid(step))
    }

    /// The next writer of a file takes over what one that was killed has left, but a grid has no next one,
    /// and what earlier versions left has a name of its own each time.
    fn remove_left(&self) {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        for entry in entries.flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let name = entry.file_name();
            match name.to_str().and_then(left).filter(|_| is_file) {
                Some(Left::Of(file)) => {
                    // Not where another writes it.
                    if let Ok(place) = Place::of(self.folder.join(file)) {
                        place.remove_left();
                    }
                }
                // What cannot be removed does no harm.
                Some(Left::Before) => drop(remove_file(entry.path())),
                None => {}
            }
        }
    }
}

fn grid(step: u64) -> String {
    format!("samples-{step:08}.png")
}

/// A temporary file.
#[derive(Debug, PartialEq)]
enum Left {
    /// That was to become this file.
    Of(String),
    /// Of an earlier version of this program.
    Before,
}

/// What a file in a run's folder is that is called so; nothing where this program did not leave it.
fn left(name: &str) -> Option<Left> {
    let hidden = name.strip_prefix('.')?;
    let of_grid = || {
        let step = hidden.strip_prefix("samples-")?.split('.').next()?;
        Some(grid(step.parse().ok()?))
    };
    let files = [
        Some(LOG.into()),
        Some(EVENTS.into()),
        Some(PLOT.into()),
        Some(OPTIONS.into()),
        of_grid(),
    ];
    let mut found = files.into_iter().flatten().filter_map(|file: String| {
        let end = hidden.strip_prefix(&file)?.strip_prefix('.')?;
        Some((file.clone(), end.to_owned()))
    });
    let (file, end) = found.next()?;
    // Six letters and digits, drawn; a word, as `backup` is, is somebody's own.
    let drawn = end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match end.strip_suffix("tmp") {
        Some(_) => Some(Left::Of(file)),
        None if drawn && !end.bytes().all(|byte| byte.is_ascii_lowercase()) => Some(Left::Before),
        None => None,
    }
}
