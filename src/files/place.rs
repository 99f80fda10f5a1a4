//! The place where something is written: a file, behind all links, or a stream.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::vec::Vec;

use super::error::FileError;
use super::temporary::{self, Temporary};
use super::{faults, kind};

/// Links that are followed from one to the next.
const MOST_LINKS: usize = 40;

/// What the standard output is called, also by systems that have files for it.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// A place that can be written to. Two are equal where they are the same file, however they are spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A regular file, or none yet, by its one path without links.
    File(PathBuf),
    /// A pipe.
    Pipe(PathBuf),
    /// The standard output.
    Stdout,
}

impl Place {
    /// Finds the place that a path leads to; `-` is the standard output.
    ///
    /// # Errors
    /// [`FileError`] where it is a folder, a device or a socket, a file that is read-only, or a link in a circle.
    pub fn of(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        if STDOUT.iter().any(|name| path == Path::new(name)) {
            return Ok(Self::Stdout);
        }
        if is_folder_name(path) {
            let why = "a name that ends so is a folder's, not a file's";
            return Err(FileError::refused(path, io::ErrorKind::IsADirectory, why));
        }
        let refused = |kind, why| Err(FileError::refused(path, kind, why));
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                refused(io::ErrorKind::IsADirectory, "this is a folder, not a file")
            }
            Ok(about) if kind::is_pipe(about.file_type()) => Ok(Self::Pipe(path.into())),
            Ok(about) if !about.is_file() => refused(
                io::ErrorKind::InvalidInput,
                "this is a device or a socket, no file; - is the standard output",
            ),
            Ok(about) if about.permissions().readonly() => refused(
                io::ErrorKind::PermissionDenied,
                "this file is there already, and read-only",
            ),
            Ok(_) => {
                let canonical = path.canonicalize();
                canonical
                    .map(Self::File)
                    .map_err(FileError::of("writing", path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => follow(path).map(Self::File),
            Err(error) => Err(FileError::of("writing", path)(error)),
        }
    }

    /// The path of the file, where the place is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Pipe(_) | Self::Stdout => None,
        }
    }

    /// Tries whether the place can be written to, and leaves nothing behind; a stream is not tried, since
    /// opening one may wait for its reader.
    ///
    /// # Errors
    /// [`FileError`], as writing would give it.
    pub fn check(&self) -> Result<(), FileError> {
        match self {
            Self::File(path) => Temporary::beside(path).map(drop),
            Self::Pipe(_) | Self::Stdout => Ok(()),
        }
    }

    /// Removes what killed writers of a file have left, as the next writer of it does; what cannot be removed
    /// stays.
    pub fn remove_left(&self) {
        if let Some(path) = self.file() {
            temporary::remove_left(path);
        }
    }

    /// Writes to a stream all at once.
    pub(super) fn stream(&self, bytes: &[u8]) -> Result<(), FileError> {
        let send = |out: &mut dyn Write| {
            faults::point()?;
            out.write_all(bytes)?;
            out.flush()
        };
        match self {
            Self::File(path) | Self::Pipe(path) => fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut pipe| send(&mut pipe))
                .map_err(FileError::of("writing", path)),
            Self::Stdout => send(&mut io::stdout().lock())
                .map_err(FileError::of("writing", Path::new("the standard output"))),
        }
    }
}

/// Where a path leads that is not there yet: through links that lead nowhere, to a folder that is there.
fn follow(path: &Path) -> Result<PathBuf, FileError> {
    let mut place = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&place) else {
            let folder = parent(&place);
            if !folder.is_dir() {
                return Err(FileError {
                    action: "writing",
                    path: path.into(),
                    error: io::Error::new(
                        io::ErrorKind::NotFound,
                        std::format!("there is no folder {}", folder.display()),
                    ),
                });
            }
            let Some(name) = place.file_name() else {
                let kind = io::ErrorKind::InvalidInput;
                return Err(FileError::refused(
                    path,
                    kind,
                    "this is not the name of a file",
                ));
            };
            let folder = folder.canonicalize();
            let folder = folder.map_err(FileError::of("writing", path))?;
            return Ok(folder.join(name));
        };
        // A link that is not absolute begins in its own folder.
        place = parent(&place).join(next);
    }
    let kind = io::ErrorKind::InvalidInput;
    Err(FileError::refused(
        path,
        kind,
        "these links lead in a circle",
    ))
}

/// Whether a path is spelled as a folder's: `dir/`.
pub fn is_folder_name(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    let last = path.as_os_str().as_encoded_bytes().last();
    last.is_some_and(|&last| std::path::is_separator(last.into()))
}

/// The folder of a file.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// What is written to a stream is put together first.
pub(super) type Buffer = io::Cursor<Vec<u8>>;
