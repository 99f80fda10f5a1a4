//! The faults that a file of images can have.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use crate::memory::MemoryError;
use crate::unet::Extents;

/// The fault of a file of images.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The system refused to read the file.
    Io {
        /// The system's reason.
        reason: String,
    },
    /// A device, a pipe or a socket, where a file is read.
    NotRegular,
    /// A file longer than any of its kind.
    TooLong {
        /// The length of the file in bytes.
        bytes: u64,
        /// The largest number of bytes that are read.
        max: u64,
    },
    /// A file that is no picture, a broken one, one that ends too early, or one too large to be decoded.
    Undecodable {
        /// The decoder's reason.
        reason: String,
    },
    /// A picture in colour where grey images are read: its channels would have to be mixed.
    Colour {
        /// The column of the first pixel that is not grey.
        x: u32,
        /// The row of the first pixel that is not grey.
        y: u32,
    },
    /// A file that is no archive, a broken one, or one compressed in an unknown way.
    Archive {
        /// The reason of the archive's reader.
        reason: String,
    },
    /// An archive that lacks an array.
    MissingArray {
        /// The name of the array.
        name: &'static str,
        /// The names of the arrays that are there, as many as are told.
        found: Vec<String>,
    },
    /// An array whose header is not that of one.
    ArrayHeader {
        /// The name of the array.
        name: &'static str,
        /// The reason why the header is refused.
        reason: &'static str,
    },
    /// An array of another type of numbers.
    ArrayType {
        /// The name of the array.
        name: &'static str,
        /// The type of its numbers as NumPy writes it.
        found: String,
        /// The type that is read.
        expected: &'static str,
    },
    /// An array that does not have the axes it must have.
    ArrayShape {
        /// The name of the array.
        name: &'static str,
        /// The shape of the array.
        shape: Vec<u64>,
        /// The shape that it must have.
        expected: &'static str,
    },
    /// An array whose first axis varies fastest.
    ArrayOrder {
        /// The name of the array.
        name: &'static str,
    },
    /// Images whose channels are an axis before their rows and columns.
    ChannelsFirst {
        /// The name of the array.
        name: &'static str,
        /// The shape of the array.
        shape: Vec<u64>,
    },
    /// Images of other extents than those asked for.
    Extents {
        /// The extents of the images.
        found: Extents,
        /// The extents that were asked for.
        expected: Extents,
    },
    /// Images with more rows or columns than any that are read.
    Sides {
        /// The extents of the images.
        found: Extents,
        /// The largest number of rows, and of columns.
        max: usize,
    },
    /// An array that holds more or fewer numbers than its shape says.
    ArrayLength {
        /// The name of the array.
        name: &'static str,
        /// The shape of the array.
        shape: Vec<u64>,
    },
    /// Labels that are more or fewer than the images.
    LabelCount {
        /// The number of labels.
        labels: u64,
        /// The number of images.
        images: u64,
    },
    /// Names of classes that are more or fewer than the classes.
    NameCount {
        /// The number of names.
        names: u64,
        /// The number of classes.
        classes: u64,
    },
    /// A label that is no number of a class.
    Label {
        /// The image that has the label.
        index: usize,
        /// The label that was found.
        label: i64,
        /// One past the largest label.
        classes: u64,
    },
    /// A file that does not hold a whole number of images.
    Length {
        /// The length of the file in bytes.
        bytes: u64,
        /// The length of one image in bytes, its label included.
        record: u64,
    },
    /// The images do not fit into memory.
    Memory(MemoryError),
}

impl std::error::Error for Fault {}

impl From<MemoryError> for Fault {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        use std::string::ToString;
        let reason = error.to_string();
        Self::Io { reason }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { reason } => f.write_str(reason),
            Self::NotRegular => f.write_str("is a device, a pipe or a socket; a file is read"),
            Self::TooLong { bytes, max } => {
                write!(
                    f,
                    "{bytes} bytes, but at most {max} of such a file are read"
                )
            }
            Self::Undecodable { reason } => write!(f, "cannot be decoded as a picture: {reason}"),
            Self::Colour { x, y } => write!(
                f,
                "in colour (first at column {x}, row {y}), where grey images are read"
            ),
            Self::Archive { reason } => write!(f, "no npz archive that can be read: {reason}"),
            Self::MissingArray { name, found } => {
                write!(f, "no array {name} in the archive, which holds ")?;
                match found.as_slice() {
                    [] => f.write_str("none"),
                    found => f.write_str(&found.join(", ")),
                }?;
                f.write_str("; numpy.savez(file, images, labels) names them arr_0 and arr_1")
            }
            Self::ArrayHeader { name, reason } => write!(f, "array {name}: {reason}"),
            Self::ArrayType {
                name,
                found,
                expected,
            } => {
                let called = if *expected == "<i8" { "int64" } else { "uint8" };
                write!(
                    f,
                    "array {name} is of type {found}, not {expected} ({called})"
                )
            }
            Self::ArrayShape {
                name,
                shape,
                expected,
            } => write!(f, "array {name} has the shape {shape:?}, not {expected}"),
            Self::ArrayOrder { name } => write!(
                f,
                "array {name} is in Fortran's order; numpy.ascontiguousarray makes it one that is read"
            ),
            Self::ChannelsFirst { name, shape } => write!(
                f,
                "array {name} has the shape {shape:?}: this looks like [N, C, H, W], but images are \
                 read as [N, H, W, C], which {name}.transpose(0, 2, 3, 1) makes of it"
            ),
            Self::Extents { found, expected } => {
                write!(
                    f,
                    "its images are {}, not {}",
                    Shown(found),
                    Shown(expected)
                )
            }
            Self::Sides { found, max } => {
                write!(f, "its images are {}; sides are 1 to {max}", Shown(found))
            }
            Self::ArrayLength { name, shape } => {
                write!(
                    f,
                    "array {name} does not end where its shape {shape:?} ends"
                )
            }
            Self::LabelCount { labels, images } => write!(f, "{labels} labels for {images} images"),
            Self::NameCount { names, classes } => write!(f, "{names} names for {classes} classes"),
            Self::Label {
                index,
                label,
                classes,
            } => write!(
                f,
                "image {index} has the label {label}; labels are 0 to {}",
                classes.saturating_sub(1)
            ),
            Self::Length { bytes, record: 0 } => write!(
                f,
                "{bytes} bytes, of images that are of no bytes or of more than can be counted"
            ),
            Self::Length { bytes, record } => {
                write!(f, "{bytes} bytes, not whole images of {record} bytes")
            }
            Self::Memory(error) => error.fmt(f),
        }
    }
}

/// Extents as text: `32x16, 3 channels`.
pub(super) struct Shown<'a>(pub(super) &'a Extents);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Extents {
            channels,
            height,
            width,
        } = self.0;
        let plural = if *channels == 1 { "" } else { "s" };
        write!(f, "{width}x{height}, {channels} channel{plural}")
    }
}
