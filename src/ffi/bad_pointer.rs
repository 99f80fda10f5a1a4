//! What is wrong with a pointer that a caller gave, as far as it can be seen.

use core::fmt;

/// What is wrong with a pointer, and which argument it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadPointer {
    pub(super) word: &'static str,
    pub(super) fault: Fault,
}

/// What is wrong with a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Null,
    NotAligned {
        address: usize,
        align: usize,
    },
    /// More bytes than memory can have.
    TooLong {
        bytes: usize,
    },
    /// What it leads to is none of ours, or none any more.
    Foreign {
        address: usize,
        why: &'static str,
    },
    /// What is written lies within what is read, or within what else is written.
    Overlaps {
        other: &'static str,
    },
}

impl fmt::Display for BadPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word;
        match self.fault {
            Fault::Null => write!(f, "{word} NULL: it must lead somewhere"),
            Fault::NotAligned { address, align } => {
                write!(f, "{word} {address:#x}: it is not aligned to {align} bytes")
            }
            Fault::TooLong { bytes } => {
                let most = isize::MAX;
                write!(f, "{word} {bytes} bytes: memory has at most {most}")
            }
            Fault::Foreign { address, why } => write!(f, "{word} {address:#x}: {why}"),
            Fault::Overlaps { other } => {
                write!(
                    f,
                    "{word}: it lies where {other} does, and must be apart from it"
                )
            }
        }
    }
}
