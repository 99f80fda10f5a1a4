//! The reasons why a data set was not opened, or an image of it not read.

use std::fmt;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use super::alpha::Alpha;
use super::contents::SUFFIXES;
use super::fault::Fault;
use super::kind::Kind;
use super::passed::Passed;
use crate::text::OneLine;
use crate::unet::Extents;

/// Why images were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataError {
    /// A share to hold out that leaves no image on one side.
    Split {
        /// The share of the images that was to be held out.
        share: String,
        /// The number of images that would be held out.
        held_out: usize,
        /// The number of images there are.
        examples: usize,
    },
    /// Something is wrong with a file.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The fault of the file.
        fault: Fault,
    },
    /// A folder without pictures, in it and in the folders within it.
    EmptyFolder {
        /// The path of the folder.
        path: PathBuf,
        /// The entries of the folder that were passed over.
        passed: Passed,
    },
    /// A file that is none of what data is read from.
    Unknown {
        /// The path of the file.
        path: PathBuf,
        /// The kind of file that it is.
        found: &'static str,
    },
    /// CIFAR-10 as Python's objects, not in its binary version.
    PythonCifar10 {
        /// The path of the folder, or of the file.
        path: PathBuf,
    },
    /// Options that were given, and have no effect on data that has extents of its own.
    NoEffect {
        /// The path of the data.
        path: PathBuf,
        /// The kind of the data.
        kind: Kind,
        /// The options, as whoever gave them calls them.
        options: Vec<String>,
    },
    /// A picture whose class is not told.
    Unclear {
        /// The path of the picture.
        path: PathBuf,
        /// The reason why its class is not told.
        why: Unclear,
    },
    /// A picture whose class is told by number, where others' are told by name.
    MixedClasses {
        /// The path of the picture.
        path: PathBuf,
        /// The name of its class.
        class: String,
    },
    /// A class that a network does not have.
    UnknownClass {
        /// The path of a picture of this class.
        path: PathBuf,
        /// The name of the class.
        class: String,
        /// The number of classes the network has.
        classes: usize,
        /// The names of the network's classes; empty where they have numbers alone.
        names: Vec<String>,
    },
    /// Images without classes, where a network has such.
    Unlabelled {
        /// The path of the data.
        path: PathBuf,
        /// The number of classes the network has.
        classes: usize,
    },
    /// Extents that pictures are not read as.
    Extents {
        /// The extents that were asked for.
        extents: Extents,
        /// The largest number of rows, and of columns.
        max: usize,
    },
    /// Transparency that cannot become this in images of so many channels.
    Alpha {
        /// What was to become of it.
        alpha: Alpha,
        /// The number of channels that images are to have.
        channels: usize,
    },
    /// What is to become of transparency, asked of data whose images have no alpha.
    Opaque {
        /// The path of the data.
        path: PathBuf,
        /// The kind of the data.
        kind: Kind,
        /// What was to become of it.
        alpha: Alpha,
    },
    /// Images in memory that are not what is said of them.
    Images(Fault),
    /// An image that a data set does not have.
    Index {
        /// The index that was asked for.
        index: usize,
        /// The number of images in the data set.
        len: usize,
    },
}

/// The reason why a picture's class is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unclear {
    /// The name of the picture has no part before a `_`, as other names have, or begins with one.
    Name,
    /// The name of the picture has no `_`, and it lies in no folder below the data's.
    Neither,
    /// No name has a `_`, and no picture lies in a folder below the data's: nothing tells of classes at all.
    Nothing,
    /// The folder of the picture is another than the first picture's, but all names begin alike before
    /// their `_`.
    Folders,
    /// The part of the path that would be the class is no text.
    Text,
}

/// Names of classes that an error lists.
const LISTED: usize = 20;

