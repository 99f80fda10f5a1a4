//! The listing of a folder: which pictures it holds, and the class of each.

use std::ffi::OsStr;
use std::format;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

use walkdir::{DirEntry, Error, WalkDir};

use super::classes::Named;
use super::contents::SUFFIXES;
use super::error::DataError;
use super::fault::Fault;
use super::passed::Passed;

/// The listing of the pictures of a folder and of all folders within it, in the order of the public
/// implementation: the entries of a folder sorted by name, files and folders mixed, each folder walked in
/// its place.
///
/// A picture is a file whose name ends in `.png`, `.jpg`, `.jpeg`, `.gif`, `.webp` or `.bmp`, in upper or
/// lower case. Links are followed. Whatever else there is has been [`passed`](Self::passed) over.
///
/// A picture's class is what stands before the first `_` of its name, where every name has such a part
/// (`cat_1.png`). Else it is the first folder below this one that the picture lies in, where every picture lies
/// in such a folder (`cat/1.png`, `cat/old_1.png`). Anything else is refused, since it would be guessed: a folder
/// alone some of whose names have a `_`, and several whose names all begin alike (`cat/IMG_1.png`, `dog/IMG_2.png`).
/// Classes are numbered in the order of their names: as numbers if all are whole numbers, else as text.
///
/// The public implementation lists WebP and BMP files not at all, hidden files and what a Mac adds to an
/// archive (`__MACOSX`) as pictures, and a folder whose name ends like a picture's as one. It ends at a link
/// to nothing, takes a whole name without `_` for a class of its own, never a folder, and numbers classes
/// in the order of text, where 10 comes before 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    root: PathBuf,
    files: Vec<PathBuf>,
    named: Option<Named>,
    passed: Passed,
}

impl Listing {
    /// Lists the pictures of a folder, and tells every one's class.
    ///
    /// # Errors
    /// [`DataError::Unclear`] for the first picture whose class is not told; those of
    /// [`unlabelled`](Self::unlabelled).
    pub fn of(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let listing = Self::unlabelled(folder)?;
        let named = Named::of(&listing.root, &listing.files)?;
        Ok(Self {
            named: Some(named),
            ..listing
        })
    }

    /// Lists the pictures of a folder without classes.
    ///
    /// # Errors
    /// [`DataError::EmptyFolder`]; [`DataError::File`] naming the folder or entry that cannot be read.
    pub fn unlabelled(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let root = folder.as_ref().to_path_buf();
        let (files, passed) = walk(&root)?;
        if files.is_empty() {
            let path = root;
            return Err(DataError::EmptyFolder { path, passed });
        }
        Ok(Self {
            root,
            files,
            named: None,
            passed,
        })
    }

    /// What a folder holds, pictures too, as passed over.
    pub(super) fn everything(folder: &Path) -> Result<Passed, DataError> {
        let (files, mut passed) = walk(folder)?;
        for file in files {
            // A path without a name ends in no suffix.
            let suffix = suffix(file.file_name().unwrap_or_default());
            *passed.suffixes.entry(suffix).or_default() += 1;
        }
        Ok(passed)
    }

    /// One picture, with the class that its name tells where it is `labelled`.
    pub(super) fn one(picture: &Path, labelled: bool) -> Result<Self, DataError> {
        let root = picture.parent().unwrap_or(picture).to_path_buf();
        let files = Vec::from([picture.to_path_buf()]);
        let named = labelled.then(|| Named::of(&root, &files)).transpose()?;
        Ok(Self {
            root,
            files,
            named,
            passed: Passed::default(),
        })
    }

    /// The paths of the pictures; there is at least one.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The class of each picture, a place in [`classes`](Self::classes); empty where they have no classes.
    pub fn labels(&self) -> &[u32] {
        self.named.as_ref().map_or(&[], |named| &named.labels)
    }

    /// The names of the classes, in order.
    pub fn classes(&self) -> &[String] {
        self.named.as_ref().map_or(&[], |named| &named.classes)
    }

    /// The other entries of the folder, which were passed over.
    pub const fn passed(&self) -> &Passed {
        &self.passed
    }

    pub(super) const fn named(&self) -> Option<&Named> {
        self.named.as_ref()
    }

    /// A picture's path below the folder, the same text on every system.
    pub(super) fn below(&self, file: &Path) -> Vec<u8> {
        let below = file.strip_prefix(&self.root).unwrap_or(file);
        let parts = below.iter().map(OsStr::as_encoded_bytes);
        parts.collect::<Vec<_>>().join(&b'/')
    }
}

/// The pictures of a folder, and what else there is.
fn walk(root: &Path) -> Result<(Vec<PathBuf>, Passed), DataError> {
    let (mut files, mut passed) = (Vec::new(), Passed::default());
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
    let mut walk = walk.into_iter();
    while let Some(entry) = walk.next() {
        let below = entry.as_ref().map_or_else(Error::depth, DirEntry::depth) > 0;
        let path = entry
            .as_ref()
            .map_or_else(Error::path, |entry| Some(entry.path()));
        if below && path.is_some_and(is_hidden) {
            passed.hidden += 1;
            if entry.is_ok_and(|entry| entry.file_type().is_dir()) {
                walk.skip_current_dir();
            }
            continue;
        }
        match entry {
            Ok(entry) => place(entry, &mut files, &mut passed),
            Err(error) => pass_link(&error, root, &mut passed)?,
        }
    }
    Ok((files, passed))
}

/// Whether it is somebody's notes to a program, not data.
fn is_hidden(path: &Path) -> bool {
    // A path without a name is nobody's notes.
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let left = [&b"__MACOSX"[..], b"Thumbs.db", b"desktop.ini"];
    name.starts_with(b".") || left.contains(&name)
}

/// Puts an entry where it belongs.
fn place(entry: DirEntry, files: &mut Vec<PathBuf>, passed: &mut Passed) {
    let kind = entry.file_type();
    let suffix = suffix(entry.file_name());
    if kind.is_dir() {
    } else if !kind.is_file() {
        passed.special += 1;
    } else if SUFFIXES.contains(&suffix.as_str()) {
        files.push(entry.into_path());
    } else {
        *passed.suffixes.entry(suffix).or_default() += 1;
    }
}

/// What a name ends in, from its last dot on, in lower case; nothing where that is no suffix.
fn suffix(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    match name.rsplit_once('.') {
        Some((_, word)) if (1..=16).contains(&word.len()) && word.chars().all(is_word) => {
            format!(".{}", word.to_lowercase())
        }
        _ => String::new(),
    }
}

/// What Linux, and what macOS and the BSDs, say of links that lead to each other (`ELOOP`).
const LOOPED: [i32; 2] = [40, 62];

/// Counts a link that leads nowhere, or back; any other error is one.
fn pass_link(error: &Error, root: &Path, passed: &mut Passed) -> Result<(), DataError> {
    let path = error.path().unwrap_or(root);
    let reason = error.io_error();
    let lost = |kind| reason.is_some_and(|reason| reason.kind() == kind);
    let is_link = error.depth() > 0 && path.is_symlink();
    let looped = reason.and_then(io::Error::raw_os_error);
    let looped = looped.is_some_and(|code| LOOPED.contains(&code));
    if is_link && (error.loop_ancestor().is_some() || looped) {
        passed.circles += 1;
    } else if is_link && (lost(ErrorKind::NotFound) || lost(ErrorKind::NotADirectory)) {
        passed.dangling += 1;
    } else {
        let reason = reason.map_or_else(|| error.to_string(), ToString::to_string);
        return Err(DataError::file(path)(Fault::Io { reason }));
    }
    Ok(())
}
