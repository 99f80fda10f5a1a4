//! The kind and the owner of a file, on systems that do not tell.

use std::fs::{File, FileType, Metadata};
use std::path::Path;

/// Whether it is a pipe with a name.
pub(super) fn is_pipe(_: FileType) -> bool {
    false
}

/// Whether [`is_at`] tells one file from another.
pub(super) const TELLS: bool = false;

/// Whether there is still a file of this name. It may be another than the open one, whose name can have been
/// let go of meanwhile, and taken by somebody else.
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Gives a file to the owner of another.
pub(super) fn give(_: &File, _: &Metadata) {}