impl DataError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(Fault) -> Self {
        let path = path.into();
        |fault| Self::File { path, fault }
    }
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { fault, .. } | Self::Images(fault) => Some(fault),
            Self::EmptyFolder { .. }
            | Self::Unknown { .. }
            | Self::PythonCifar10 { .. }
            | Self::NoEffect { .. }
            | Self::Split { .. }
            | Self::Unclear { .. }
            | Self::MixedClasses { .. }
            | Self::UnknownClass { .. }
            | Self::Unlabelled { .. }
            | Self::Extents { .. }
            | Self::Alpha { .. }
            | Self::Opaque { .. }
            | Self::Index { .. } => None,
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. }
            | Self::EmptyFolder { path, .. }
            | Self::Unknown { path, .. }
            | Self::PythonCifar10 { path }
            | Self::Unclear { path, .. }
            | Self::MixedClasses { path, .. }
            | Self::UnknownClass { path, .. }
            | Self::Opaque { path, .. }
            | Self::Unlabelled { path, .. } => write!(f, "{}: ", path.display())?,
            Self::Split { .. }
            | Self::NoEffect { .. }
            | Self::Extents { .. }
            | Self::Alpha { .. }
            | Self::Images(_)
            | Self::Index { .. } => {}
        }
        match self {
            Self::File { fault, .. } | Self::Images(fault) => write!(f, "{fault}"),
            Self::Split {
                share,
                held_out,
                examples,
            } => write!(
                f,
                "a share of {share} holds out {held_out} of {examples} images, and some must be on either side: which \
                 they are follows from their pixels; a share within (0, 1), or more images"
            ),
            Self::EmptyFolder { passed, .. } => {
                f.write_str("no image in this folder or below it (")?;
                list(f, &SUFFIXES)?;
                f.write_str(" are read)")?;
                match passed.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; passed over: {passed}"),
                }
            }
            Self::Unknown { found, .. } => {
                write!(
                    f,
                    "is {found}; what is read: a folder of pictures, a picture ("
                )?;
                list(f, &SUFFIXES)?;
                f.write_str("), an .npz archive, CIFAR-10's folder or one of its .bin files")
            }
            Self::PythonCifar10 { .. } => f.write_str(
                "is CIFAR-10 for Python; its binary version is read: cifar-10-binary.tar.gz, \
                 unpacked (data_batch_1.bin to data_batch_5.bin)",
            ),
            Self::NoEffect {
                path,
                kind,
                options,
            } => write!(
                f,
                "{}: no effect on {}, {kind}, which has channels and sides of its own",
                options.join(", "),
                path.display()
            ),
            Self::Unclear { why, .. } => write!(
                f,
                "its class is not told: {why}; three ways to tell it: a sub-folder for each class \
                 (cat/1.png); the class before a _ in every name (cat_1.png); no classes, or an archive \
                 with labels"
            ),
            Self::MixedClasses { class, .. } => write!(
                f,
                "of class {class:?}, a number, where other pictures' classes are names: give all by \
                 number or all by name"
            ),
            Self::UnknownClass {
                class,
                classes,
                names,
                ..
            } => {
                let last = classes.saturating_sub(1);
                write!(
                    f,
                    "of class {class:?}, which is none of the network's: 0 to {last}"
                )?;
                if names.is_empty() {
                    return f.write_str(", which have no names");
                }
                f.write_str(", or ")?;
                list(f, names.get(..LISTED).unwrap_or(names))?;
                match names.len().saturating_sub(LISTED) {
                    0 => Ok(()),
                    others => write!(f, " and {others} more"),
                }
            }
            Self::Unlabelled { classes, .. } => write!(
                f,
                "its images have no classes, the network has {classes}: an archive has them as \
                 arr_1, a folder in its names"
            ),
            Self::Extents { extents, max } => write!(
                f,
                "pictures are not read as {} channels of {}x{}: 1, 3 or 4 channels, sides of 1 to {max}",
                extents.channels, extents.width, extents.height
            ),
            Self::Alpha { alpha, channels } => {
                let plural = if *channels == 1 { "" } else { "s" };
                write!(
                    f,
                    "alpha {alpha}: images are to have {channels} channel{plural}, "
                )?;
                f.write_str(match alpha {
                    Alpha::Keep => "and have 4 where it is kept",
                    Alpha::Over(_) if *channels == 1 => "and are grey over a grey ground alone",
                    Alpha::Over(_) => "and have 3, or 1, where it is not kept",
                })
            }
            Self::Opaque { kind, alpha, .. } => write!(
                f,
                "alpha {alpha}: no effect on {kind} whose images have no alpha"
            ),
            Self::Index { index, len } => write!(f, "image {index} of a data set of {len}"),
        }
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "no class stands before a _ in its name, as in others'",
            Self::Neither => "its name has no _, and it lies in no sub-folder",
            Self::Nothing => "no name has a _, and there is no sub-folder",
            Self::Folders => {
                "it lies in another sub-folder than the first picture, but all names begin alike \
                 before their _"
            }
            Self::Text => "what would name it is not UTF-8",
        })
    }
}

/// Words with commas between them.
fn list(f: &mut fmt::Formatter<'_>, words: &[impl AsRef<str>]) -> fmt::Result {
    for (at, word) in words.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(f, "{comma}{}", OneLine(word.as_ref()))?;
    }
    Ok(())
}
