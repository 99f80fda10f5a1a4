//! The kind and the owner of a file, on systems like Unix.

use std::fs::{File, FileType, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt, fchown};
use std::path::Path;

/// Whether it is a pipe with a name.
pub(super) fn is_pipe(kind: FileType) -> bool {
    kind.is_fifo()
}

/// Whether [`is_at`] tells one file from another.
pub(super) const TELLS: bool = true;

/// Whether an open file is still the one that has this name.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), path.symlink_metadata()) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// Gives a file to the owner of another, where that is allowed; otherwise it is the writer's, as any new file.
pub(super) fn give(file: &File, like: &Metadata) {
    let same = file
        .metadata()
        .is_ok_and(|now| (now.uid(), now.gid()) == (like.uid(), like.gid()));
    if !same {
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    }
}
