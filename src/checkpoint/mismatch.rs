//! The differences between a file's tensors and a network's parameters, in words.

use alloc::string::String;
use core::fmt;

use super::shown::{Listed, Shown};

/// The differences between the tensors of a file and the parameters of a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// The prefix that every name was taken to begin with; empty for nothing.
    pub prefix: String,
    /// The number of parameters of the network.
    pub parameters: usize,
    /// The parameters that the file does not have.
    pub missing: Listed,
    /// The tensors of the file that the network does not have.
    pub extra: Listed,
    /// The tensors that have another shape than in the network.
    pub shapes: Listed,
    /// The tensors of the network whose numbers are of a type that is not read.
    pub types: Listed,
    /// The prefix, other than the one asked for, behind which all of the network is there.
    pub whole_behind: Option<String>,
}

impl Mismatch {
    pub(super) fn is_none(&self) -> bool {
        let of = [&self.missing, &self.extra, &self.shapes, &self.types];
        of.iter().all(|listed| listed.count == 0)
    }

    /// Whether all of the network is there, and something else beside it.
    fn has_all_and_more(&self) -> bool {
        self.missing.count == 0 && self.shapes.count == 0 && self.extra.count > 0
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tensors are not those of the network")?;
        if !self.prefix.is_empty() {
            write!(f, " behind the prefix `{}`", Shown(&self.prefix))?;
        }
        let of = self.parameters;
        let parts = [
            (
                &self.missing,
                format_args!("{} of {of} missing", self.missing.count),
            ),
            (&self.extra, format_args!("{} not of it", self.extra.count)),
            (
                &self.shapes,
                format_args!("{} of another shape", self.shapes.count),
            ),
            (
                &self.types,
                format_args!(
                    "{} of a type other than F32, F16 and BF16",
                    self.types.count
                ),
            ),
        ];
        let found = parts.into_iter().filter(|(listed, _)| listed.count > 0);
        for (at, (listed, words)) in found.enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{words} ({listed})")?;
        }
        if self.has_all_and_more() && !self.prefix.is_empty() {
            let prefix = Shown(&self.prefix);
            write!(
                f,
                "; `convert --prefix {prefix}` leaves out what is without it"
            )
        } else if let Some(prefix) = &self.whole_behind {
            let prefix = Shown(prefix);
            write!(f, "; all of them are there behind `{prefix}`")
        } else if self.missing.count + self.extra.count + self.shapes.count > 0 {
            f.write_str("; the file is of another network, or of one with other options")
        } else {
            Ok(())
        }
    }
}
