//! The kinds of data that are read.

use core::fmt;

/// The kind of data that images are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A folder of pictures.
    Folder,
    /// One picture.
    Picture,
    /// An archive of arrays, as NumPy writes it.
    Archive,
    /// The batches of CIFAR-10.
    Cifar10,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "a folder of pictures",
            Self::Picture => "a picture",
            Self::Archive => "an archive",
            Self::Cifar10 => "CIFAR-10",
        })
    }
}
