//! What can be wrong with images in files.

use std::fmt;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use crate::unet::Extents;

/// Why images were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataError {
    /// Something is wrong with a file.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// No image in a folder, nor in the folders within it.
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Pictures are not read as images of such extents.
    Extents {
        /// Those asked for.
        extents: Extents,
        /// Most rows, and most columns.
        max: usize,
    },
    /// Images in memory that are not what is said of them.
    Images(Fault),
    /// An image that a data set does not have.
    Index {
        /// The index.
        index: usize,
        /// Images in the data set.
        len: usize,
    },
}

impl DataError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(Fault) -> Self {
        let path = path.into();
        |fault| Self::File { path, fault }
    }
}

/// What can be wrong with a file of images.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The system refused to read it.
    Io {
        /// The system's reason.
        reason: String,
    },
    /// No picture, a broken one, or one too large to be decoded.
    Undecodable {
        /// The decoder's reason.
        reason: String,
    },
    /// A picture in colour where grey images are read: its channels would have to be mixed.
    Colour {
        /// Column of the first pixel that is not grey.
        x: u32,
        /// Its row.
        y: u32,
    },
    /// No archive, a broken one, or one compressed in an unknown way.
    Archive {
        /// The reason.
        reason: String,
    },
    /// An archive without an array.
    MissingArray {
        /// The array.
        name: &'static str,
    },
    /// An array whose head is not that of one.
    ArrayHeader {
        /// The array.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An array of another type of numbers.
    ArrayType {
        /// The array.
        name: &'static str,
        /// Its type as NumPy writes it.
        found: String,
        /// The type that is read.
        expected: &'static str,
    },
    /// An array that does not have the axes it must have.
    ArrayShape {
        /// The array.
        name: &'static str,
        /// Its shape.
        shape: Vec<u64>,
        /// What it must be.
        expected: &'static str,
    },
    /// An array that holds more or fewer numbers than its shape says.
    ArrayLength {
        /// The array.
        name: &'static str,
        /// Its shape.
        shape: Vec<u64>,
    },
    /// As many labels as there are images, or none.
    LabelCount {
        /// Labels.
        labels: u64,
        /// Images.
        images: u64,
    },
    /// A label that is none of the classes.
    Label {
        /// Which image has it.
        index: usize,
        /// The label.
        label: i64,
        /// One past the largest label.
        classes: u64,
    },
    /// Not a whole number of images.
    Length {
        /// Bytes there are.
        bytes: u64,
        /// Bytes of one image, its label included.
        record: u64,
    },
    /// The images do not fit into memory.
    Memory {
        /// Bytes asked for.
        bytes: u64,
    },
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { fault, .. } | Self::Images(fault) => Some(fault),
            Self::EmptyFolder { .. } | Self::Extents { .. } | Self::Index { .. } => None,
        }
    }
}

impl std::error::Error for Fault {}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        use std::string::ToString;
        let reason = error.to_string();
        Self::Io { reason }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, fault } => write!(f, "{}: {fault}", path.display()),
            Self::EmptyFolder { path } => write!(f, "{}: no image in this folder", path.display()),
            Self::Extents { extents, max } => write!(
                f,
                "pictures are not read as {} channels of {}x{}: 1 or 3 channels, sides of 1 to {max}",
                extents.channels, extents.width, extents.height
            ),
            Self::Images(fault) => write!(f, "{fault}"),
            Self::Index { index, len } => write!(f, "image {index} of a data set of {len}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { reason } => f.write_str(reason),
            Self::Undecodable { reason } => write!(f, "cannot be decoded as a picture: {reason}"),
            Self::Colour { x, y } => write!(
                f,
                "in colour (first at column {x}, row {y}), where grey images are read"
            ),
            Self::Archive { reason } => write!(f, "cannot be read as an npz archive: {reason}"),
            Self::MissingArray { name } => write!(f, "no array {name} in the archive"),
            Self::ArrayHeader { name, reason } => write!(f, "array {name}: {reason}"),
            Self::ArrayType {
                name,
                found,
                expected,
            } => write!(f, "array {name} is of type {found}, not {expected}"),
            Self::ArrayShape {
                name,
                shape,
                expected,
            } => write!(f, "array {name} has the shape {shape:?}, not {expected}"),
            Self::ArrayLength { name, shape } => {
                write!(
                    f,
                    "array {name} does not end where its shape {shape:?} ends"
                )
            }
            Self::LabelCount { labels, images } => write!(f, "{labels} labels for {images} images"),
            Self::Label {
                index,
                label,
                classes,
            } => write!(
                f,
                "image {index} has the label {label}, not one of 0..{classes}"
            ),
            Self::Length { bytes, record } => {
                write!(
                    f,
                    "{bytes} bytes, not a multiple of the {record} of an image"
                )
            }
            Self::Memory { bytes } => write!(f, "no memory for {bytes} bytes of images"),
        }
    }
}
