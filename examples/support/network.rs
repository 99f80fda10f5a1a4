//! The network that `--checkpoint` names.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use iddpm::checkpoint::{Checkpoint, WeightType, locate};

use super::program::Failure;

/// Opens it, and says what is to be said of it; and which file it was.
pub(crate) fn open(
    path: &Path,
    precision: WeightType,
    say: impl Fn(&dyn Display) -> Result<(), Failure>,
) -> Result<(PathBuf, Checkpoint), Failure> {
    let failed = |error| format!("--checkpoint: {error}");
    let located = locate(path).map_err(failed)?;
    let checkpoint = Checkpoint::open(&located.path, precision).map_err(failed)?;
    if let Some(note) = &located.note {
        say(note)?;
    }
    if let Some(note) = checkpoint.note() {
        say(&format_args!("{}: {note}", located.path.display()))?;
    }
    Ok((located.path, checkpoint))
}
