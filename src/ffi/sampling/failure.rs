//! Why a call without a heap failed, in as few bytes as tell it: the sentence is made where it is asked for.

use core::fmt;

use heapless::String;

use super::evaluating::Fault;
use crate::diffusion::Error;
use crate::ffi::bad_pointer::BadPointer;
use crate::ffi::result::{iddpm_result, of_diffusion};
use crate::text::OneLine;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ffi) enum Why {
    Pointer(BadPointer),
    /// A text is no UTF-8.
    NotUtf8 {
        word: &'static str,
        valid_up_to: usize,
    },
    /// A text is not one that its option can be.
    Option {
        word: &'static str,
        text: Beginning,
        error: Error,
    },
    /// A flag that is neither 0 nor 1.
    Flag {
        word: &'static str,
        value: u32,
    },
    Diffusion(Error),
    Network(Fault),
    /// All steps were taken.
    AtEnd {
        evaluations: u32,
    },
    /// A step left numbers that are not finite in x or the history.
    Spent,
}

impl Why {
    pub(in crate::ffi) fn result(&self) -> iddpm_result {
        match self {
            Self::Pointer(_) | Self::NotUtf8 { .. } | Self::Option { .. } | Self::Flag { .. } => {
                iddpm_result::IDDPM_ARGUMENT
            }
            Self::Diffusion(error) => of_diffusion(error),
            Self::Network(fault) => fault.result(),
            Self::AtEnd { .. } | Self::Spent => iddpm_result::IDDPM_ENDED,
        }
    }
}

impl From<BadPointer> for Why {
    fn from(bad: BadPointer) -> Self {
        Self::Pointer(bad)
    }
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::Diffusion(error)
    }
}

impl From<Fault> for Why {
    fn from(fault: Fault) -> Self {
        Self::Network(fault)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(bad) => write!(f, "{bad}"),
            Self::NotUtf8 { word, valid_up_to } => {
                write!(f, "{word}: it is no UTF-8 from byte {valid_up_to} on")
            }
            Self::Option { word, text, error } if text.is_empty() => {
                write!(f, "{word} \"\": {error}")
            }
            Self::Option { word, text, error } => {
                write!(f, "{word} {}: {error}", OneLine(text))
            }
            Self::Flag { word, value } => write!(f, "{word} {value}: it is 0 or 1"),
            Self::Diffusion(error) => write!(f, "{error}"),
            Self::Network(fault) => write!(f, "{fault}"),
            Self::AtEnd { evaluations } => {
                write!(f, "sampler: all {evaluations} steps of the run were taken")
            }
            Self::Spent => f.write_str(
                "sampler: a step failed at a number that is not finite, and x is spent: begin anew, or resume",
            ),
        }
    }
}

/// What is remembered of a text: all of it, or its beginning and an ellipsis.
pub(in crate::ffi) type Beginning = String<36>;

/// The beginning of a text.
pub(in crate::ffi) fn beginning(text: &str) -> Beginning {
    let mut kept = Beginning::new();
    for letter in text.chars() {
        // As long as there is room for an ellipsis behind it.
        if kept.len() + letter.len_utf8() + '…'.len_utf8() > kept.capacity() {
            let _ = kept.push('…');
            break;
        }
        let _ = kept.push(letter);
    }
    kept
}
