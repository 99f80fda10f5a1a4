//! Files that are written whole or not at all, folders that have one writer, and what each can fail by.
//!
//! A file is written beside its place, under another name, synced, and then takes that place: a reader, or a
//! machine that loses power, finds the old file or the new one. [`write_whole`] does all of it, as does
//! [`write_bytes`] of what is in memory; [`Place`] says beforehand whether it can.
//!
//! ```
//! use std::io::Write;
//! use iddpm::files::{write_bytes, write_whole};
//! # let folder = std::env::temp_dir();
//! let path = folder.join("iddpm-doc-example.txt");
//! write_bytes(&path, b"old")?;
//! // Whatever fails in there, the old file is still there.
//! write_whole(&path, |file| {
//!     file.write_all(b"who")?;
//!     file.write_all(b"le")?;
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! assert_eq!(std::fs::read(&path)?, b"whole");
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - A link stays a link: what it leads to is written. A file keeps its mode, and its owner where that can be.
//! - A pipe, and `-` for the standard output, are written to; devices, sockets and folders are refused.
//! - Writers of one file at a time do not disturb each other: the last to finish is the one that is read. What
//!   a killed one has left, the next one takes over; where it cannot be told which file has a name, as on
//!   systems that are not like Unix, it stays there.
//! - A folder has one writer ([`FolderLock`]), and for the files of one run it is new or empty
//!   ([`FreshFolder`]).

use std::io::Write;
use std::path::Path;

mod error;
#[doc(hidden)]
pub mod faults;
mod folder;
mod fresh;
#[cfg_attr(unix, path = "kind_unix.rs")]
#[cfg_attr(not(unix), path = "kind_other.rs")]
mod kind;
mod naming;
mod place;
pub(crate) mod regular;
mod temporary;
mod whole;

pub use error::FileError;
pub use folder::{
    FolderLock, create_folder, remove_empty_folder, remove_file, remove_folder, rename, sync_folder,
};
pub use fresh::FreshFolder;
pub use naming::Naming;
pub use place::{Place, is_folder_name};
pub use regular::{read_bytes, read_text};
pub use whole::{Writer, write_whole};

/// Writes a file of these bytes, whole or not at all, as [`write_whole`] does it.
///
/// # Errors
/// [`FileError`]. The file is then as it was.
pub fn write_bytes(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), FileError> {
    let path = path.as_ref();
    write_whole(path, |file| {
        file.write_all(bytes)
            .map_err(FileError::of("writing", path))
    })
}
