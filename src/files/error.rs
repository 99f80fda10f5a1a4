//! The error of an operation on a file or folder.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or folder was not written, moved or removed.
#[derive(Debug)]
pub struct FileError {
    /// The action that failed, as in "writing".
    pub action: &'static str,
    /// The path of the file or folder.
    pub path: PathBuf,
    /// The system's reason.
    pub error: io::Error,
}

impl FileError {
    /// For `map_err`: the error of doing this to that path.
    pub(crate) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self {
            action,
            path: path.into(),
            error,
        }
    }

    /// A refusal of our own.
    pub(super) fn refused(path: &Path, kind: io::ErrorKind, why: &'static str) -> Self {
        Self {
            action: "writing",
            path: path.into(),
            error: io::Error::new(kind, why),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_os_str().is_empty() {
            true => write!(f, "{} \"\": {}", self.action, self.error),
            false => write!(f, "{} {}: {}", self.action, self.path.display(), self.error),
        }
    }
}
