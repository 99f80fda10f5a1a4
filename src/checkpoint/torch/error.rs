//! Why a file of PyTorch is not read.

use core::fmt;
use std::string::String;

use crate::checkpoint::shown::Shown;

/// Why a file of PyTorch is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TorchError {
    /// The archive is damaged.
    Archive {
        /// The reason of the archive's reader.
        reason: String,
    },
    /// An entry is not there.
    Missing {
        /// The name of the entry.
        entry: String,
    },
    /// An entry is compressed, which `torch.save` does not do.
    Compressed {
        /// The name of the entry.
        entry: String,
    },
    /// An entry is longer than any of its kind.
    TooLong {
        /// The name of the entry.
        entry: String,
        /// The length of the entry in bytes.
        bytes: u64,
        /// The greatest length that is read.
        max: u64,
    },
    /// The numbers were written by a machine with the other order of bytes.
    ByteOrder,
    /// The pickle has an instruction that no state dict is written with, or ends before it is done.
    Instruction {
        /// The instruction, or what it lacks.
        what: &'static str,
        /// The number of the instruction; `None` where the pickle has ended.
        code: Option<u8>,
        /// The place of the instruction in the pickle, in bytes.
        at: usize,
    },
    /// The pickle names something to be called that no state dict is written with. It was not called.
    Call {
        /// What it names, as `module.name`.
        name: String,
    },
    /// A tensor is not as `torch.save` writes those of a state dict.
    Tensor {
        /// The name of the tensor.
        name: String,
        /// What is wrong with the tensor.
        reason: String,
    },
    /// There is more of something than any state dict has.
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The most that are read.
        max: usize,
    },
    /// The pickle is of something else than a state dict.
    NotAStateDict,
}

impl fmt::Display for TorchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is a file of PyTorch ")?;
        match self {
            Self::Archive { reason } => write!(f, "that is not read: {reason}"),
            Self::Missing { entry } => write!(f, "that has no {}", Shown(entry)),
            Self::Compressed { entry } => write!(
                f,
                "whose {} is compressed, which torch.save does not do: save it again",
                Shown(entry)
            ),
            Self::TooLong { entry, bytes, max } => write!(
                f,
                "whose {} has {bytes} bytes, at most {max} are read",
                Shown(entry)
            ),
            Self::ByteOrder => f.write_str(
                "with the bytes of big-endian numbers: save it again on a machine with the other order",
            ),
            Self::Instruction {
                what,
                code: Some(code),
                at,
            } => write!(
                f,
                "whose pickle has {what} at byte {at} (instruction 0x{code:02x}), with which no state dict is \
                 written: save the state dict alone, torch.save(model.state_dict(), \"model.pt\")"
            ),
            Self::Instruction {
                what,
                code: None,
                at,
            } => write!(f, "whose pickle ends at byte {at}, before {what}"),
            Self::Call { name } => write!(
                f,
                "whose pickle would call {}, which no state dict needs; it was not called: save the state dict \
                 alone, torch.save(model.state_dict(), \"model.pt\")",
                Shown(name)
            ),
            Self::Tensor { name, reason } => write!(f, "whose tensor {} {reason}", Shown(name)),
            Self::TooMany { what, max } => write!(f, "with more than {max} {what}"),
            Self::NotAStateDict => f.write_str(
                "that holds no state dict: save one, torch.save(model.state_dict(), \"model.pt\")",
            ),
        }
    }
}

impl core::error::Error for TorchError {}
