//! Files that are written whole or not at all, folders that have one writer, and what each can fail by.
//!
//! A file is written beside its place, under another name, synced, and then takes that place: a reader, or a
//! machine that loses power, finds the old file or the new one. [`write_whole`] does all of it, [`Place`] says
//! beforehand whether it can.
//!
//! ```
//! use std::io::Write;
//! use iddpm::files::{FileError, write_whole};
//! # let folder = std::env::temp_dir();
//! let path = folder.join("iddpm-doc-example.txt");
//! write_whole(&path, |file| {
//!     // What fails here is told with the file's name; the old file is then still there.
//!     let _ = file.write_all(b"whole");
//!     Ok::<(), FileError>(())
//! })?;
//! assert_eq!(std::fs::read(&path).unwrap(), b"whole");
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), FileError>(())
//! ```
//!
//! - A link stays a link: what it leads to is written. A file keeps its mode, and its owner where that can be.
//! - A pipe, and `-` for the standard output, are written to; devices, sockets and folders are refused.
//! - Writers of one file at a time do not disturb each other: the last to finish is the one that is read. What
//!   a killed one has left, the next one takes over; where it cannot be told which file has a name, as on
//!   systems that are not like Unix, it stays there.
//! - A folder has one writer ([`FolderLock`]), and for the files of one run it is new or empty
//!   ([`FreshFolder`]).

mod error;
pub mod faults;
mod folder;
mod fresh;
#[cfg_attr(unix, path = "kind_unix.rs")]
#[cfg_attr(not(unix), path = "kind_other.rs")]
mod kind;
mod place;
#[cfg(any(feature = "checkpoint", feature = "data"))]
pub(crate) mod regular;
mod temporary;
mod whole;

pub use error::FileError;
pub use folder::{FolderLock, create_folder, remove_file, remove_folder, rename, sync_folder};
pub use fresh::FreshFolder;
pub use place::Place;
pub use whole::{Writer, write_whole};
